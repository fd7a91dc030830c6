#include "common/security/authority.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/security/certificate.h"
#include "common/security/encoding.h"
#include "common/security/key_file.h"
#include "common/security/openssl.h"
#include "common/security/signing_role.h"
#include "common/security/tls.h"

namespace tongjian::security {
namespace {

// A gateway's clock may be behind ours.
constexpr absl::Duration kBackdate = absl::Minutes(5);
constexpr size_t kNameMax = 64;
constexpr char kNoAuthority[] = "critical,CA:FALSE";

// Key and certificate lie in one file, which appears whole or not at all; ca.pem is the copy to
// hand out.
std::string SecretPath(const std::string& directory) { return directory + "/ca.key"; }
std::string PublicPath(const std::string& directory) { return directory + "/ca.pem"; }
std::string RevokedPath(const std::string& directory) { return directory + "/revoked.txt"; }

absl::Status Refused(const char* why) {
  return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
                     absl::StrCat("the present certificate ", why));
}

absl::Status CheckSubject(const Subject& subject) {
  TJ_TRY(CheckFacilityId(subject.facility_id));
  if (subject.role == MachineRole::kNone) {
    return base::InvalidField("role", "a machine's certificate needs a role");
  }
  return CheckNames(subject.dns_names, subject.ip_addresses);
}

absl::Status CheckValidity(absl::Duration validity) {
  if (validity > absl::ZeroDuration() && validity <= Authority::kMaxValidity) {
    return absl::OkStatus();
  }
  return base::InvalidField("validity",
                            "a certificate is valid for more than 0 and at most 825 days");
}

CertificateSpec RootSpec(std::string_view name, absl::Time now) {
  CertificateSpec spec;
  spec.common_name = name;
  spec.basic_constraints = "critical,CA:TRUE,pathlen:0";
  spec.key_usage = "critical,keyCertSign,cRLSign";
  spec.not_before = now - kBackdate;
  spec.not_after = now + Authority::kOwnLife;
  return spec;
}

CertificateSpec MachineSpec(const Subject& subject) {
  CertificateSpec spec;
  spec.common_name = subject.facility_id;
  spec.unit = Name(subject.role);
  spec.alternative_names = absl::StrCat("URI:", IdentityUri(subject.facility_id, subject.role));
  for (const auto& name : subject.dns_names)
    absl::StrAppend(&spec.alternative_names, ",DNS:", name);
  for (const auto& ip : subject.ip_addresses) absl::StrAppend(&spec.alternative_names, ",IP:", ip);
  spec.basic_constraints = kNoAuthority;
  spec.key_usage = "critical,digitalSignature";
  const bool serves = !subject.dns_names.empty() || !subject.ip_addresses.empty();
  spec.extended_key_usage = serves ? "serverAuth,clientAuth" : "clientAuth";
  return spec;
}

absl::StatusOr<std::string> ReadAuthorityFile(const std::string& path) {
  auto text = ReadSmallFile(path, FileMode::kSecret);
  if (!text.ok()) return absl::FailedPreconditionError(text.status().message());
  return text;
}

}  // namespace

struct Authority::Parts {
  KeyPtr key;
  CertificatePtr certificate;
  std::string pem;
  absl::Time expiry;

  Issued Issue(CertificateSpec spec, EVP_PKEY* subject_key, absl::Time now,
               absl::Duration validity) const {
    spec.not_before = now - kBackdate;
    spec.not_after = std::min(now + validity, expiry);
    const CertificatePtr made = MakeCertificate(spec, subject_key, certificate.get(), key.get());
    return {CertificateToPem(made.get()), "", SerialOf(made.get()),
            ToTime(X509_get0_notAfter(made.get()))};
  }
};

Authority::Authority(std::unique_ptr<Parts> parts, std::unique_ptr<RevocationList> revoked,
                     const base::Clock& clock)
    : parts_(std::move(parts)), revoked_(std::move(revoked)), clock_(clock) {}

Authority::~Authority() = default;

absl::StatusOr<KeyAndRequest> MakeKeyAndRequest(std::string_view common_name) {
  if (!IsPlainId(common_name, kNameMax)) {
    return base::InvalidField("common_name", "a name is 1 to 64 bytes without control characters");
  }
  const KeyPtr key = NewP256Key();
  const RequestPtr request = MakeRequest(common_name, key.get());
  return KeyAndRequest{PrivateKeyToPem(key.get()), RequestToPem(request.get())};
}

absl::StatusOr<std::unique_ptr<Authority>> Authority::Create(const std::string& directory,
                                                             std::string_view name,
                                                             const base::Clock& clock) {
  if (!IsPlainId(name, kNameMax)) {
    return base::InvalidField("name", "a name is 1 to 64 bytes without control characters");
  }
  TJ_TRY(MakeDirectory(directory));
  const KeyPtr key = NewP256Key();
  const CertificatePtr root =
      MakeCertificate(RootSpec(name, clock.Now()), key.get(), nullptr, key.get());
  const std::string both = PrivateKeyToPem(key.get()) + CertificateToPem(root.get());
  const absl::Status created = CreateDurably(SecretPath(directory), both, FileMode::kSecret);
  if (absl::IsAlreadyExists(created)) {
    return base::Conflict("ALREADY_EXISTS", absl::StrCat(directory, " already holds an authority"));
  }
  TJ_TRY(created);
  return Open(directory, clock);
}

absl::StatusOr<std::unique_ptr<Authority>> Authority::Open(const std::string& directory,
                                                           const base::Clock& clock) {
  const std::string path = SecretPath(directory);
  TJ_ASSIGN_OR_RETURN(const std::string text, ReadAuthorityFile(path));
  auto key = PrivateKeyFromPem(text);
  auto certificates = CertificatesFromPem(text);
  const bool sound = key.ok() && certificates.ok() &&
                     X509_check_private_key(certificates->front().get(), key->get()) == 1 &&
                     X509_check_ca(certificates->front().get()) == 1;
  DropErrors();
  if (!sound) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " does not hold an authority's key and its certificate"));
  }
  auto parts = std::make_unique<Parts>();
  parts->key = *std::move(key);
  parts->certificate = std::move(certificates->front());
  parts->pem = CertificateToPem(parts->certificate.get());
  parts->expiry = ToTime(X509_get0_notAfter(parts->certificate.get()));
  if (const auto copy = ReadSmallFile(PublicPath(directory), FileMode::kPublic);
      !copy.ok() || *copy != parts->pem) {
    TJ_TRY(WriteDurably(PublicPath(directory), parts->pem, FileMode::kPublic));
  }
  TJ_ASSIGN_OR_RETURN(auto revoked, RevocationList::Open(RevokedPath(directory)));
  return std::unique_ptr<Authority>(new Authority(std::move(parts), std::move(revoked), clock));
}

absl::StatusOr<Issued> Authority::IssueFromCsr(std::string_view request_pem, const Subject& subject,
                                               absl::Duration validity) const {
  TJ_TRY(CheckSubject(subject));
  TJ_TRY(CheckValidity(validity));
  TJ_ASSIGN_OR_RETURN(const RequestPtr request, RequestFromPem(request_pem));
  TJ_ASSIGN_OR_RETURN(const KeyPtr key, CheckRequest(request.get()));
  return parts_->Issue(MachineSpec(subject), key.get(), clock_.Now(), validity);
}

absl::StatusOr<Issued> Authority::IssueWithNewKey(const Subject& subject,
                                                  absl::Duration validity) const {
  TJ_TRY(CheckSubject(subject));
  TJ_TRY(CheckValidity(validity));
  const KeyPtr key = NewP256Key();
  Issued issued = parts_->Issue(MachineSpec(subject), key.get(), clock_.Now(), validity);
  issued.private_key_pem = PrivateKeyToPem(key.get());
  return issued;
}

absl::StatusOr<Issued> Authority::Renew(std::string_view current_pem, std::string_view request_pem,
                                        absl::Duration validity) const {
  TJ_ASSIGN_OR_RETURN(const PeerIdentity peer, VerifyPeer(current_pem, parts_->pem, clock_.Now()));
  if (revoked_->Contains(peer.serial)) return Refused("is revoked");
  TJ_ASSIGN_OR_RETURN(const auto current, CertificatesFromPem(current_pem));
  HostNames hosts = HostNamesOf(current.front().get());
  const Subject subject = {peer.role, peer.facility_id, std::move(hosts.dns_names),
                           std::move(hosts.ip_addresses)};
  return IssueFromCsr(request_pem, subject, validity);
}

absl::StatusOr<Issued> Authority::IssueSigning(std::string_view facility_id,
                                               absl::Duration validity) const {
  TJ_TRY(CheckFacilityId(facility_id));
  TJ_TRY(CheckValidity(validity));
  CertificateSpec spec;
  spec.common_name = facility_id;
  spec.unit = kSigningRole;
  spec.alternative_names =
      absl::StrCat("URI:urn:tongjian:facility:", ToAbsl(facility_id), ":", ToAbsl(kSigningRole));
  spec.basic_constraints = kNoAuthority;
  spec.key_usage = "critical,digitalSignature,nonRepudiation";
  spec.extended_key_usage = absl::StrCat("critical,", kDocumentSigning);
  const KeyPtr key = NewEd25519Key();
  Issued issued = parts_->Issue(std::move(spec), key.get(), clock_.Now(), validity);
  issued.private_key_pem = PrivateKeyToPem(key.get());
  return issued;
}

absl::Status Authority::Revoke(std::string_view serial) { return revoked_->Add(serial); }
bool Authority::IsRevoked(std::string_view serial) const { return revoked_->Contains(serial); }
const std::string& Authority::certificate_pem() const { return parts_->pem; }
absl::Time Authority::Expiry() const { return parts_->expiry; }

}  // namespace tongjian::security
