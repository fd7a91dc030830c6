#include "tests/wire/imaging/tools.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "common/dicom/scan.h"

extern char** environ;

namespace tongjian::imaging {
namespace {

// 0 when it cannot be started. Output goes to `fd`.
int Spawn(const std::vector<std::string>& argv, int fd) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string nodelay = "TCP_NODELAY=1";
  std::vector<char*> environment = {nodelay.data()};
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fd, 1);
  posix_spawn_file_actions_adddup2(&actions, fd, 2);
  pid_t pid = 0;
  const int failed =
      posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? pid : 0;
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

bool HasTool(const std::string& name) { return access(("/usr/bin/" + name).c_str(), X_OK) == 0; }

ToolResult RunTool(const std::vector<std::string>& argv) {
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) return {};
  const int pid = Spawn(argv, out[1]);
  close(out[1]);
  ToolResult result;
  char buffer[4096];
  for (ssize_t got; (got = read(out[0], buffer, sizeof buffer)) > 0;) {
    result.output.append(buffer, static_cast<size_t>(got));
  }
  close(out[0]);
  int status = 0;
  if (pid != 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
    result.exit_code = WEXITSTATUS(status);
  return result;
}

BackgroundTool::BackgroundTool(const std::vector<std::string>& argv) {
  const int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
  pid_ = Spawn(argv, quiet);
  close(quiet);
}

BackgroundTool::~BackgroundTool() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  uint16_t port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(fd);
  return port;
}

bool AwaitPort(uint16_t port) {
  for (int tries = 0; tries < 500; ++tries) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(port);
    const bool open = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (open) return true;
    std::this_thread::sleep_for(
        std::chrono::milliseconds(20));  // Its only sign is that it answers.
  }
  return false;
}

std::string ReadWhole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string DatasetOf(const std::string& file) {
  dicom::FileScanner scanner;
  if (!scanner.Push(file).ok() || !scanner.Finish().ok()) return file;
  return file.substr(scanner.header().dataset_offset);
}

std::filesystem::path DicomTestData() {
  if (const char* path = std::getenv("TONGJIAN_TEST_DATA"))
    return std::filesystem::path(path) / "dicom";
  return std::filesystem::path(__FILE__).parent_path() / "../../../../shared/data/dicom";
}

}  // namespace tongjian::imaging
