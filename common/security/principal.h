// The signed statement that one service makes to another: who I am and for whom I act.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/security/caller.h"

namespace tongjian::security {

// gRPC metadata key under which it travels.
inline constexpr char kPrincipalMetadata[] = "tongjian-principal";

// What a verified statement says. `caller` is a SERVICE; its on_behalf_of is null for the service's
// own work.
struct Principal {
  Caller caller;
  std::string request_id;
  absl::Time issued;
  absl::Time expiry;
};

// Signs and verifies principals with a key all processes of one hub share (HMAC-SHA256). Safe for
// concurrent use; `clock` must outlive it. A statement is bound to no receiver, so it lives briefly
// and only travels inside the hub.
class Principals {
 public:
  // The 32-byte key in `key_path` (mode 0600) is made on first start; several processes may start
  // at once and share one key. FAILED_PRECONDITION when it cannot be read, has another size, or
  // others may read it.
  static absl::StatusOr<std::unique_ptr<Principals>> Open(
      const std::string& key_path, const base::Clock& clock,
      absl::Duration lifetime = absl::Seconds(60));

  // `behalf` may be null. Printable ASCII without spaces, fit for metadata. A chain longer than 4
  // loses its middle: the nearest and the originator stay.
  std::string Sign(std::string_view service, const Caller* behalf,
                   std::string_view request_id) const;

  // UNAUTHENTICATED when malformed, altered, signed with another key, past its expiry, or from more
  // than 5 s ahead.
  absl::StatusOr<Principal> Verify(std::string_view text) const;

 private:
  Principals(std::string key, const base::Clock& clock, absl::Duration lifetime);

  const std::string key_;
  const base::Clock& clock_;
  const absl::Duration lifetime_;
};

}  // namespace tongjian::security
