// What certificates say, remembered: a connection shows the same one on every call, and reading it
// takes half a millisecond.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "common/security/tls.h"

namespace tongjian::rpc {

// Safe for concurrent use. Holds only what ParsePeer makes of the text, never whether it is to be
// believed: expiry and revocation are for the caller to look at on each call.
class PeerCache {
 public:
  // The certificate's identity; ParsePeer's error, which is not kept.
  absl::StatusOr<security::PeerIdentity> Read(const std::string& certificate_pem);

 private:
  static constexpr size_t kCertificatesMax = 4096;  // Beyond these all are forgotten.

  std::mutex mutex_;
  std::unordered_map<std::string, security::PeerIdentity> known_;
};

}  // namespace tongjian::rpc
