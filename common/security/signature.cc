#include "common/security/signature.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/security/digest.h"
#include "common/security/encoding.h"
#include "common/security/key_file.h"
#include "common/security/openssl.h"
#include "common/security/signing_role.h"

namespace tongjian::security {

const char kBuiltInSignatureNote[] =
    "Signed with a key of this hub, not with a key that the signing person alone holds and "
    "controls. It shows any change made after signing. It is not offered as a reliable electronic "
    "signature within the meaning of article 13 of the Electronic Signature Law of the People's "
    "Republic of China; where one is required, connect a licensed certification authority. "
    "由本中心的系统密钥签署，并非由签名人专有和控制的签名制作数据；可发现签署后的改动，"
    "但不作为《中华人民共和国电子签名法》第十三条所称的可靠的电子签名；需要时请接入依法设立的电子认"
    "证服务机构。";

namespace {

constexpr char kAlgorithm[] = "EdDSA-Ed25519";

// What is signed. Each field carries its length, so that no two different reports share one text.
std::string SignedText(std::string_view canonical, const SignerIdentity& signer, absl::Time time) {
  std::string text = "tongjian report signature 1\n";
  const std::string micros = absl::StrCat(absl::ToUnixMicros(time));
  for (const std::string& field : {Sha256Text(canonical), signer.user_id, signer.practitioner_id,
                                   signer.facility_id, micros}) {
    absl::StrAppend(&text, field.size(), ":", field, "\n");
  }
  return text;
}

absl::Status Untrusted(const char* why) {
  return absl::FailedPreconditionError(absl::StrCat("the signature's certificate ", why));
}

bool MaySign(X509* certificate) {
  const std::unique_ptr<EXTENDED_KEY_USAGE, Freeing<EXTENDED_KEY_USAGE_free>> usages(
      static_cast<EXTENDED_KEY_USAGE*>(
          X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  DropErrors();
  for (int i = 0; usages != nullptr && i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    char oid[64] = {};
    OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(usages.get(), i), 1);
    if (std::string_view(oid) == kDocumentSigning) return true;
  }
  return false;
}

class BuiltInSigner : public Signer {
 public:
  BuiltInSigner(KeyPtr key, std::string certificate_pem, std::vector<CertificatePtr> roots,
                const base::Clock& clock)
      : key_(std::move(key)),
        certificate_pem_(std::move(certificate_pem)),
        roots_(std::move(roots)),
        clock_(clock) {}

  absl::StatusOr<Signature> Sign(std::string_view canonical,
                                 const SignerIdentity& signer) override {
    const absl::Time now = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now()));
    // Paired with Verify: what could not be verified is not signed, an expired key above all.
    TJ_TRY(CheckCertificate(certificate_pem_, now).status());
    return Signature{kAlgorithm,
                     certificate_pem_,
                     SignText(key_.get(), nullptr, SignedText(canonical, signer, now)),
                     signer,
                     now,
                     kBuiltInSignatureNote};
  }

  absl::Status Verify(std::string_view canonical, const Signature& signature) const override {
    if (signature.algorithm != kAlgorithm) {
      return absl::FailedPreconditionError("the signature's algorithm is not EdDSA-Ed25519");
    }
    TJ_ASSIGN_OR_RETURN(const CertificatePtr certificate,
                        CheckCertificate(signature.certificate_pem, signature.time));
    EVP_PKEY* key = X509_get0_pubkey(certificate.get());
    if (key == nullptr || !EVP_PKEY_is_a(key, "ED25519"))
      return Untrusted("holds another kind of key");
    const std::string text = SignedText(canonical, signature.signer, signature.time);
    if (!VerifyText(key, nullptr, text, signature.value)) {
      return absl::DataLossError("the signature does not fit the report, its signer and its time");
    }
    return absl::OkStatus();
  }

  std::string_view note() const override { return kBuiltInSignatureNote; }

 private:
  absl::StatusOr<CertificatePtr> CheckCertificate(const std::string& pem, absl::Time time) const {
    auto chain = CertificatesFromPem(pem);
    if (!chain.ok()) return Untrusted("is unreadable");
    if (!VerifyChain(*chain, roots_, time, Usage::kAny).ok()) {
      return Untrusted("is not our authority's, or was not valid at the time of signing");
    }
    if (!MaySign(chain->front().get())) return Untrusted("is not for signing reports");
    return std::move(chain->front());
  }

  const KeyPtr key_;
  const std::string certificate_pem_;
  const std::vector<CertificatePtr> roots_;
  const base::Clock& clock_;
};

absl::Status OfFile(const std::string& path, const absl::Status& why) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", why.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Signer>> OpenBuiltInSigner(const BuiltInSignerFiles& files,
                                                          const base::Clock& clock) {
  const auto key_pem = ReadSmallFile(files.private_key, FileMode::kSecret);
  if (!key_pem.ok()) return OfFile(files.private_key, key_pem.status());
  const auto certificate_pem = ReadSmallFile(files.certificate, FileMode::kPublic);
  if (!certificate_pem.ok()) return OfFile(files.certificate, certificate_pem.status());
  const auto roots_pem = ReadSmallFile(files.authorities, FileMode::kPublic);
  if (!roots_pem.ok()) return OfFile(files.authorities, roots_pem.status());
  auto key = PrivateKeyFromPem(*key_pem);
  if (!key.ok()) return OfFile(files.private_key, key.status());
  const auto certificates = CertificatesFromPem(*certificate_pem);
  if (!certificates.ok()) return OfFile(files.certificate, certificates.status());
  auto roots = CertificatesFromPem(*roots_pem);
  if (!roots.ok()) return OfFile(files.authorities, roots.status());
  const bool belongs = EVP_PKEY_is_a(key->get(), "ED25519") &&
                       X509_check_private_key(certificates->front().get(), key->get()) == 1;
  DropErrors();
  if (!belongs) {
    return absl::FailedPreconditionError(
        absl::StrCat(files.private_key, " is not the Ed25519 key of ", files.certificate));
  }
  return std::unique_ptr<Signer>(
      std::make_unique<BuiltInSigner>(*std::move(key), *certificate_pem, *std::move(roots), clock));
}

}  // namespace tongjian::security
