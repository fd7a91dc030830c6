#include "common/rpc/behalf.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/rpc/text.h"
#include "common/security/permission.h"
#include "common/security/tls.h"

namespace tongjian::rpc {
namespace {

constexpr size_t kBytesMax = 1024;

absl::Status Malformed(std::string_view why) {
  return base::Error(
      absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
      absl::StrCat("metadata tongjian-on-behalf: ", absl::string_view(why.data(), why.size())));
}

absl::Status SetRoles(std::string_view value, security::Caller& caller) {
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(value.data(), value.size()), ',')) {
    const std::string role(part);
    if (!security::IsPersonRole(role)) return Malformed("unknown role");
    caller.roles.push_back(role);
  }
  return absl::OkStatus();
}

absl::Status Set(std::string_view key, const std::string& value, security::Caller& caller) {
  if (key == "facility") {
    caller.facility_id = value;
  } else if (key == "user") {
    caller.kind = security::CallerKind::kPerson;
    caller.user_id = value;
  } else if (key == "practitioner") {
    caller.practitioner_id = value;
  } else if (key == "roles") {
    return SetRoles(value, caller);
  } else if (key == "machine") {
    if (value != security::Name(security::MachineRole::kHis))
      return Malformed("only machine=his can be forwarded");
    caller.kind = security::CallerKind::kMachine;
    caller.machine_role = security::MachineRole::kHis;
  } else if (key == "purpose") {
    const auto purpose = security::ParsePurpose(value);
    if (!purpose) return Malformed("unknown purpose");
    caller.purpose = *purpose;
  } else {
    return Malformed("unknown key");
  }
  return absl::OkStatus();
}

}  // namespace

std::string FormatBehalf(const security::Caller& caller) {
  std::string text = absl::StrCat("facility=", Escape(caller.facility_id));
  const auto add = [&text](std::string_view key, std::string_view value) {
    if (!value.empty()) absl::StrAppend(&text, ";", std::string(key), "=", std::string(value));
  };
  if (caller.kind == security::CallerKind::kMachine)
    add("machine", security::Name(caller.machine_role));
  add("user", Escape(caller.user_id));
  add("practitioner", Escape(caller.practitioner_id));
  std::string roles;
  for (const std::string& role : caller.roles)
    absl::StrAppend(&roles, roles.empty() ? "" : ",", Escape(role));
  add("roles", roles);
  if (caller.purpose != security::Purpose::kUnspecified)
    add("purpose", security::Name(caller.purpose));
  return text;
}

absl::StatusOr<security::Caller> ParseBehalf(std::string_view text) {
  if (text.size() > kBytesMax) return Malformed("longer than 1024 bytes");
  security::Caller caller;
  for (const absl::string_view pair :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ';')) {
    const std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (parts.size() != 2 || parts[1].empty()) return Malformed("not key=value pairs");
    TJ_TRY(Set(parts[0], Unescape(parts[1]), caller));
  }
  if (!security::CheckFacilityId(caller.facility_id).ok()) return Malformed("no facility");
  const bool machine = caller.machine_role != security::MachineRole::kNone;
  if (machine == !caller.user_id.empty())
    return Malformed("exactly one of user and machine is needed");
  if (!caller.user_id.empty() && OneLine(caller.user_id, 128) != caller.user_id)
    return Malformed("no such user id");
  if (OneLine(caller.practitioner_id, 128) != caller.practitioner_id)
    return Malformed("no such practitioner id");
  return caller;
}

}  // namespace tongjian::rpc
