#include "common/runtime/routes.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace tongjian::runtime {

absl::Status Routes::Open(const std::vector<std::string>& here,
                          const std::vector<std::string>& remote,
                          const security::CredentialFiles& files) {
  here_.insert(here.begin(), here.end());
  for (const std::string& entry : remote) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0 ||
        entry.find(':', equals) == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("remote: \"", entry, "\" is not name=host:port"));
    }
    TJ_ASSIGN_OR_RETURN(remote_[entry.substr(0, equals)],
                        rpc::OpenChannel({.address = entry.substr(equals + 1), .files = files}));
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> Routes::To(const std::string& service) {
  if (const auto found = remote_.find(service); found != remote_.end()) return found->second;
  if (!here_.contains(service)) return nullptr;
  const std::lock_guard lock(mutex_);
  if (inside_ == nullptr) inside_ = host_.InProcessChannel();
  return inside_;
}

}  // namespace tongjian::runtime
