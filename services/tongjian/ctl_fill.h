// Requests from words: "order.patient.name=张三".
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace tongjian::program {

// Sets the field at `path` (names joined by '.', '-' and '_' alike). A repeated field gets one more
// element; one of messages is entered with an index ("items.0.item_id"), which may be one past the
// last. Enums take the value's name with or without its prefix, in any case; timestamps RFC 3339 or
// "now"; durations "30s". INVALID_ARGUMENT names the field and what it takes.
absl::Status SetField(google::protobuf::Message& message, std::string_view path,
                      std::string_view value);

// Merges a JSON object into the message.
absl::Status MergeJson(google::protobuf::Message& message, std::string_view json);

}  // namespace tongjian::program
