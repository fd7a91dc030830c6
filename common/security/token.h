// Bearer tokens of people: JSON Web Tokens (RFC 7519), ours and an outside identity provider's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/security/caller.h"

namespace tongjian::security {

// What a token says.
struct Claims {
  std::string issuer;    // iss: the hub's authority, or the provider's URL.
  std::string audience;  // aud
  std::string user_id;   // sub
  std::string facility_id;
  std::string practitioner_id;
  std::vector<std::string> roles;
  Purpose purpose = Purpose::kTreatment;
  std::string token_id;  // jti
  absl::Time issued;
  absl::Time expiry;
};

// The person these claims describe.
Caller CallerOf(const Claims& claims);

// Issues tokens with the hub's own Ed25519 key. Safe for concurrent use; `clock` must outlive it.
class TokenIssuer {
 public:
  // The key in `key_path` (PEM, mode 0600) is made on first use. FAILED_PRECONDITION when it cannot
  // be read or others may read it. `issuer` becomes iss, `audience` aud.
  static absl::StatusOr<std::unique_ptr<TokenIssuer>> Open(const std::string& key_path,
                                                           std::string_view issuer,
                                                           std::string_view audience,
                                                           const base::Clock& clock);
  ~TokenIssuer();

  // A token for the person, valid from now for `lifetime`. issuer, audience, token_id, issued and
  // expiry are filled in here. INVALID_ARGUMENT for an empty user_id, a role that is no person's
  // role, or a lifetime outside (0, 24 h].
  absl::StatusOr<std::string> Issue(const Claims& claims, absl::Duration lifetime) const;

  // The public key as a JWK set, for TrustedIssuer and for whoever verifies our tokens.
  const std::string& jwks() const { return jwks_; }
  const std::string& issuer() const { return issuer_; }
  const std::string& audience() const { return audience_; }

 private:
  struct Key;
  TokenIssuer(std::unique_ptr<Key> key, std::string_view issuer, std::string_view audience,
              const base::Clock& clock);

  const std::unique_ptr<Key> key_;
  const std::string issuer_;
  const std::string audience_;
  const base::Clock& clock_;
  std::string jwks_;
  std::string key_id_;
};

// An issuer whose tokens are believed, and how it names what we need.
struct TrustedIssuer {
  std::string issuer;
  std::string audience;
  std::string
      jwks;  // RFC 7517: RSA (RS256, 2048 bits or more), EC P-256 (ES256) and Ed25519 (EdDSA) keys.
  // Roles it may give; empty means every person's role. An outside provider should not make
  // operators by accident.
  std::vector<std::string> roles_allowed;
  std::string facility_claim = "facility";
  std::string practitioner_claim = "practitioner";
  std::string roles_claim = "roles";
};

// Verifies tokens of any number of issuers. Safe for concurrent use; `clock` must outlive it.
class TokenVerifier {
 public:
  // INVALID_ARGUMENT when an issuer is empty or named twice, or a key set holds no usable key. Keys
  // of other types, and keys for encryption, are passed over.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> Create(
      const std::vector<TrustedIssuer>& issuers, const base::Clock& clock);
  ~TokenVerifier();

  // UNAUTHENTICATED unless the token is well formed, from a known issuer, for its audience, signed
  // by its key with the algorithm that belongs to the key's type (so never "none", and never a
  // public key taken for a shared secret), and within its time give or take 60 s. Roles that the
  // issuer may not give are left out. The message says which check failed and never holds any part
  // of the token.
  absl::StatusOr<Claims> Verify(std::string_view token) const;

 private:
  struct Issuer;
  TokenVerifier(std::vector<std::unique_ptr<Issuer>> issuers, const base::Clock& clock);

  const std::vector<std::unique_ptr<Issuer>> issuers_;
  const base::Clock& clock_;
};

}  // namespace tongjian::security
