// Passwords of the hub's own accounts: Argon2id (RFC 9106).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::security {

// INVALID_ARGUMENT unless 10 to 256 bytes of valid UTF-8 without control characters, not one
// repeated character, and not the user's name.
absl::Status CheckPasswordPolicy(std::string_view password, std::string_view user_name);

// A PHC string ("$argon2id$v=19$m=19456,t=2,p=1$..."): 19 MiB, two passes, one lane (OWASP's
// minimum), 16 random bytes of salt. About 30 ms of one core and 19 MiB while it runs: callers
// bound how many run at once. RESOURCE_EXHAUSTED when the memory is not to be had.
absl::StatusOr<std::string> HashPassword(std::string_view password);

// Whether the password is the one. Compares in constant time. False for a hash that is not Argon2id
// or that asks for more than 256 MiB or 16 passes (a damaged row must not stop the hub).
bool VerifyPassword(std::string_view password, std::string_view hash);

// A well-formed hash no password fits: verify against it where the account is unknown, so that both
// answers take equally long.
const std::string& DecoyHash();

// True when the hash was made with other parameters than HashPassword's: hash again at the next
// login.
bool NeedsRehash(std::string_view hash);

}  // namespace tongjian::security
