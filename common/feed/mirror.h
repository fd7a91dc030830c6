// A projection of another service's feed: the latest snapshot of each thing, durable and in memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/feed/follower.h"

namespace google::protobuf {
class Message;
}

namespace tongjian::feed {

// Hot services keep one of the registry instead of asking it on each call. It answers from memory,
// and after a restart from its own table before the feed is back. Reading is safe for concurrent
// use; Start and Stop from one thread.
//   const auto changed = mirror_.Find<events::v1::FacilityChanged>(facility_id);
//   if (changed != nullptr) Use(changed->facility().name());
class Mirror {
 public:
  using Changed = std::function<absl::Status(store::Transaction&, const events::v1::Event&)>;

  // Loads what is kept. `types`: the messages of tongjian.events.v1 to keep ("FacilityChanged");
  // others are passed over. All of them are held in memory: name no type that grows with patients.
  // `changed` may be null; else it runs in the transaction of every event of the feed, kept or not,
  // under the rules of Follower::Handler.
  static absl::StatusOr<std::unique_ptr<Mirror>> Open(
      FollowerOptions options, std::vector<std::string> types, rpc::ChannelSource channel,
      rpc::OutgoingIdentity identity, store::Database& database, telemetry::Registry& metrics,
      Changed changed = nullptr);
  ~Mirror();

  void Start();
  void Stop();
  absl::StatusOr<int> RunOnce();
  absl::Status CatchUp();

  // The latest change of that key; null when there is none. The message lives as long as it is
  // held.
  template <class T>
  std::shared_ptr<const T> Find(std::string_view key) const {
    return std::static_pointer_cast<const T>(FindMessage(T::descriptor()->full_name(), key));
  }
  // Every thing of a type in the order of keys; `visit` returns false to stop. It works on a copy
  // of the list, so visiting may take its time.
  template <class T>
  void ForEach(const std::function<bool(const std::string& key, const T&)>& visit) const {
    for (const auto& [key, message] : All(T::descriptor()->full_name())) {
      if (!visit(key, static_cast<const T&>(*message))) return;
    }
  }
  // Tells of every thing of a type, now and after each change of it (on the follower's thread).
  // Before Start, once a type.
  template <class T>
  void Listen(std::function<void(const T&)> told) {
    ListenTo(T::descriptor()->full_name(),
             [told = std::move(told)](const google::protobuf::Message& message) {
               told(static_cast<const T&>(message));
             });
  }
  size_t size() const;
  // Rises with each change of what is held, after it can be read: for those who keep something
  // derived.
  int64_t revision() const;

 private:
  using MessagePtr = std::shared_ptr<const google::protobuf::Message>;
  void ListenTo(const std::string& type,
                std::function<void(const google::protobuf::Message&)> told);
  MessagePtr FindMessage(std::string_view type, std::string_view key) const;
  std::vector<std::pair<std::string, MessagePtr>> All(std::string_view type) const;

  class Impl;
  explicit Mirror(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::feed
