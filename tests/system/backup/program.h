// Programs run by a test.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace tongjian::testing {

using Words = std::vector<std::string>;

// How a program ended and what it wrote on both outputs.
struct Outcome {
  int status = -1;  // Exit status as a shell gives it; -1 when it could not be started.
  std::string output;
};

// Runs `command` to its end; its output goes through the file `log`.
Outcome Run(const Words& command, const std::string& log);

// A server that runs until Stop. Not safe for concurrent use.
class Server {
 public:
  // Started and ready: it has printed its line {"event":"ready", ...}. Null with its output in
  // `why`.
  static std::unique_ptr<Server> Start(const Words& command, const std::string& log,
                                       std::string* why);
  ~Server();  // Stops.

  // The port of that name in the ready line: "rpc", "dicom".
  int Port(const std::string& name) const;
  // SIGTERM; its exit status.
  int Stop();

 private:
  Server(pid_t pid, std::string ready) : pid_(pid), ready_(std::move(ready)) {}

  pid_t pid_;
  const std::string ready_;
};

}  // namespace tongjian::testing
