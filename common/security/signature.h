// Signing reports: an interface a county's own certificate authority can stand behind, and the key
// that is built in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace tongjian::security {

// The person who signs, as ids.
struct SignerIdentity {
  std::string user_id;
  std::string practitioner_id;
  std::string facility_id;
};

// A signature with all that verifying it in ten years needs.
struct Signature {
  std::string algorithm;        // "EdDSA-Ed25519", "SM2-SM3"...: known to the signer that made it.
  std::string certificate_pem;  // Of the signing key.
  std::string value;            // Raw bytes.
  SignerIdentity signer;        // Covered by the signature.
  absl::Time time;              // Covered by the signature; microseconds.
  std::string key_note;         // What kind of key this is, for people: shown beside the signature.
};

// Signs and verifies. Implementations are safe for concurrent use.
class Signer {
 public:
  virtual ~Signer() = default;
  // Signs the report's canonical bytes for this person, now. UNAVAILABLE when the key cannot be
  // reached.
  virtual absl::StatusOr<Signature> Sign(std::string_view canonical,
                                         const SignerIdentity& signer) = 0;
  // DATA_LOSS when content, person, time or value do not belong together; FAILED_PRECONDITION for
  // an unknown algorithm or a certificate that our authority did not issue for signing or that was
  // not valid at the signature's time.
  virtual absl::Status Verify(std::string_view canonical, const Signature& signature) const = 0;
  // What people must be told about this kind of signature.
  virtual std::string_view note() const = 0;
};

// The note of the built-in signer.
extern const char kBuiltInSignatureNote[];

struct BuiltInSignerFiles {
  std::string private_key;  // PEM, mode 0600.
  std::string certificate;  // Issued by Authority::IssueSigning.
  std::string authorities;  // Roots that signing certificates are checked against.
};

// Signs with one Ed25519 key of the hub. The key is the hub's, not the doctor's: it proves that
// this hub recorded this person signing these bytes at this time and that nothing was changed
// since, and nothing more (see its note). FAILED_PRECONDITION when a file is missing or they do not
// belong together. `clock` must outlive it.
absl::StatusOr<std::unique_ptr<Signer>> OpenBuiltInSigner(const BuiltInSignerFiles& files,
                                                          const base::Clock& clock);

}  // namespace tongjian::security
