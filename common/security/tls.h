// Machine identities in certificates, and the PEM files of a TLS end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/caller.h"

namespace tongjian::security {

// What a certificate says of its holder: exactly one SAN URI
// "urn:tongjian:facility:<facility_id>:<role>".
struct PeerIdentity {
  std::string facility_id;
  MachineRole role = MachineRole::kNone;
  std::string serial;  // Lower-case hexadecimal, as in the revocation list.
  absl::Time not_before;
  absl::Time expiry;
};

// Reads the first certificate of `certificate_pem`. UNAUTHENTICATED when there is none, when it is
// not ours to read (no such URI, two of them, an unknown role, a character outside [A-Za-z0-9._-],
// an embedded NUL), or when it is a CA. It does not check the chain: TLS has done so before this is
// called. Use VerifyPeer where it has not.
absl::StatusOr<PeerIdentity> ParsePeer(std::string_view certificate_pem);

// As ParsePeer, after checking the chain to a certificate in `ca_pem`, the client-authentication
// usage and validity at `now`: for certificates that a front proxy forwards. UNAUTHENTICATED when
// any fails.
absl::StatusOr<PeerIdentity> VerifyPeer(std::string_view certificate_pem, std::string_view ca_pem,
                                        absl::Time now);

// A machine caller with that identity.
Caller CallerOf(const PeerIdentity& peer);

// The URI above; the parts must be valid (CheckFacilityId).
std::string IdentityUri(std::string_view facility_id, MachineRole role);

// INVALID_ARGUMENT unless 1 to 64 characters of [A-Za-z0-9._-]: what may stand in a certificate.
absl::Status CheckFacilityId(std::string_view facility_id);

// What one TLS end presents and trusts, as PEM text.
struct Credentials {
  std::string certificate_chain;  // Own certificate first.
  std::string private_key;
  std::string authorities;  // Trusted roots.
  absl::Time expiry;        // Of the own certificate.
};

struct CredentialFiles {
  std::string certificate_chain;
  std::string private_key;
  std::string authorities;
};

// Reads and checks the three files: readable PEM, the key belongs to the certificate and is
// readable by its owner alone. FAILED_PRECONDITION names the file and what is wrong with it, never
// its content.
absl::StatusOr<Credentials> LoadCredentials(const CredentialFiles& files);

// When the first certificate of `pem` ends; INVALID_ARGUMENT when there is none.
absl::StatusOr<absl::Time> ExpiryOf(std::string_view pem);

// Whole days until `expiry`, rounded down; negative when it is past.
int64_t DaysLeft(absl::Time expiry, absl::Time now);

}  // namespace tongjian::security
