// The right to sign, as the registry decides it: license and relation, as of now.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/channel.h"

namespace tongjian::reading {

// Whether a practitioner may sign for a facility in a discipline. Safe for concurrent use.
class SigningRight {
 public:
  virtual ~SigningRight() = default;
  // OK; PERMISSION_DENIED (NOT_ENTITLED_TO_SIGN) with the grounds; UNAVAILABLE (retryable) when the registry does not answer:
  // nobody signs on a right that nobody has checked.
  virtual absl::Status Check(const std::string& practitioner_id, const std::string& requesting_facility_id,
                             int discipline) = 0;
};

// Asks the registry, which answers within `timeout` or is away.
class RegistrySigningRight final : public SigningRight {
 public:
  RegistrySigningRight(rpc::ChannelSource channel, rpc::OutgoingIdentity identity, absl::Duration timeout)
      : channel_(std::move(channel)), identity_(std::move(identity)), timeout_(timeout) {}
  absl::Status Check(const std::string& practitioner_id, const std::string& requesting_facility_id,
                     int discipline) override;

 private:
  const rpc::ChannelSource channel_;
  const rpc::OutgoingIdentity identity_;
  const absl::Duration timeout_;
};

}  // namespace tongjian::reading
