// Which handler a path belongs to. Internal to common/web.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/web/server.h"

namespace tongjian::web {

// Filled before it is asked; safe for concurrent use after that.
class Router {
 public:
  void Add(std::string_view method, std::string_view pattern, Server::Handler handler);
  // Null where none fits; then `other_method` tells whether another method would have.
  const Server::Handler* Find(std::string_view method, std::string_view path,
                              std::vector<std::string>* arguments, bool* other_method) const;
  bool empty() const { return routes_.empty(); }

 private:
  struct Route {
    std::string method;
    std::vector<std::string> parts;
    Server::Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace tongjian::web
