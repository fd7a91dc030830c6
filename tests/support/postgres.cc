#include "tests/support/postgres.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace tongjian::testing {
namespace {

namespace fs = std::filesystem;

constexpr char kBinaries[] = "/usr/lib/postgresql/15/bin";
constexpr int kStartTries = 300;  // 50 ms each

struct Shared {
  std::unique_ptr<Postgres> server;
  std::string why;
};

// The command as user postgres when we are root. `--pdeathsig` ends a server whose test program was
// killed.
std::vector<std::string> AsPostgres(std::vector<std::string> command, bool lives_with_us) {
  if (geteuid() != 0) return command;
  std::vector<std::string> full = {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres",
                                   "--init-groups"};
  if (lives_with_us) full.push_back("--pdeathsig=QUIT");
  full.push_back("--");
  full.insert(full.end(), command.begin(), command.end());
  return full;
}

// Starts a program with its output in `log`; 0 when that fails.
int Spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = 0;
  const int result = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return result == 0 ? pid : 0;
}

bool Succeeds(const std::vector<std::string>& command, const std::string& log) {
  const int pid = Spawn(command, log);
  int status = 0;
  return pid != 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

std::string Tool(const char* name) { return absl::StrCat(kBinaries, "/", name); }

// Its data does not outlive the program, so the server need not sync it.
Shared& TheServer() {
  static Shared shared;
  return shared;
}

}  // namespace

Postgres* Postgres::Get() {
  Shared& shared = TheServer();
  if (shared.server == nullptr && shared.why.empty()) {
    std::unique_ptr<Postgres> server(new Postgres);
    if (server->Start(shared.why)) shared.server = std::move(server);
  }
  return shared.server.get();
}

const std::string& Postgres::why() { return TheServer().why; }

bool Postgres::Start(std::string& why) {
  if (access(Tool("postgres").c_str(), X_OK) != 0) {
    why = absl::StrCat("no PostgreSQL server in ", kBinaries);
    return false;
  }
  char name[] = "/tmp/tongjian-pg-XXXXXX";
  if (mkdtemp(name) == nullptr) {
    why = "no temporary folder for PostgreSQL";
    return false;
  }
  folder_ = name;
  const struct passwd* user = getpwnam("postgres");
  if (geteuid() == 0 && (user == nullptr || chown(name, user->pw_uid, user->pw_gid) != 0)) {
    why = "no user postgres to run the server as";
    return false;
  }
  const std::string data = folder_ + "/data";
  const std::string log = folder_ + "/log";
  if (!Succeeds(AsPostgres({Tool("initdb"), "-D", data, "-U", "tongjian", "-A", "trust",
                            "--encoding=UTF8", "--locale=C", "--no-sync"},
                           false),
                log)) {
    why = absl::StrCat("initdb failed");
    return false;
  }
  pid_ = Spawn(AsPostgres({Tool("postgres"), "-D", data, "-k", folder_, "-c",
                           "listen_addresses=", "-c", "max_connections=200", "-c", "fsync=off"},
                          true),
               log);
  for (int i = 0; pid_ != 0 && i < kStartTries; ++i) {
    if (Run("select 1")) return true;
    std::this_thread::sleep_for(
        std::chrono::milliseconds(50));  // Its only sign is that it answers.
  }
  why = "the PostgreSQL server did not start";
  return false;
}

bool Postgres::Run(const std::string& sql) {
  return Succeeds(
      {"/usr/bin/psql", "-X", "-q", "-h", folder_, "-U", "tongjian", "-d", "postgres", "-c", sql},
      folder_ + "/psql.log");
}

std::string Postgres::Url(const std::string& database) const {
  return absl::StrCat("postgresql:///", database, "?host=", folder_, "&user=tongjian");
}

std::string Postgres::NewDatabase() {
  const std::string name = absl::StrCat("test_", ++databases_);
  if (!Run(absl::StrCat("create database ", name))) abort();
  return Url(name);
}

void Postgres::DropConnections() {
  if (!Run("select pg_terminate_backend(pid) from pg_stat_activity "
           "where pid <> pg_backend_pid() and backend_type = 'client backend'")) {
    abort();
  }
}

Postgres::~Postgres() {
  if (pid_ != 0) {
    kill(pid_, SIGQUIT);  // at once: nothing of it is kept
    waitpid(pid_, nullptr, 0);
  }
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

}  // namespace tongjian::testing
