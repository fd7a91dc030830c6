#include "tests/system/backup/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

extern char** environ;

namespace tongjian::testing {
namespace {

constexpr int kStartTries = 1200;  // 50 ms each

// Both outputs into the new file `log`; 0 when it cannot be started.
pid_t Spawn(const Words& command, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = 0;
  const int result = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return result == 0 ? pid : 0;
}

// As a shell gives it: 128 and the signal's number for a program that was killed.
int ExitStatus(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Outcome Run(const Words& command, const std::string& log) {
  Outcome outcome;
  const pid_t pid = Spawn(command, log);
  int status = 0;
  if (pid != 0 && waitpid(pid, &status, 0) == pid) outcome.status = ExitStatus(status);
  outcome.output = Content(log);
  return outcome;
}

std::unique_ptr<Server> Server::Start(const Words& command, const std::string& log,
                                      std::string* why) {
  const pid_t pid = Spawn(command, log);
  for (int i = 0; pid != 0 && i < kStartTries; ++i) {
    const std::string output = Content(log);
    const size_t ready = output.find("{\"event\":\"ready\"");
    if (ready != std::string::npos && output.find('\n', ready) != std::string::npos) {
      return std::unique_ptr<Server>(new Server(pid, output.substr(ready)));
    }
    if (int status = 0; waitpid(pid, &status, WNOHANG) == pid) {
      *why = output;
      return nullptr;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // Its only sign is that line.
  }
  if (pid != 0) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  *why = "it did not get ready: " + Content(log);
  return nullptr;
}

Server::~Server() { Stop(); }

int Server::Port(const std::string& name) const {
  const size_t at = ready_.find("\"" + name + "\":");
  return at == std::string::npos ? 0 : std::atoi(ready_.c_str() + at + name.size() + 3);
}

int Server::Stop() {
  if (pid_ == 0) return 0;
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return ExitStatus(status);
}

}  // namespace tongjian::testing
