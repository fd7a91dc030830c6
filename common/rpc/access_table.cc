#include "common/rpc/access_table.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/security/permission.h"
#include "tongjian/common/v1/access.pb.h"

namespace tongjian::rpc {
namespace {

absl::Status Check(const MethodRule& rule) {
  if (rule.anonymous == !rule.permission.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(rule.method, " must state a permission or be anonymous"));
  }
  if (!rule.permission.empty() && !security::Known(rule.permission)) {
    return absl::FailedPreconditionError(
        absl::StrCat(rule.method, " asks for \"", rule.permission,
                     "\", which security/permission.h does not have"));
  }
  return absl::OkStatus();
}

absl::StatusOr<MethodRule> RuleOf(const google::protobuf::MethodDescriptor& method) {
  MethodRule rule;
  rule.method = absl::StrCat(method.service()->full_name(), "/", method.name());
  if (!method.options().HasExtension(common::v1::access)) {
    return absl::FailedPreconditionError(
        absl::StrCat(rule.method, " states no tongjian.common.v1.access"));
  }
  const common::v1::Access& access = method.options().GetExtension(common::v1::access);
  rule.permission = access.permission();
  rule.anonymous = access.anonymous();
  rule.patient_data = access.patient_data();
  rule.streaming = method.client_streaming() || method.server_streaming();
  TJ_TRY(Check(rule));
  return rule;
}

}  // namespace

absl::Status AccessTable::Add(const google::protobuf::ServiceDescriptor& service) {
  for (int i = 0; i < service.method_count(); ++i) {
    TJ_ASSIGN_OR_RETURN(const MethodRule rule, RuleOf(*service.method(i)));
    rules_.insert_or_assign(rule.method, rule);
  }
  return absl::OkStatus();
}

absl::Status AccessTable::Add(const MethodRule& rule) {
  TJ_TRY(Check(rule));
  rules_.insert_or_assign(rule.method, rule);
  return absl::OkStatus();
}

const MethodRule* AccessTable::Find(std::string_view method) const {
  const auto found = rules_.find(method);
  return found == rules_.end() ? nullptr : &found->second;
}

}  // namespace tongjian::rpc
