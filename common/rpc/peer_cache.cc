#include "common/rpc/peer_cache.h"

#include "common/base/status.h"

namespace tongjian::rpc {

absl::StatusOr<security::PeerIdentity> PeerCache::Read(const std::string& certificate_pem) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(certificate_pem); found != known_.end())
      return found->second;
  }
  TJ_ASSIGN_OR_RETURN(security::PeerIdentity peer, security::ParsePeer(certificate_pem));
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kCertificatesMax) known_.clear();
  known_.insert_or_assign(certificate_pem, peer);
  return peer;
}

}  // namespace tongjian::rpc
