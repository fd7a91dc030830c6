#include "services/edge/link.h"

#include <chrono>

#include "common/base/status.h"
#include "common/telemetry/log.h"

namespace tongjian::edge {
namespace {

constexpr absl::Duration kReconnectMax = absl::Seconds(3);
constexpr std::chrono::milliseconds kLook(200);

}  // namespace

absl::StatusOr<std::unique_ptr<Link>> Link::Open(const LinkOptions& options,
                                                 const base::Clock& clock) {
  std::unique_ptr<Link> link(new Link(clock));
  const rpc::ChannelOptions channel = {.address = options.address,
                                       .files = options.files,
                                       .server_name = options.server_name,
                                       .plaintext = options.plaintext,
                                       .reconnect_max = kReconnectMax};
  TJ_ASSIGN_OR_RETURN(link->calls_, rpc::OpenChannel(channel));
  TJ_ASSIGN_OR_RETURN(link->routine_, rpc::OpenChannel(channel));
  TJ_ASSIGN_OR_RETURN(link->urgent_, rpc::OpenChannel(channel));
  return link;
}

Link::~Link() { Stop(); }

void Link::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Watch(); });
}

void Link::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Link::Watch() {
  while (!stopping_) {
    const grpc_connectivity_state state = calls_->GetState(true);
    urgent_->GetState(true);  // An emergency finds its connection made.
    if (state == GRPC_CHANNEL_READY) {
      const std::lock_guard lock(mutex_);
      last_contact_ = clock_.Now();
    }
    // An idle connection was closed by agreement and comes back with the next call.
    const bool now = state == GRPC_CHANNEL_READY || (state == GRPC_CHANNEL_IDLE && reachable_);
    const bool before = reachable_;
    if (now && !before) {
      const std::lock_guard lock(mutex_);
      returned_ = clock_.Elapsed();
    }
    reachable_ = now;
    if (now != before) {
      telemetry::Log(telemetry::Level::kInfo, now ? "hub_reachable" : "hub_away");
    }
    if (now && !before) {
      for (const auto& notice : notices_) notice();
    }
    calls_->WaitForStateChange(state, std::chrono::system_clock::now() + kLook);
  }
}

bool Link::reachable_for(absl::Duration time) const {
  const std::lock_guard lock(mutex_);
  return reachable_ && clock_.Elapsed() - returned_ >= time;
}

absl::Time Link::last_contact() const {
  const std::lock_guard lock(mutex_);
  return last_contact_;
}

absl::Status Link::Unreachable() {
  return base::Unavailable("HUB_UNREACHABLE",
                           "the hub cannot be reached from this gateway now; nothing was changed");
}

absl::Status Link::Explain(const absl::Status& status) {
  const bool away = absl::IsUnavailable(status) && base::DetailOf(status).reason.empty();
  return away ? Unreachable() : status;
}

}  // namespace tongjian::edge
