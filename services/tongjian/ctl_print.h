// Responses for people and for scripts.
#pragma once

#include <string>
#include <vector>

namespace google::protobuf {
class Message;
}

namespace tongjian::program {

// One JSON object, field names as in the protos, on one line unless `pretty`.
std::string AsJson(const google::protobuf::Message& message, bool pretty);

// "field: value" lines, nested by indentation; what is empty is left out.
std::string AsText(const google::protobuf::Message& message);

// The messages of the repeated field `list` as a table with one column for each path. Chinese
// characters take two places.
std::string AsTable(const google::protobuf::Message& message, const std::string& list,
                    const std::vector<std::string>& columns);

// The value at a path ("patient.name"), as people write it: enums without prefix, times in local
// time, lists with commas.
std::string ValueAt(const google::protobuf::Message& message, const std::string& path);

// Places a text takes on a terminal.
size_t WidthOf(const std::string& text);

}  // namespace tongjian::program
