// The access rule of every method, read from the method options of the protos.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace google::protobuf {
class ServiceDescriptor;
}

namespace tongjian::rpc {

// The rule of one method (tongjian.common.v1.access).
struct MethodRule {
  std::string method;      // "tongjian.orders.v1.OrderService/CreateOrder"
  std::string permission;  // Empty only where `anonymous`.
  bool patient_data = false;
  bool anonymous = false;
  bool streaming = false;  // Either way.
};

// All rules of a process. Filled before the first call; safe for concurrent reading after that.
class AccessTable {
 public:
  // Adds every method of the service. FAILED_PRECONDITION naming the method that lacks the option,
  // names a permission that is not in security/permission.h, or has neither a permission nor
  // `anonymous` (or both).
  absl::Status Add(const google::protobuf::ServiceDescriptor& service);
  // One rule that no proto states, with the same demands.
  absl::Status Add(const MethodRule& rule);
  // Null for a method that was not added. Valid as long as the table.
  const MethodRule* Find(std::string_view method) const;
  const std::map<std::string, MethodRule, std::less<>>& rules() const { return rules_; }

 private:
  std::map<std::string, MethodRule, std::less<>> rules_;
};

}  // namespace tongjian::rpc
