#include "services/registry/account.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/security/permission.h"

namespace tongjian::registry {
namespace {

bool IsUserName(std::string_view name) {
  return name.size() >= 2 && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

// Roles that may be held together share a desk.
enum class Desk { kSystem, kAudit, kMedicine };

Desk DeskOf(std::string_view role) {
  if (role == "operator") return Desk::kSystem;
  return role == "auditor" ? Desk::kAudit : Desk::kMedicine;
}

}  // namespace

absl::Status CheckAccount(const Account& account) {
  if (!IsUserName(account.user_name)) {
    return base::InvalidField("account.user_name",
                              "a user name is 2 to 64 of a-z, 0-9, '.', '_' and '-'");
  }
  if (account.roles.empty()) return base::InvalidField("account.roles", "an account has a role");
  for (const std::string& role : account.roles) {
    if (!security::IsPersonRole(role))
      return base::InvalidField("account.roles", "not a person's role: " + role);
    if (DeskOf(role) != DeskOf(account.roles.front())) {
      return base::InvalidField("account.roles",
                                "operator, auditor and medical roles are different people's");
    }
  }
  if (account.facility_id.empty() && DeskOf(account.roles.front()) == Desk::kMedicine &&
      account.roles.front() != "bureau" && account.roles.front() != "patient_steward") {
    return base::InvalidField("account.facility_id", "a clinical account acts for a facility");
  }
  return absl::OkStatus();
}

bool VoidsTokens(const Account& before, const Account& after) {
  return (before.active && !after.active) || before.password_hash != after.password_hash ||
         before.roles != after.roles || before.facility_id != after.facility_id ||
         before.practitioner_id != after.practitioner_id;
}

bool IsLocked(const Account& account, absl::Time now) {
  return now < account.locked_until && account.locked_until - now <= kLockMax;
}

void CountFailure(const LockRule& rule, absl::Time now, Account* account) {
  if (IsLocked(*account, now)) return;
  if (++account->failures < rule.failures_max) return;
  account->failures = 0;
  account->locked_until = now + rule.lock;
}

void CountSuccess(Account* account) {
  account->failures = 0;
  account->locked_until = absl::InfinitePast();
}

}  // namespace tongjian::registry
