// A private certificate authority, for trying out and for small sites; any other PKI with the same
// names works too.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/security/caller.h"
#include "common/security/revocation.h"

namespace tongjian::security {

// Who a certificate is for. Servers also need the names they are reached by.
struct Subject {
  MachineRole role = MachineRole::kNone;
  std::string facility_id;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};

struct Issued {
  std::string certificate_pem;  // The certificate alone; the chain is certificate +
                                // Authority::certificate_pem().
  std::string private_key_pem;  // Empty when the key stayed with whoever sent the request.
  std::string serial;
  absl::Time expiry;
};

// A new EC P-256 key and a request for it: a gateway makes both, and only the request travels.
struct KeyAndRequest {
  std::string private_key_pem;
  std::string request_pem;
};
absl::StatusOr<KeyAndRequest> MakeKeyAndRequest(std::string_view common_name);

// The authority in one directory: ca.key (0600), ca.pem, revoked.txt. Safe for concurrent use;
// `clock` must outlive it.
class Authority {
 public:
  static constexpr absl::Duration kOwnLife = absl::Hours(24 * 3652);
  static constexpr absl::Duration kMaxValidity = absl::Hours(24 * 825);

  // A new EC P-256 key and a root certificate of ten years. FAILED_PRECONDITION (ALREADY_EXISTS)
  // when the directory already holds one. Durable on return.
  static absl::StatusOr<std::unique_ptr<Authority>> Create(const std::string& directory,
                                                           std::string_view name,
                                                           const base::Clock& clock);
  // FAILED_PRECONDITION when a file is missing, damaged, readable by others, or the key is not the
  // certificate's.
  static absl::StatusOr<std::unique_ptr<Authority>> Open(const std::string& directory,
                                                         const base::Clock& clock);
  ~Authority();

  // Certifies the request's public key for `subject`; nothing else in the request is believed.
  // INVALID_ARGUMENT for a request that is unreadable, not signed by its own key, or of a weak key
  // (EC P-256, P-384, Ed25519 or RSA of 2048 bits and more pass), a subject with wrong names, or a
  // validity outside (0, kMaxValidity]. A certificate never outlives the authority.
  absl::StatusOr<Issued> IssueFromCsr(std::string_view request_pem, const Subject& subject,
                                      absl::Duration validity) const;
  absl::StatusOr<Issued> IssueWithNewKey(const Subject& subject, absl::Duration validity) const;

  // The same subject again, for the key of `request_pem`. UNAUTHENTICATED when `current_pem` was
  // not issued here, is expired or is revoked.
  absl::StatusOr<Issued> Renew(std::string_view current_pem, std::string_view request_pem,
                               absl::Duration validity) const;

  // A new Ed25519 key that may sign reports and nothing else (no TLS identity).
  absl::StatusOr<Issued> IssueSigning(std::string_view facility_id, absl::Duration validity) const;

  // Durable on return; the same serial twice is one entry.
  absl::Status Revoke(std::string_view serial);
  bool IsRevoked(std::string_view serial) const;

  const std::string& certificate_pem() const;
  absl::Time Expiry() const;

 private:
  struct Parts;
  Authority(std::unique_ptr<Parts> parts, std::unique_ptr<RevocationList> revoked,
            const base::Clock& clock);

  const std::unique_ptr<Parts> parts_;
  const std::unique_ptr<RevocationList> revoked_;
  const base::Clock& clock_;
};

}  // namespace tongjian::security
