// The program `tongjian`: one binary, many commands.
#include <malloc.h>

#include <cstdio>
#include <string>
#include <vector>

#include "services/tongjian/command.h"
#include "services/tongjian/signals.h"

namespace {

using tongjian::program::Arguments;
using tongjian::program::Command;

// A new command: its function in command.h, its file, its line here.
const std::vector<Command> kCommands = {
    {"serve", "Run the hub's services", tongjian::program::Serve},
    {"edge", "Run or enroll a clinic's gateway", tongjian::program::Edge},
    {"ca", "Make and use a private certificate authority", tongjian::program::Ca},
    {"ctl", "Drive a hub or gateway as a person", tongjian::program::Ctl},
    {"audit", "Verify and export the trail on the hub's files", tongjian::program::Audit},
    {"backup", "Back up a state directory, also of a running hub", tongjian::program::Backup},
    {"restore", "Make a state directory from a backup", tongjian::program::Restore},
    {"version", "Say which version this is", tongjian::program::Version},
};

int Usage(FILE* out) {
  std::fprintf(out, "usage: tongjian <command> [options]\n\n");
  for (const Command& command : kCommands) {
    std::fprintf(out, "  %-8s  %s\n", command.name.c_str(), command.help.c_str());
  }
  std::fprintf(out, "\ntongjian <command> --help says more.\n");
  return out == stdout ? 0 : 2;
}

// Each arena keeps what its threads have freed, and a large upload passes through many threads: with
// the default of eight for each processor a hub grew by 185 MB under one object.
constexpr int kArenas = 4;

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_ARENA_MAX, kArenas);
  tongjian::program::IgnoreBrokenPipes();
  const Arguments arguments(argv + 1, argv + argc);
  if (arguments.empty()) return Usage(stderr);
  if (arguments[0] == "help" || arguments[0] == "--help") return Usage(stdout);
  for (const Command& command : kCommands) {
    if (command.name == arguments[0])
      return command.run(Arguments(arguments.begin() + 1, arguments.end()));
  }
  std::fprintf(stderr, "tongjian: there is no command \"%s\"\n", arguments[0].c_str());
  return Usage(stderr);
}
