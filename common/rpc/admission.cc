#include "common/rpc/admission.h"

#include <utility>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/turns.h"

namespace tongjian::rpc {

Admission::Admission(Load& load, std::string_view peer, bool stream)
    : load_(load), peer_(peer), stream_(stream) {}

Admission::~Admission() { load_.Leave(peer_, stream_); }

void Admission::Hold(std::unique_ptr<Turn> turn) { turn_ = std::move(turn); }

absl::StatusOr<std::unique_ptr<Admission>> Load::Admit(std::string_view peer, bool stream) {
  const int64_t all_max = stream ? limits_.stream_max : limits_.unary_max;
  const int64_t peer_max = stream ? limits_.stream_per_peer_max : limits_.unary_per_peer_max;
  {
    const std::lock_guard lock(mutex_);
    Side& side = sides_[stream];
    const auto found = side.by_peer.find(peer);
    const int64_t of_peer = found == side.by_peer.end() ? 0 : found->second;
    if (of_peer >= peer_max || side.all >= all_max) {
      return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                         of_peer >= peer_max ? "too many calls at once from this caller"
                                             : "too many calls at once");
    }
    ++side.all;
    ++side.by_peer[std::string(peer)];
  }
  return std::make_unique<Admission>(*this, peer, stream);
}

void Load::Leave(const std::string& peer, bool stream) {
  const std::lock_guard lock(mutex_);
  Side& side = sides_[stream];
  const auto found = side.by_peer.find(peer);
  TJ_CHECK(found != side.by_peer.end() && side.all > 0);
  --side.all;
  if (--found->second == 0) side.by_peer.erase(found);
}

int64_t Load::running(bool stream) const {
  const std::lock_guard lock(mutex_);
  return sides_[stream].all;
}

}  // namespace tongjian::rpc
