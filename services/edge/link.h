// The gateway's connections to the hub.
#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/rpc/channel.h"

namespace tongjian::edge {

struct LinkOptions {
  std::string address;  // "hub.example:7443".
  std::string server_name;
  security::CredentialFiles files;
  bool plaintext = false;  // Tests over loopback.
};

// One connection for calls and feeds, one for routine and one for urgent uploads: bulk on one holds
// up no other. Watches whether the hub can be reached, without calls. Safe for concurrent use;
// `clock` must outlive it.
class Link {
 public:
  static absl::StatusOr<std::unique_ptr<Link>> Open(const LinkOptions& options,
                                                    const base::Clock& clock);
  ~Link();  // Stops.

  void Start();
  void Stop();

  bool reachable() const { return reachable_.load(); }
  // Whether it could be reached for so long without a break.
  bool reachable_for(absl::Duration time) const;
  // When the hub last could be reached; InfinitePast for never.
  absl::Time last_contact() const;
  // Called on a thread of the link each time it comes back; set before Start.
  void OnReturn(std::function<void()> notice) { notices_.push_back(std::move(notice)); }

  const std::shared_ptr<grpc::Channel>& calls() const { return calls_; }
  const std::shared_ptr<grpc::Channel>& routine() const { return routine_; }
  const std::shared_ptr<grpc::Channel>& urgent() const { return urgent_; }
  rpc::ChannelSource Calls() const {
    return [channel = calls_] { return channel; };
  }

  // "The hub can't be reached now; nothing was changed."
  static absl::Status Unreachable();
  // A status of a forwarded call: UNAVAILABLE gets the reason HUB_UNREACHABLE.
  static absl::Status Explain(const absl::Status& status);

 private:
  explicit Link(const base::Clock& clock) : clock_(clock) {}
  void Watch();

  const base::Clock& clock_;
  std::shared_ptr<grpc::Channel> calls_;
  std::shared_ptr<grpc::Channel> routine_;
  std::shared_ptr<grpc::Channel> urgent_;
  std::vector<std::function<void()>> notices_;
  std::atomic<bool> reachable_{false};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  absl::Time last_contact_ = absl::InfinitePast();
  absl::Duration returned_ = absl::InfiniteDuration();  // Elapsed time of the last return.
  std::thread thread_;
};

}  // namespace tongjian::edge
