#include "common/security/authority.h"

#include "common/base/status.h"
#include "common/security/certificate.h"
#include "common/security/key_file.h"
#include "common/security/openssl.h"
#include "common/security/tls.h"
#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kDay = absl::Hours(24);

class AuthorityTest : public InDirectory {
 protected:
  void SetUp() override {
    InDirectory::SetUp();
    authority_ = Make("ca");
  }
  std::unique_ptr<Authority> Make(const std::string& name) {
    auto made = Authority::Create(Path(name), "Jinhua test", clock_);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  Issued Gateway(absl::Duration validity = 90 * kDay) {
    return *authority_->IssueWithNewKey({MachineRole::kGateway, "jinhua-f1", {}, {}}, validity);
  }
  absl::StatusOr<PeerIdentity> Verified(const std::string& pem) {
    return VerifyPeer(pem, authority_->certificate_pem(), clock_.Now());
  }

  std::unique_ptr<Authority> authority_;
};

TEST_F(AuthorityTest, IsReadBackFromItsDirectory) {
  const auto again = Authority::Open(Path("ca"), clock_);
  ASSERT_OK(again) << again.status();
  EXPECT_EQ(authority_->certificate_pem(), (*again)->certificate_pem());
  EXPECT_EQ(0600, Mode(Path("ca/ca.key")));
  EXPECT_EQ(authority_->certificate_pem(), Content(Path("ca/ca.pem")));
  EXPECT_THAT(Content(Path("ca/ca.pem")), Not(HasSubstr("PRIVATE")));
  EXPECT_GT(DaysLeft(authority_->Expiry(), clock_.Now()), 3640);
}

TEST_F(AuthorityTest, IsNotReplacedByAnother) {
  const auto second = Authority::Create(Path("ca"), "Another", clock_);
  EXPECT_CODE(kFailedPrecondition, second);
  EXPECT_EQ("ALREADY_EXISTS", base::DetailOf(second.status()).reason);
  EXPECT_EQ(authority_->certificate_pem(),
            (*Authority::Open(Path("ca"), clock_))->certificate_pem());
}

TEST_F(AuthorityTest, IsNotOpenedWhenItsFileIsMissingDamagedOrOpenToOthers) {
  EXPECT_CODE(kFailedPrecondition, Authority::Open(Path("none"), clock_));
  const std::string both = Content(Path("ca/ca.key"));
  ASSERT_OK(WriteDurably(Path("ca/ca.key"), both.substr(0, both.size() - 40), FileMode::kSecret));
  const auto damaged = Authority::Open(Path("ca"), clock_);
  EXPECT_CODE(kFailedPrecondition, damaged);
  EXPECT_THAT(std::string(damaged.status().message()), Not(HasSubstr("BEGIN")));
  ASSERT_OK(WriteDurably(Path("ca/ca.key"), both, FileMode::kPublic));
  EXPECT_CODE(kFailedPrecondition, Authority::Open(Path("ca"), clock_));
}

TEST_F(AuthorityTest, IsNotOpenedWithAnotherAuthoritysKey) {
  const auto other = Make("other");
  const std::string theirs = Content(Path("other/ca.key"));
  const std::string key = theirs.substr(0, theirs.find("-----BEGIN CERTIFICATE"));
  ASSERT_OK(
      WriteDurably(Path("ca/ca.key"), key + authority_->certificate_pem(), FileMode::kSecret));
  EXPECT_CODE(kFailedPrecondition, Authority::Open(Path("ca"), clock_));
}

TEST_F(AuthorityTest, IssuesCertificatesThatNameFacilityAndRole) {
  const Issued issued = Gateway();
  const auto peer = Verified(issued.certificate_pem);
  ASSERT_OK(peer) << peer.status();
  EXPECT_EQ("jinhua-f1", peer->facility_id);
  EXPECT_EQ(MachineRole::kGateway, peer->role);
  EXPECT_EQ(issued.serial, peer->serial);
  EXPECT_EQ(32u, peer->serial.size());
  EXPECT_EQ(clock_.Now() + 90 * kDay, peer->expiry);
  EXPECT_EQ(issued.expiry, peer->expiry);
  EXPECT_THAT(issued.private_key_pem, HasSubstr("PRIVATE KEY"));
}

TEST_F(AuthorityTest, NeverGivesASerialTwice) { EXPECT_NE(Gateway().serial, Gateway().serial); }

TEST_F(AuthorityTest, IssuesServersTheirNames) {
  const auto issued = authority_->IssueWithNewKey(
      {MachineRole::kHub, "jinhua", {"hub.example.cn", "localhost"}, {"127.0.0.1", "::1"}}, kDay);
  ASSERT_OK(issued) << issued.status();
  const auto certificates = CertificatesFromPem(issued->certificate_pem);
  X509* certificate = certificates->front().get();
  EXPECT_EQ(1, X509_check_host(certificate, "hub.example.cn", 0, 0, nullptr));
  EXPECT_EQ(1, X509_check_ip_asc(certificate, "127.0.0.1", 0));
  EXPECT_EQ(1, X509_check_ip_asc(certificate, "::1", 0));
  EXPECT_EQ(0, X509_check_host(certificate, "evil.example.cn", 0, 0, nullptr));
  EXPECT_EQ(1, X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0));
}

TEST_F(AuthorityTest, DoesNotMakeAGatewayAServerWithoutNames) {
  const auto certificates = CertificatesFromPem(Gateway().certificate_pem);
  EXPECT_EQ(0, X509_check_purpose(certificates->front().get(), X509_PURPOSE_SSL_SERVER, 0));
  EXPECT_EQ(1, X509_check_purpose(certificates->front().get(), X509_PURPOSE_SSL_CLIENT, 0));
}

TEST_F(AuthorityTest, RefusesSubjectsThatCouldSayMoreThanTheyShould) {
  const auto refused = [&](const Subject& subject) {
    EXPECT_CODE(kInvalidArgument, authority_->IssueWithNewKey(subject, kDay));
  };
  refused({MachineRole::kNone, "f1", {}, {}});
  refused({MachineRole::kHis, "", {}, {}});
  refused({MachineRole::kHis, "f1:hub", {}, {}});
  refused({MachineRole::kHis, "f1,URI:urn:tongjian:facility:f2:hub", {}, {}});
  refused({MachineRole::kHis, std::string("f1\0", 3), {}, {}});
  refused({MachineRole::kHis, std::string(65, 'f'), {}, {}});
  refused({MachineRole::kHub, "f1", {"a.cn,URI:urn:tongjian:facility:f2:hub"}, {}});
  refused({MachineRole::kHub, "f1", {"a b"}, {}});
  refused({MachineRole::kHub, "f1", {""}, {}});
  refused({MachineRole::kHub, "f1", {}, {"1.2.3"}});
  refused({MachineRole::kHub, "f1", {}, {"1.2.3.4,DNS:evil"}});
}

TEST_F(AuthorityTest, RefusesAValidityOutsideItsLimits) {
  const Subject subject = {MachineRole::kHis, "f1", {}, {}};
  EXPECT_CODE(kInvalidArgument, authority_->IssueWithNewKey(subject, absl::ZeroDuration()));
  EXPECT_CODE(kInvalidArgument, authority_->IssueWithNewKey(subject, -kDay));
  EXPECT_CODE(kInvalidArgument, authority_->IssueWithNewKey(subject, 826 * kDay));
}

TEST_F(AuthorityTest, IssuesNothingThatOutlivesIt) {
  clock_.JumpTo(authority_->Expiry() - 10 * kDay);
  EXPECT_EQ(authority_->Expiry(), Gateway().expiry);
}

TEST_F(AuthorityTest, CertifiesARequestsKeyAndNothingElseOfIt) {
  const auto request = MakeKeyAndRequest("urn:tongjian:facility:f9:hub");
  ASSERT_OK(request);
  const auto issued =
      authority_->IssueFromCsr(request->request_pem, {MachineRole::kHis, "f1", {}, {}}, kDay);
  ASSERT_OK(issued) << issued.status();
  EXPECT_TRUE(issued->private_key_pem.empty());
  const auto peer = Verified(issued->certificate_pem);
  ASSERT_OK(peer);
  EXPECT_EQ("f1", peer->facility_id);
  EXPECT_EQ(MachineRole::kHis, peer->role);
  const auto key = PrivateKeyFromPem(request->private_key_pem);
  const auto certificate = CertificatesFromPem(issued->certificate_pem);
  EXPECT_EQ(1, X509_check_private_key(certificate->front().get(), key->get()));
}

TEST_F(AuthorityTest, RefusesRequestsThatAreBrokenForgedOrWeak) {
  const Subject subject = {MachineRole::kHis, "f1", {}, {}};
  const auto refused = [&](const std::string& pem) {
    EXPECT_CODE(kInvalidArgument, authority_->IssueFromCsr(pem, subject, kDay));
  };
  refused("");
  refused("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n");
  const KeyPtr weak(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{1024}));
  refused(RequestToPem(MakeRequest("weak", weak.get()).get()));
  const KeyPtr odd(EVP_EC_gen("secp256k1"));
  refused(RequestToPem(MakeRequest("odd curve", odd.get()).get()));
  // Another's public key under one's own signature.
  const KeyPtr mine = NewP256Key();
  const KeyPtr theirs = NewP256Key();
  const RequestPtr forged = MakeRequest("forged", mine.get());
  X509_REQ_set_pubkey(forged.get(), theirs.get());
  X509_REQ_sign(forged.get(), mine.get(), EVP_sha256());
  refused(RequestToPem(forged.get()));
}

TEST_F(AuthorityTest, TakesRequestsWithStrongKeysOfOtherKinds) {
  const KeyPtr rsa(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048}));
  const KeyPtr p384(EVP_EC_gen("P-384"));
  for (EVP_PKEY* key : {rsa.get(), p384.get()}) {
    const std::string pem = RequestToPem(MakeRequest("strong", key).get());
    EXPECT_TRUE(authority_->IssueFromCsr(pem, {MachineRole::kHis, "f1", {}, {}}, kDay).ok());
  }
}

TEST_F(AuthorityTest, RenewsTheSameSubjectForANewKey) {
  const auto first = authority_->IssueWithNewKey(
      {MachineRole::kGateway, "f1", {"gw.clinic.cn"}, {"10.0.0.1", "fd00::1"}}, 30 * kDay);
  clock_.Advance(20 * kDay);
  const auto request = MakeKeyAndRequest("anything");
  const auto second = authority_->Renew(first->certificate_pem, request->request_pem, 30 * kDay);
  ASSERT_OK(second) << second.status();
  EXPECT_NE(first->serial, second->serial);
  EXPECT_EQ(clock_.Now() + 30 * kDay, second->expiry);
  const auto peer = Verified(second->certificate_pem);
  EXPECT_EQ("f1", peer->facility_id);
  EXPECT_EQ(MachineRole::kGateway, peer->role);
  const auto certificates = CertificatesFromPem(second->certificate_pem);
  const HostNames hosts = HostNamesOf(certificates->front().get());
  EXPECT_THAT(hosts.dns_names, ElementsAre("gw.clinic.cn"));
  EXPECT_THAT(hosts.ip_addresses, ElementsAre("10.0.0.1", "fd00::1"));
}

TEST_F(AuthorityTest, DoesNotRenewWhatIsExpiredRevokedOrNotItsOwn) {
  const auto request = MakeKeyAndRequest("gw");
  const auto renew = [&](const std::string& pem) {
    return authority_->Renew(pem, request->request_pem, kDay);
  };
  const Issued revoked = Gateway();
  ASSERT_OK(authority_->Revoke(revoked.serial));
  EXPECT_CODE(kUnauthenticated, renew(revoked.certificate_pem));
  const auto other = Make("other");
  const auto foreign = other->IssueWithNewKey({MachineRole::kGateway, "f1", {}, {}}, kDay);
  EXPECT_CODE(kUnauthenticated, renew(foreign->certificate_pem));
  const Issued old = Gateway(kDay);
  clock_.Advance(kDay + absl::Seconds(1));
  EXPECT_CODE(kUnauthenticated, renew(old.certificate_pem));
  EXPECT_CODE(kUnauthenticated, renew(authority_->certificate_pem()));
}

TEST_F(AuthorityTest, RemembersWhatItRevoked) {
  const Issued issued = Gateway();
  EXPECT_FALSE(authority_->IsRevoked(issued.serial));
  ASSERT_OK(authority_->Revoke(issued.serial));
  ASSERT_OK(authority_->Revoke(issued.serial));
  EXPECT_TRUE(authority_->IsRevoked(issued.serial));
  const auto again = Authority::Open(Path("ca"), clock_);
  EXPECT_TRUE((*again)->IsRevoked(issued.serial));
  EXPECT_CODE(kInvalidArgument, authority_->Revoke("not a serial"));
}

TEST_F(AuthorityTest, IssuesSigningKeysThatAreNoTlsIdentity) {
  const auto issued = authority_->IssueSigning("jinhua", 365 * kDay);
  ASSERT_OK(issued) << issued.status();
  EXPECT_CODE(kUnauthenticated, Verified(issued->certificate_pem));
  EXPECT_CODE(kUnauthenticated, ParsePeer(issued->certificate_pem));
}

class RevocationTest : public InDirectory {};

TEST_F(RevocationTest, ListsOfTwoProcessesGrowTogether) {
  const auto one = *RevocationList::Open(Path("revoked.txt"));
  const auto two = *RevocationList::Open(Path("revoked.txt"));
  ASSERT_OK(one->Add("0a"));
  ASSERT_OK(two->Add("0b"));
  EXPECT_TRUE(two->Contains("0a"));
  EXPECT_FALSE(one->Contains("0b"));
  ASSERT_OK(one->Reload());
  EXPECT_TRUE(one->Contains("0b"));
}

TEST_F(RevocationTest, AListThatCannotBeReadIsNoEmptyList) {
  ASSERT_OK(WriteDurably(Path("revoked.txt"), "# heading\n\n0a\nwhat?\n", FileMode::kPublic));
  EXPECT_CODE(kFailedPrecondition, RevocationList::Open(Path("revoked.txt")));
}

TEST_F(RevocationTest, KeepsItsListWhenReadingAgainFails) {
  const auto list = *RevocationList::Open(Path("revoked.txt"));
  ASSERT_OK(list->Add("0a"));
  ASSERT_OK(WriteDurably(Path("revoked.txt"), "what?", FileMode::kPublic));
  EXPECT_CODE(kFailedPrecondition, list->Reload());
  EXPECT_TRUE(list->Contains("0a"));
}

}  // namespace
}  // namespace tongjian::security
