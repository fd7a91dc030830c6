#include "common/runtime/identities.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/runtime/layout.h"
#include "common/security/key_file.h"
#include "common/telemetry/log.h"

namespace tongjian::runtime {
namespace {

constexpr char kAudience[] = "tongjian";
constexpr absl::Duration kServerValidity = absl::Hours(24 * 397);
constexpr absl::Duration kSigningValidity = absl::Hours(24 * 825);
// At a start with less left the certificate is issued anew.
constexpr absl::Duration kRenewBefore = absl::Hours(24 * 60);

// The status with the setting it comes from.
absl::Status About(std::string_view setting, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(std::string(setting), ": ", status.message()));
}

bool Exists(const std::string& path) {
  return !absl::IsNotFound(security::ReadSmallFile(path, security::FileMode::kPublic).status());
}

bool IsAddress(const std::string& name) {
  return name.find(':') != std::string::npos ||
         name.find_first_not_of("0123456789.") == std::string::npos;
}

// Whether the certificate is there and holds for a while.
bool HoldsOn(const std::string& path, const base::Clock& clock) {
  const auto pem = security::ReadSmallFile(path, security::FileMode::kPublic);
  if (!pem.ok()) return false;
  const auto expiry = security::ExpiryOf(*pem);
  return expiry.ok() && *expiry - clock.Now() > kRenewBefore;
}

absl::Status Keep(const security::Issued& issued, const std::string& authority_pem,
                  const security::CredentialFiles& files) {
  TJ_TRY(security::WriteDurably(files.private_key, issued.private_key_pem,
                                security::FileMode::kSecret));
  TJ_TRY(security::WriteDurably(files.authorities, authority_pem, security::FileMode::kPublic));
  return security::WriteDurably(files.certificate_chain,
                                absl::StrCat(issued.certificate_pem, authority_pem),
                                security::FileMode::kPublic);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Identities>> Identities::Open(const ProcessOptions& options,
                                                             const base::Clock& clock) {
  auto identities = std::make_unique<Identities>();
  const std::string keys = options.keys.empty() ? KeysDirectory(options.state) : options.keys;
  TJ_TRY(security::MakeDirectory(keys));
  TJ_ASSIGN_OR_RETURN(identities->principals_,
                      security::Principals::Open(keys + "/principal.key", clock));
  TJ_TRY(identities->OpenTokens(options, keys, clock));
  TJ_TRY(identities->OpenAuthority(options, clock));
  identities->files_ = {.certificate_chain = options.certificate,
                        .private_key = options.private_key,
                        .authorities = options.client_authorities};
  if (options.certificate.empty() && identities->authority_ != nullptr) {
    TJ_TRY(identities->IssueServerCertificate(options, KeysDirectory(options.state), clock));
  }
  TJ_TRY(identities->OpenSigner(options, keys, clock));
  return identities;
}

absl::Status Identities::OpenTokens(const ProcessOptions& options, const std::string& keys,
                                    const base::Clock& clock) {
  TJ_ASSIGN_OR_RETURN(issuer_, security::TokenIssuer::Open(keys + "/token.key", options.authority,
                                                           kAudience, clock));
  std::vector<security::TrustedIssuer> trusted = {
      {.issuer = issuer_->issuer(), .audience = issuer_->audience(), .jwks = issuer_->jwks()}};
  if (!options.oidc_issuer.empty()) {
    absl::StatusOr<std::string> jwks =
        security::ReadSmallFile(options.oidc_jwks, security::FileMode::kPublic);
    if (!jwks.ok()) return About("oidc.jwks", jwks.status());
    trusted.push_back({.issuer = options.oidc_issuer,
                       .audience = options.oidc_audience,
                       .jwks = *std::move(jwks),
                       .roles_allowed = options.oidc_roles});
  }
  TJ_ASSIGN_OR_RETURN(verifier_, security::TokenVerifier::Create(trusted, clock));
  return absl::OkStatus();
}

absl::Status Identities::OpenAuthority(const ProcessOptions& options, const base::Clock& clock) {
  if (options.ca.empty()) return absl::OkStatus();
  auto authority = security::Authority::Open(options.ca, clock);
  if (!authority.ok())
    return About("ca (make one by: tongjian ca init --directory DIR)", authority.status());
  authority_ = *std::move(authority);
  TJ_ASSIGN_OR_RETURN(revoked_, security::RevocationList::Open(options.ca + "/revoked.txt"));
  return absl::OkStatus();
}

absl::Status Identities::IssueServerCertificate(const ProcessOptions& options,
                                                const std::string& keys, const base::Clock& clock) {
  TJ_TRY(security::MakeDirectory(keys));
  files_ = {.certificate_chain = keys + "/server.pem",
            .private_key = keys + "/server.key",
            .authorities = keys + "/authorities.pem"};
  if (HoldsOn(files_.certificate_chain, clock)) return absl::OkStatus();
  security::Subject subject{.role = security::MachineRole::kHub, .facility_id = options.authority};
  for (const std::string& name : options.names) {
    (IsAddress(name) ? subject.ip_addresses : subject.dns_names).push_back(name);
  }
  TJ_ASSIGN_OR_RETURN(const security::Issued issued,
                      authority_->IssueWithNewKey(subject, kServerValidity));
  TJ_TRY(Keep(issued, authority_->certificate_pem(), files_));
  telemetry::Log(telemetry::Level::kInfo, "server_certificate_issued",
                 {{"serial", issued.serial}, {"expiry", issued.expiry}});
  return absl::OkStatus();
}

// Reports need a signing key from the first day. Where no authority is given, one is kept that
// signs nothing else.
absl::Status Identities::OpenSigner(const ProcessOptions& options, const std::string& keys,
                                    const base::Clock& clock) {
  const security::CredentialFiles files{.certificate_chain = keys + "/signing.pem",
                                        .private_key = keys + "/signing.key",
                                        .authorities = keys + "/signing-authorities.pem"};
  if (!Exists(files.certificate_chain)) {
    std::unique_ptr<security::Authority> own;
    if (authority_ == nullptr) {
      TJ_TRY(security::MakeDirectory(keys + "/signing-ca"));
      TJ_ASSIGN_OR_RETURN(
          own, security::Authority::Create(keys + "/signing-ca", options.authority, clock));
    }
    security::Authority& authority = own != nullptr ? *own : *authority_;
    TJ_ASSIGN_OR_RETURN(const security::Issued issued,
                        authority.IssueSigning(options.authority, kSigningValidity));
    TJ_TRY(Keep(issued, authority.certificate_pem(), files));
  }
  TJ_ASSIGN_OR_RETURN(signer_, security::OpenBuiltInSigner({.private_key = files.private_key,
                                                            .certificate = files.certificate_chain,
                                                            .authorities = files.authorities},
                                                           clock));
  return absl::OkStatus();
}

}  // namespace tongjian::runtime
