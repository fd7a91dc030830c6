// JSON Web Keys (RFC 7517) and the signatures made with them (RFC 7518, RFC 8037).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/security/openssl.h"

namespace tongjian::security {

// The algorithms that are believed: one for each type of key, so a token cannot choose. "none" and
// shared secrets (HS256) have no row.
enum class TokenAlgorithm { kEdDsa, kEs256, kRs256 };

std::string_view Name(TokenAlgorithm algorithm);

// A public key that verifies tokens.
struct VerificationKey {
  std::string id;  // kid; may be empty.
  TokenAlgorithm algorithm;
  KeyPtr key;
};

// The signature keys of a JWK set, at most 64. Keys of other types or for other uses are passed
// over. INVALID_ARGUMENT when the text is no JWK set, holds a private key (a secret in the wrong
// place), or no usable key is left.
absl::StatusOr<std::vector<VerificationKey>> ParseJwks(std::string_view jwks);

// A set of one Ed25519 public key, and its id: the key's thumbprint (RFC 7638).
struct PublishedKey {
  std::string jwks;
  std::string id;
};
PublishedKey PublishEd25519(EVP_PKEY* key);

// Whether `signature` (raw, as in a token) is this key's over `text`.
bool VerifyTokenSignature(const VerificationKey& key, std::string_view text,
                          std::string_view signature);

}  // namespace tongjian::security
