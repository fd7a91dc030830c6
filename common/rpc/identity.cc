#include "common/rpc/identity.h"

#include <memory>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/behalf.h"
#include "common/rpc/text.h"
#include "common/security/tls.h"

namespace tongjian::rpc {
namespace {

using security::MachineRole;

// What the verifier allows behind a token's expiry.
constexpr absl::Duration kTokenSkew = absl::Seconds(60);

absl::Status Unauthenticated(std::string_view why) {
  return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "", why);
}

absl::Status Denied(std::string_view why) {
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "", why);
}

// security's functions say UNAUTHENTICATED without a reason of ours.
absl::Status WithReason(const absl::Status& status) {
  return Unauthenticated({status.message().data(), status.message().size()});
}

bool SpeaksForPeople(MachineRole role) {
  return role == MachineRole::kGateway || role == MachineRole::kHis;
}

absl::StatusOr<std::string> TokenIn(std::string_view authorization) {
  constexpr absl::string_view kScheme = "bearer ";
  const absl::string_view text(authorization.data(), authorization.size());
  if (!absl::StartsWithIgnoreCase(text, kScheme))
    return Unauthenticated("metadata authorization: no bearer token");
  return std::string(text.substr(kScheme.size()));
}

}  // namespace

absl::StatusOr<std::optional<security::PeerIdentity>> Identity::PeerOf(
    const Evidence& evidence) const {
  if (evidence.certificate_pem.empty()) return std::nullopt;
  const auto check = [this](const absl::StatusOr<security::PeerIdentity>& peer) -> absl::Status {
    if (!peer.ok()) return WithReason(peer.status());
    // The handshake looked at both too, but a connection outlives a handshake.
    if (peer->expiry <= clock_.Now()) return Unauthenticated("the certificate has expired");
    if (options_.revoked != nullptr && options_.revoked->Contains(peer->serial)) {
      return Unauthenticated("the certificate is revoked");
    }
    return absl::OkStatus();
  };
  absl::StatusOr<security::PeerIdentity> peer = peers_.Read(evidence.certificate_pem);
  TJ_TRY(check(peer));
  if (peer->role != MachineRole::kProxy || evidence.forwarded_certificate.empty())
    return *std::move(peer);
  if (options_.forwarded_authorities.empty())
    return Unauthenticated("no forwarded certificates are believed here");
  peer = security::VerifyPeer(Unescape(evidence.forwarded_certificate),
                              options_.forwarded_authorities, clock_.Now());
  TJ_TRY(check(peer));
  if (peer->role == MachineRole::kHub || peer->role == MachineRole::kProxy) {
    return Unauthenticated("a hub or proxy cannot be behind a proxy");
  }
  return *std::move(peer);
}

absl::StatusOr<Established> Identity::FromPrincipal(
    const Evidence& evidence, const std::optional<security::PeerIdentity>& peer) const {
  const bool from_hub = evidence.inside || (peer && peer->role == MachineRole::kHub);
  if (options_.principals == nullptr || !from_hub)
    return Unauthenticated("no signed principal is believed from here");
  absl::StatusOr<security::Principal> principal = options_.principals->Verify(evidence.principal);
  if (!principal.ok()) return WithReason(principal.status());
  return Established{.caller = std::move(principal->caller),
                     .request_id = std::move(principal->request_id)};
}

absl::StatusOr<Established> Identity::FromToken(
    const Evidence& evidence, const std::optional<security::PeerIdentity>& peer) const {
  if (options_.tokens == nullptr) return Unauthenticated("no bearer tokens are believed here");
  TJ_ASSIGN_OR_RETURN(const std::string token, TokenIn(evidence.authorization));
  const absl::StatusOr<security::Claims> claims = options_.tokens->Verify(token);
  if (!claims.ok()) return WithReason(claims.status());
  const bool own_machine =
      !peer || peer->role == MachineRole::kProxy || peer->role == MachineRole::kHub ||
      (SpeaksForPeople(peer->role) && peer->facility_id == claims->facility_id);
  if (!own_machine)
    return Denied("the token is of another facility than the machine that brings it");
  if (!evidence.on_behalf.empty()) return Denied("a person cannot act on behalf of another");
  Established established{.caller = security::CallerOf(*claims),
                          .request_id = "",
                          .issued = claims->issued,
                          .expiry = claims->expiry + kTokenSkew};
  TJ_TRY(StillHolds(established));
  return established;
}

absl::Status Identity::StillHolds(const Established& established) const {
  if (clock_.Now() >= established.expiry) return Unauthenticated("the token has expired");
  if (options_.void_tokens != nullptr &&
      options_.void_tokens->Contains(established.caller.user_id, established.issued)) {
    return Unauthenticated(
        "the account was closed or changed since the token was issued: log in again");
  }
  return absl::OkStatus();
}

absl::StatusOr<Established> Identity::FromMachine(const Evidence& evidence,
                                                  const security::PeerIdentity& peer) const {
  if (peer.role == MachineRole::kHub || peer.role == MachineRole::kProxy) {
    return Unauthenticated("a hub or proxy certificate alone identifies no caller");
  }
  Established established{.caller = security::CallerOf(peer)};
  if (evidence.on_behalf.empty()) return established;
  if (!SpeaksForPeople(peer.role)) return Denied("only a gateway or HIS may forward a caller");
  TJ_ASSIGN_OR_RETURN(security::Caller behalf, ParseBehalf(evidence.on_behalf));
  if (behalf.facility_id != peer.facility_id)
    return Denied("the forwarded caller is of another facility");
  if (behalf.machine_role == MachineRole::kHis && peer.role != MachineRole::kGateway) {
    return Denied("only a gateway may forward a HIS");
  }
  established.caller.purpose = behalf.purpose;
  established.caller.on_behalf_of = std::make_shared<const security::Caller>(std::move(behalf));
  return established;
}

absl::StatusOr<Established> Identity::Establish(const Evidence& evidence) const {
  TJ_ASSIGN_OR_RETURN(const std::optional<security::PeerIdentity> peer, PeerOf(evidence));
  if (!evidence.principal.empty()) return FromPrincipal(evidence, peer);
  if (!evidence.authorization.empty()) return FromToken(evidence, peer);
  if (peer) return FromMachine(evidence, *peer);
  return Unauthenticated("the call brings no certificate, token or principal");
}

}  // namespace tongjian::rpc
