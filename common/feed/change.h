// Changes as they stand in the outbox and on the wire.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/store/event.h"
#include "tongjian/events/v1/feed.pb.h"

namespace tongjian::feed {

// The event of a change, for Transaction::Emit. `stream`: a service has one, named as itself
// ("orders"). `change`: a message of tongjian.events.v1, whose full name becomes the type. `key`:
// the id of what changed. `audiences`: facility ids, or store::kEverybody; none: services only.
//   tx.Emit(feed::MakeEvent("orders", order.id, audiences, changed));
store::Event MakeEvent(std::string_view stream, std::string_view key,
                       std::vector<std::string> audiences, const google::protobuf::Message& change);

// The same on the wire, and back.
events::v1::Event ToWire(const store::Event& event, std::string_view cursor);
store::Event FromWire(const events::v1::Event& event);

// The full name of the change's message: "tongjian.events.v1.OrderChanged".
std::string_view TypeOf(const events::v1::Event& event);

// Whether the change is a T, and its content.
//   if (auto changed = feed::As<events::v1::OrderChanged>(event)) ...
template <class T>
std::optional<T> As(const events::v1::Event& event) {
  T change;
  if (!event.change().UnpackTo(&change)) return std::nullopt;
  return change;
}

}  // namespace tongjian::feed
