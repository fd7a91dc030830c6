// The contract as data: methods and messages by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace google::protobuf {
class Message;
class MethodDescriptor;
}  // namespace google::protobuf

namespace tongjian::program {

// "tongjian.orders.v1.OrderService/GetOrder", or the last parts of it as long as they name one
// method
// ("OrderService/GetOrder", "GetOrder"). NOT_FOUND, or INVALID_ARGUMENT naming the candidates.
absl::StatusOr<const google::protobuf::MethodDescriptor*> FindMethod(std::string_view name);

// Every method of the contract as "package.Service/Method", sorted.
std::vector<std::string> AllMethods();

// "package.Service/Method".
std::string NameOf(const google::protobuf::MethodDescriptor& method);

std::unique_ptr<google::protobuf::Message> NewRequest(
    const google::protobuf::MethodDescriptor& method);
std::unique_ptr<google::protobuf::Message> NewResponse(
    const google::protobuf::MethodDescriptor& method);

}  // namespace tongjian::program
