// The gateway's certificate: the first by a one-time code, the next by itself.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/security/tls.h"

namespace grpc {
class Channel;
}

namespace tongjian::edge {

// Where enrollment keeps key and certificate (one file) and authority under a state directory.
security::CredentialFiles EnrolledFiles(const std::string& state);

struct EnrollOptions {
  std::string hub;   // "host:port".
  std::string code;  // One-time.
  std::string ca;    // PEM of the authority to trust.
  std::string server_name;
  std::string state;
};

// Makes a key and a request, exchanges the code for a certificate and keeps all three durably.
// Tried again after a cut link it uses the same key, so that the hub answers again. The certificate's
// facility.
absl::StatusOr<std::string> Enroll(const EnrollOptions& options);

// When a certificate is to be renewed: at two thirds of its life.
absl::Time RenewalTime(const security::PeerIdentity& certificate);
// From here on there is an alarm: long before expiry.
inline constexpr absl::Duration kAlarmBefore = absl::Hours(24 * 30);

// Renews over `channel` when it is time; new key and certificate replace the old ones in one step.
// Only what enrollment made is renewed. True when it has renewed.
absl::StatusOr<bool> RenewIfDue(const security::CredentialFiles& files,
                                const std::shared_ptr<grpc::Channel>& channel,
                                const base::Clock& clock);

// What the certificate file says.
absl::StatusOr<security::PeerIdentity> ReadIdentity(const security::CredentialFiles& files);

}  // namespace tongjian::edge
