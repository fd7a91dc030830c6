#include "common/security/tls.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/security/encoding.h"
#include "common/security/key_file.h"
#include "common/security/openssl.h"

namespace tongjian::security {
namespace {

constexpr std::string_view kUriPrefix = "urn:tongjian:facility:";
constexpr size_t kFacilityIdMax = 64;

absl::Status Unauthenticated(const char* why) {
  return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
                     absl::StrCat("client certificate ", why));
}

bool IsFacilityId(std::string_view id) {
  return !id.empty() && id.size() <= kFacilityIdMax &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

// The SAN URIs with their true lengths, so that a NUL cuts nothing off.
absl::StatusOr<std::vector<std::string>> UrisOf(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, Freeing<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  DropErrors();
  if (names == nullptr) return Unauthenticated("has no readable subject alternative name");
  std::vector<std::string> uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

absl::StatusOr<PeerIdentity> ParseUri(std::string_view uri) {
  uri.remove_prefix(kUriPrefix.size());
  const size_t colon = uri.find(':');
  if (colon == std::string_view::npos) return Unauthenticated("names no role");
  PeerIdentity peer;
  peer.facility_id = uri.substr(0, colon);
  if (!IsFacilityId(peer.facility_id)) return Unauthenticated("names no valid facility");
  const auto role = ParseMachineRole(uri.substr(colon + 1));
  if (!role) return Unauthenticated("names an unknown role");
  peer.role = *role;
  return peer;
}

absl::StatusOr<PeerIdentity> IdentityOf(X509* certificate) {
  const uint32_t flags = X509_get_extension_flags(certificate);
  if ((flags & (EXFLAG_CA | EXFLAG_INVALID)) != 0) {
    return Unauthenticated("is an authority's or damaged");
  }
  TJ_ASSIGN_OR_RETURN(std::vector<std::string> uris, UrisOf(certificate));
  std::erase_if(uris, [](const std::string& uri) { return !uri.starts_with(kUriPrefix); });
  if (uris.size() != 1) return Unauthenticated("does not name exactly one facility");
  TJ_ASSIGN_OR_RETURN(PeerIdentity peer, ParseUri(uris[0]));
  peer.serial = SerialOf(certificate);
  peer.not_before = ToTime(X509_get0_notBefore(certificate));
  peer.expiry = ToTime(X509_get0_notAfter(certificate));
  return peer;
}

// The statement's message with the file's name before it; what the file holds is in neither.
absl::Status OfFile(const std::string& path, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", why));
}

absl::StatusOr<std::string> ReadNamed(const std::string& path, FileMode mode) {
  auto text = ReadSmallFile(path, mode);
  if (!text.ok()) return absl::FailedPreconditionError(text.status().message());
  return text;
}

}  // namespace

absl::StatusOr<PeerIdentity> ParsePeer(std::string_view certificate_pem) {
  const auto chain = CertificatesFromPem(certificate_pem);
  if (!chain.ok()) return Unauthenticated("is unreadable");
  return IdentityOf(chain->front().get());
}

absl::StatusOr<PeerIdentity> VerifyPeer(std::string_view certificate_pem, std::string_view ca_pem,
                                        absl::Time now) {
  const auto chain = CertificatesFromPem(certificate_pem);
  if (!chain.ok()) return Unauthenticated("is unreadable");
  const auto roots = CertificatesFromPem(ca_pem);
  if (!roots.ok()) return Unauthenticated("cannot be checked: no trusted authority");
  TJ_TRY(VerifyChain(*chain, *roots, now, Usage::kTlsClient));
  return IdentityOf(chain->front().get());
}

Caller CallerOf(const PeerIdentity& peer) {
  Caller caller;
  caller.kind = CallerKind::kMachine;
  caller.machine_role = peer.role;
  caller.facility_id = peer.facility_id;
  return caller;
}

std::string IdentityUri(std::string_view facility_id, MachineRole role) {
  TJ_CHECK(IsFacilityId(facility_id) && role != MachineRole::kNone);
  return absl::StrCat(ToAbsl(kUriPrefix), ToAbsl(facility_id), ":", ToAbsl(Name(role)));
}

absl::Status CheckFacilityId(std::string_view facility_id) {
  if (IsFacilityId(facility_id)) return absl::OkStatus();
  return base::InvalidField(
      "facility_id", "a facility id is 1 to 64 letters, digits, dots, dashes and underscores");
}

absl::StatusOr<Credentials> LoadCredentials(const CredentialFiles& files) {
  Credentials loaded;
  TJ_ASSIGN_OR_RETURN(loaded.certificate_chain,
                      ReadNamed(files.certificate_chain, FileMode::kPublic));
  TJ_ASSIGN_OR_RETURN(loaded.private_key, ReadNamed(files.private_key, FileMode::kSecret));
  TJ_ASSIGN_OR_RETURN(loaded.authorities, ReadNamed(files.authorities, FileMode::kPublic));
  const auto chain = CertificatesFromPem(loaded.certificate_chain);
  if (!chain.ok()) return OfFile(files.certificate_chain, chain.status().message());
  const auto key = PrivateKeyFromPem(loaded.private_key);
  if (!key.ok()) return OfFile(files.private_key, key.status().message());
  const auto roots = CertificatesFromPem(loaded.authorities);
  if (!roots.ok()) return OfFile(files.authorities, roots.status().message());
  X509* own = chain->front().get();
  const bool belongs = X509_check_private_key(own, key->get()) == 1;
  DropErrors();
  if (!belongs) return OfFile(files.private_key, "is not the key of the certificate");
  loaded.expiry = ToTime(X509_get0_notAfter(own));
  return loaded;
}

absl::StatusOr<absl::Time> ExpiryOf(std::string_view pem) {
  TJ_ASSIGN_OR_RETURN(const auto chain, CertificatesFromPem(pem));
  return ToTime(X509_get0_notAfter(chain.front().get()));
}

int64_t DaysLeft(absl::Time expiry, absl::Time now) {
  return static_cast<int64_t>(std::floor(absl::ToDoubleHours(expiry - now) / 24));
}

}  // namespace tongjian::security
