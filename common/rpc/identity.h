// Who is asking: from certificate, bearer token, signed principal, and what a gateway forwards.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/rpc/peer_cache.h"
#include "common/security/caller.h"
#include "common/security/principal.h"
#include "common/security/revocation.h"
#include "common/security/tls.h"
#include "common/security/token.h"
#include "common/security/void_tokens.h"

namespace tongjian::rpc {

// Metadata keys. kBehalfMetadata: for whom a gateway or HIS asks, see behalf.h.
// kCertificateMetadata: the client certificate that a front proxy saw (URL-escaped PEM, nginx's
// $ssl_client_escaped_cert).
inline constexpr char kAuthorizationMetadata[] = "authorization";
inline constexpr char kBehalfMetadata[] = "tongjian-on-behalf";
inline constexpr char kCertificateMetadata[] = "tongjian-client-cert";
inline constexpr char kRequestIdMetadata[] = "x-request-id";

// All that a call brings along. Empty where it brings nothing.
struct Evidence {
  bool inside = false;  // In this process, or over the loopback port without TLS.
  std::string certificate_pem;
  std::string authorization;
  std::string principal;
  std::string on_behalf;
  std::string forwarded_certificate;
};

// Null members: such evidence is not believed, and nothing is revoked or void. They must outlive the Identity.
struct IdentityOptions {
  const security::TokenVerifier* tokens = nullptr;
  const security::Principals* principals = nullptr;
  const security::RevocationList* revoked = nullptr;
  const security::VoidTokens* void_tokens = nullptr;
  // Roots a certificate forwarded by a proxy is checked against, PEM; empty: none is believed.
  std::string forwarded_authorities;
};

// What the evidence amounts to.
struct Established {
  security::Caller caller;
  std::string request_id;  // Of the signed principal, else empty.
  // Of a bearer token: when it was issued and when it ends.
  absl::Time issued = absl::InfiniteFuture();
  absl::Time expiry = absl::InfiniteFuture();
};

// Decides on evidence, per call and never per connection. Safe for concurrent use; `clock` must
// outlive it.
class Identity {
 public:
  Identity(IdentityOptions options, const base::Clock& clock) : options_(options), clock_(clock) {}

  // In this order: a signed principal (from inside, or over a HUB's certificate), a bearer token
  // (over a machine's certificate only for the machine's own facility), a machine's certificate
  // alone, with the person or HIS that it forwards. A HUB or PROXY certificate alone is nobody.
  // UNAUTHENTICATED when nothing is there or something does not hold; PERMISSION_DENIED when a
  // machine speaks for another facility.
  absl::StatusOr<Established> Establish(const Evidence& evidence) const;
  // Whether a person's token holds still, for a stream that goes on: UNAUTHENTICATED after it has
  // expired, or its account was closed or changed.
  absl::Status StillHolds(const Established& established) const;

 private:
  using Peer = std::optional<security::PeerIdentity>;
  absl::StatusOr<Peer> PeerOf(const Evidence& evidence) const;
  absl::StatusOr<Established> FromPrincipal(const Evidence& evidence, const Peer& peer) const;
  absl::StatusOr<Established> FromToken(const Evidence& evidence, const Peer& peer) const;
  absl::StatusOr<Established> FromMachine(const Evidence& evidence,
                                          const security::PeerIdentity& peer) const;

  const IdentityOptions options_;
  const base::Clock& clock_;
  mutable PeerCache peers_;
};

}  // namespace tongjian::rpc
