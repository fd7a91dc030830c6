#include "common/web/router.h"

#include <algorithm>
#include <utility>

namespace tongjian::web {
namespace {

constexpr char kPart[] = "{}";
constexpr char kRest[] = "{*}";

// Without the slash at the beginning and one at the end.
std::vector<std::string> PartsOf(std::string_view path) {
  std::vector<std::string> parts;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

bool Fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
          std::vector<std::string>* arguments) {
  arguments->clear();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == kRest) {
      std::string rest;
      for (size_t at = i; at < path.size(); ++at) rest += (at == i ? "" : "/") + path[at];
      arguments->push_back(std::move(rest));
      return path.size() > i;
    }
    if (i >= path.size()) return false;
    if (pattern[i] == kPart) {
      arguments->push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return pattern.size() == path.size();
}

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, Server::Handler handler) {
  routes_.push_back({std::string(method), PartsOf(pattern), std::move(handler)});
}

const Server::Handler* Router::Find(std::string_view method, std::string_view path,
                                    std::vector<std::string>* arguments, bool* other_method) const {
  const std::vector<std::string> parts = PartsOf(path);
  *other_method = false;
  for (const Route& route : routes_) {
    if (!Fits(route.parts, parts, arguments)) continue;
    if (route.method == method) return &route.handler;
    *other_method = true;
  }
  return nullptr;
}

}  // namespace tongjian::web
