// What `tongjian <name> ...` does.
#pragma once

#include <string>
#include <vector>

namespace tongjian::program {

using Arguments = std::vector<std::string>;

// One line of the table of commands. `run` gets what follows the name and returns the exit status:
// 0 done, 1 failed (it has said why on standard error), 2 called wrongly.
struct Command {
  std::string name;
  std::string help;
  int (*run)(const Arguments& arguments);
};

// One file each: <name>_command.cc.
int Serve(const Arguments& arguments);
int Edge(const Arguments& arguments);
int Ca(const Arguments& arguments);
int Ctl(const Arguments& arguments);
int Audit(const Arguments& arguments);
int Backup(const Arguments& arguments);
int Restore(const Arguments& arguments);
int Version(const Arguments& arguments);

}  // namespace tongjian::program
