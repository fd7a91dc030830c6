// A person's account at this hub: roles, and the lock after wrong passwords.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tongjian::registry {

struct Account {
  std::string id;
  std::string user_name;
  std::string facility_id;
  std::string practitioner_id;
  std::vector<std::string> roles;
  bool active = false;
  std::string password_hash;
  int64_t failures = 0;  // In a row.
  absl::Time locked_until = absl::InfinitePast();
  int64_t version = 0;
  absl::Time tokens_from = absl::UnixEpoch();  // Tokens issued before this do not hold.
};

// Whether tokens that were issued for `before` say more than `after` may: it was closed, or has
// another password, other roles, another facility or practitioner.
bool VoidsTokens(const Account& before, const Account& after);

// When wrong passwords lock, and for how long.
struct LockRule {
  int64_t failures_max = 5;
  absl::Duration lock = absl::Minutes(15);
};

// INVALID_ARGUMENT unless the user name has 2 to 64 of a-z, 0-9, '.', '_', '-', there is a role and
// all are roles a person can hold, and none of operator, auditor and medical roles is held with
// another of them: who runs the system neither treats nor audits (GB/T 22239 8.1.10, three roles
// apart).
absl::Status CheckAccount(const Account& account);

// A lock that would last longer than kLockMax was made before the clock was set back, and counts no
// more.
inline constexpr absl::Duration kLockMax = absl::Hours(24);
bool IsLocked(const Account& account, absl::Time now);

// One wrong password more. The failure that reaches the limit locks; while it is locked nothing
// counts.
void CountFailure(const LockRule& rule, absl::Time now, Account* account);
// A right one.
void CountSuccess(Account* account);

}  // namespace tongjian::registry
