// How services find one another. Internal to common/runtime.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/channel.h"
#include "common/rpc/host.h"
#include "common/security/tls.h"

namespace tongjian::runtime {

// Services that run here are reached through the in-process channel, the others at their address.
// Open first, then safe for concurrent use; `host` must outlive it.
class Routes {
 public:
  explicit Routes(rpc::ServerHost& host) : host_(host) {}

  // `here`: names of the modules of this process; `remote`: "name=host:port". INVALID_ARGUMENT for
  // another form.
  absl::Status Open(const std::vector<std::string>& here, const std::vector<std::string>& remote,
                    const security::CredentialFiles& files);

  // Null for a service that is neither here nor elsewhere, and for one here before the host has
  // started.
  std::shared_ptr<grpc::Channel> To(const std::string& service);

 private:
  rpc::ServerHost& host_;
  std::set<std::string, std::less<>> here_;
  std::map<std::string, std::shared_ptr<grpc::Channel>, std::less<>> remote_;
  std::mutex mutex_;
  std::shared_ptr<grpc::Channel> inside_;
};

}  // namespace tongjian::runtime
