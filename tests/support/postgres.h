// A private PostgreSQL server for a test program.
#pragma once

#include <memory>
#include <string>

namespace tongjian::testing {

// Started when first asked for, once a program, in a temporary folder: no TCP, one Unix socket. It
// ends with the program, however that ends (as root; else a crash leaves it). Runs as user postgres
// when the tests run as root, since the server refuses to be root.
class Postgres {
 public:
  // The server, or null when it cannot be had: then why() says so and the test is to be skipped
  // with it.
  static Postgres* Get();
  static const std::string& why();

  // A database of this server as a libpq URL, by default the one that is always there: quick, for
  // tests that each use a schema of their own.
  std::string Url(const std::string& database = "postgres") const;
  // The URL of a new, empty database; making it takes most of a second.
  std::string NewDatabase();
  // Ends all connections of clients, as a restart of the server does.
  void DropConnections();

  ~Postgres();

 private:
  Postgres() = default;
  bool Start(std::string& why);
  bool Run(const std::string& sql);

  std::string folder_;
  int pid_ = 0;
  int databases_ = 0;
};

}  // namespace tongjian::testing
