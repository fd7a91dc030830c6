#include "common/runtime/layout.h"

#include "absl/strings/str_cat.h"

namespace tongjian::runtime {
namespace {

std::string Join(std::string_view state, std::string_view folder, std::string_view name = {}) {
  std::string path = absl::StrCat(std::string(state), "/", std::string(folder));
  if (!name.empty()) absl::StrAppend(&path, "/", std::string(name));
  return path;
}

}  // namespace

std::string DatabaseDirectory(std::string_view state) { return Join(state, "db"); }
std::string DatabaseFile(std::string_view state, std::string_view service) {
  return Join(state, "db", service) + ".db";
}
std::string BlobDirectory(std::string_view state, std::string_view service) {
  return Join(state, "blobs", service);
}
std::string ServiceDirectory(std::string_view state, std::string_view service) {
  return Join(state, "files", service);
}
std::string KeysDirectory(std::string_view state) { return Join(state, "keys"); }
std::string PortsFile(std::string_view state) { return Join(state, "ports.json"); }

}  // namespace tongjian::runtime
