#include "common/runtime/exposure.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace tongjian::runtime {
namespace {

bool IsLoopback(const std::string& address) {
  return address == "localhost" || address == "::1" ||
         (absl::StartsWith(address, "127.") &&
          address.find_first_not_of("0123456789.") == std::string::npos);
}

bool IsLoopbackBlock(const std::string& block) {
  return IsLoopback(block.substr(0, block.find('/')));
}

absl::Status CheckPort(const char* section, const std::string& address,
                       const std::vector<std::string>& peers, const char* remedy) {
  if (IsLoopback(address)) return absl::OkStatus();
  const auto refuse = [&](const char* why) {
    return absl::FailedPreconditionError(
        absl::StrCat(section, ".address = ", address, " is beyond loopback without TLS, and ",
                     section, ".peers ", why, ": name the addresses that may connect", remedy));
  };
  if (std::all_of(peers.begin(), peers.end(), IsLoopbackBlock)) return refuse("names nobody there");
  if (std::any_of(peers.begin(), peers.end(),
                  [](const std::string& block) { return absl::EndsWith(block, "/0"); })) {
    return refuse("names everybody");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckExposure(const ProcessOptions& options) {
  if (options.dicom_port >= 0 && !options.dicom_tls) {
    TJ_TRY(CheckPort("dicom", options.dicom_address, options.dicom_peers, ", or set dicom.tls"));
  }
  if (options.web_port >= 0 && !options.web_tls) {
    TJ_TRY(CheckPort("web", options.web_address, options.web_peers, ", or set web.tls"));
  }
  if (options.admin_port >= 0) {
    TJ_TRY(CheckPort("admin", options.admin_address, options.admin_peers, ""));
  }
  return absl::OkStatus();
}

}  // namespace tongjian::runtime
