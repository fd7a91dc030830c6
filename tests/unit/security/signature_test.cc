#include "common/security/signature.h"

#include "common/security/authority.h"
#include "common/security/certificate.h"
#include "common/security/key_file.h"
#include "common/security/openssl.h"
#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr char kReport[] = "canonical bytes of a report";

class SignatureTest : public InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    authority_ = *Authority::Create(Path("ca"), "Test", clock_);
    Write(*authority_->IssueSigning("jinhua", 365 * kDay));
    auto signer = Open();
    ASSERT_OK(signer) << signer.status();
    signer_ = *std::move(signer);
    signature_ = *signer_->Sign(kReport, {"u1", "p1", "f1"});
  }
  void Write(const Issued& issued) {
    ASSERT_OK(WriteDurably(Path("sign.key"), issued.private_key_pem, FileMode::kSecret));
    ASSERT_OK(WriteDurably(Path("sign.pem"), issued.certificate_pem, FileMode::kPublic));
  }
  absl::StatusOr<std::unique_ptr<Signer>> Open() {
    return OpenBuiltInSigner({Path("sign.key"), Path("sign.pem"), Path("ca/ca.pem")}, clock_);
  }

  std::unique_ptr<Authority> authority_;
  std::unique_ptr<Signer> signer_;
  Signature signature_;
};

TEST_F(SignatureTest, FitsWhatWasSigned) {
  EXPECT_TRUE(signer_->Verify(kReport, signature_).ok());
  EXPECT_EQ("EdDSA-Ed25519", signature_.algorithm);
  EXPECT_EQ("p1", signature_.signer.practitioner_id);
  EXPECT_EQ(clock_.Now(), signature_.time);
}

TEST_F(SignatureTest, DoesNotFitAnythingThatWasChanged) {
  EXPECT_CODE(kDataLoss, signer_->Verify("canonical bytes of a repors", signature_));
  EXPECT_CODE(kDataLoss, signer_->Verify("", signature_));
  const auto changed = [&](auto change) {
    Signature signature = signature_;
    change(signature);
    EXPECT_CODE(kDataLoss, signer_->Verify(kReport, signature));
  };
  changed([](Signature& s) { s.signer.user_id = "u2"; });
  changed([](Signature& s) { s.signer.practitioner_id = "p2"; });
  changed([](Signature& s) { s.signer.facility_id = "f2"; });
  changed([](Signature& s) { s.time += absl::Microseconds(1); });
  changed([](Signature& s) { s.value[0] ^= 1; });
  changed([](Signature& s) { s.value.clear(); });
}

// Fields that run into one another must not read the same.
TEST_F(SignatureTest, DoesNotFitAnotherDivisionOfTheSameIds) {
  Signature signature = *signer_->Sign(kReport, {"ab", "c", ""});
  signature.signer = {"a", "bc", ""};
  EXPECT_CODE(kDataLoss, signer_->Verify(kReport, signature));
}

TEST_F(SignatureTest, IsRefusedUnderAnUnknownAlgorithm) {
  signature_.algorithm = "none";
  EXPECT_CODE(kFailedPrecondition, signer_->Verify(kReport, signature_));
}

TEST_F(SignatureTest, IsRefusedUnderAnothersCertificate) {
  const auto other = *Authority::Create(Path("other"), "Test", clock_);
  signature_.certificate_pem = other->IssueSigning("jinhua", kDay)->certificate_pem;
  EXPECT_CODE(kFailedPrecondition, signer_->Verify(kReport, signature_));
  signature_.certificate_pem = "";
  EXPECT_CODE(kFailedPrecondition, signer_->Verify(kReport, signature_));
}

TEST_F(SignatureTest, IsRefusedUnderACertificateThatIsNotForSigning) {
  const auto gateway = authority_->IssueWithNewKey({MachineRole::kGateway, "f1", {}, {}}, kDay);
  signature_.certificate_pem = gateway->certificate_pem;
  EXPECT_CODE(kFailedPrecondition, signer_->Verify(kReport, signature_));
}

TEST_F(SignatureTest, IsNotMadeUnderACertificateForAnotherUse) {
  const std::string both = Content(Path("ca/ca.key"));
  const KeyPtr root_key = *PrivateKeyFromPem(both);
  const auto roots = *CertificatesFromPem(both);
  CertificateSpec spec;
  spec.common_name = "jinhua";
  spec.basic_constraints = "critical,CA:FALSE";
  spec.extended_key_usage = "clientAuth";
  spec.not_before = clock_.Now();
  spec.not_after = clock_.Now() + kDay;
  const KeyPtr key = NewEd25519Key();  // The right kind of key, in a certificate for TLS.
  const auto made = MakeCertificate(spec, key.get(), roots.front().get(), root_key.get());
  Write({CertificateToPem(made.get()), PrivateKeyToPem(key.get()), "", spec.not_after});
  const auto signer = Open();
  ASSERT_OK(signer) << signer.status();
  EXPECT_CODE(kFailedPrecondition, (*signer)->Sign(kReport, {"u1", "p1", "f1"}));
}

TEST_F(SignatureTest, IsStillVerifiedYearsAfterItsCertificateEnded) {
  clock_.Advance(9 * 365 * kDay);
  EXPECT_TRUE(signer_->Verify(kReport, signature_).ok());
}

TEST_F(SignatureTest, IsRefusedWhenItsTimeIsOutsideItsCertificates) {
  signature_.time += 366 * kDay;
  EXPECT_CODE(kFailedPrecondition, signer_->Verify(kReport, signature_));
}

TEST_F(SignatureTest, IsVerifiedByAnotherKeysSignerOfTheSameAuthority) {
  Write(*authority_->IssueSigning("jinhua", 365 * kDay));
  const auto next = *Open();
  EXPECT_TRUE(next->Verify(kReport, signature_).ok());
}

TEST_F(SignatureTest, IsNotMadeWithAnExpiredCertificate) {
  clock_.Advance(366 * kDay);
  EXPECT_CODE(kFailedPrecondition, signer_->Sign(kReport, {"u1", "p1", "f1"}));
}

TEST_F(SignatureTest, SaysThatItIsNoReliableElectronicSignature) {
  EXPECT_THAT(std::string(signer_->note()), HasSubstr("article 13"));
  EXPECT_THAT(signature_.key_note, HasSubstr("不作为《中华人民共和国电子签名法》第十三条"));
}

TEST_F(SignatureTest, NeedsFilesThatBelongTogether) {
  const auto issued = authority_->IssueSigning("jinhua", kDay);
  ASSERT_OK(WriteDurably(Path("sign.key"), issued->private_key_pem, FileMode::kSecret));
  EXPECT_CODE(kFailedPrecondition, Open());
  Write(*authority_->IssueWithNewKey({MachineRole::kGateway, "f1", {}, {}}, kDay));
  EXPECT_CODE(kFailedPrecondition, Open());
  std::filesystem::remove(Path("sign.key"));
  EXPECT_CODE(kFailedPrecondition, Open());
}

}  // namespace
}  // namespace tongjian::security
