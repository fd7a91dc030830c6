// Identifiers that sort by time and name the hub that gave them.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/status.h"

namespace tongjian::base {

// Makes ids of the form "<authority>-<26 characters>": a ULID (48 bits of milliseconds, 80 bits of randomness, Crockford
// base 32, lower case) behind the hub's authority, so that two hubs can meet later without a clash. Ids of one source
// rise strictly, also within a millisecond and when the clock steps back; order of facts never follows them all the same.
// Safe for concurrent use; `clock` must outlive it.
class Ids {
 public:
  // `authority`: 1 to 12 characters of [a-z0-9], checked.
  Ids(std::string_view authority, const Clock& clock);
  std::string New();
  const std::string& authority() const { return authority_; }

 private:
  const std::string authority_;
  const Clock& clock_;
  std::mutex mutex_;
  uint64_t last_ms_ = 0;
  unsigned char random_[10] = {};
};

// INVALID_ARGUMENT unless `authority` has the form above.
absl::Status CheckAuthority(std::string_view authority);

// `size` bytes from the kernel's generator, as lower-case hexadecimal: keys, nonces, one-time codes.
std::string RandomHex(size_t size);

}  // namespace tongjian::base
