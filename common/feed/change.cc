#include "common/feed/change.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"

namespace tongjian::feed {
namespace {

constexpr std::string_view kTypeUrlPrefix = "type.googleapis.com/";

}  // namespace

store::Event MakeEvent(std::string_view stream, std::string_view key,
                       std::vector<std::string> audiences,
                       const google::protobuf::Message& change) {
  store::Event event;
  event.stream = std::string(stream);
  event.type = change.GetDescriptor()->full_name();
  event.key = std::string(key);
  event.audiences = std::move(audiences);
  event.payload = change.SerializeAsString();
  return event;
}

events::v1::Event ToWire(const store::Event& event, std::string_view cursor) {
  events::v1::Event wire;
  wire.set_cursor(std::string(cursor));
  wire.set_key(event.key);
  *wire.mutable_time() = rpc::ToProto(event.time);
  wire.mutable_change()->set_type_url(std::string(kTypeUrlPrefix) + event.type);
  wire.mutable_change()->set_value(event.payload);
  return wire;
}

store::Event FromWire(const events::v1::Event& event) {
  store::Event stored;
  stored.type = std::string(TypeOf(event));
  stored.key = event.key();
  stored.payload = event.change().value();
  stored.time = rpc::FromProto(event.time());
  return stored;
}

std::string_view TypeOf(const events::v1::Event& event) {
  std::string_view url = event.change().type_url();
  const size_t slash = url.rfind('/');
  return slash == std::string_view::npos ? url : url.substr(slash + 1);
}

}  // namespace tongjian::feed
