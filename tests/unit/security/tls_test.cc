#include "common/security/tls.h"

#include <openssl/pem.h>

#include <vector>

#include "common/security/authority.h"
#include "common/security/certificate.h"
#include "common/security/key_file.h"
#include "common/security/openssl.h"
#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr char kGood[] = "urn:tongjian:facility:jinhua-f1:gateway";

class TlsTest : public InDirectory {
 protected:
  // A certificate of its own key that names these URIs, whatever they are.
  std::string Naming(const std::vector<std::string>& uris, bool is_authority = false) {
    CertificateSpec spec;
    spec.common_name = "test";
    spec.basic_constraints = is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
    spec.not_before = clock_.Now();
    spec.not_after = clock_.Now() + kDay;
    const KeyPtr key = NewP256Key();
    const CertificatePtr made = MakeCertificate(spec, key.get(), nullptr, key.get());
    const std::unique_ptr<GENERAL_NAMES, Freeing<GENERAL_NAMES_free>> names(GENERAL_NAMES_new());
    for (const std::string& uri : uris) {
      GENERAL_NAME* name = GENERAL_NAME_new();
      ASN1_IA5STRING* text = ASN1_IA5STRING_new();
      ASN1_STRING_set(text, uri.data(), static_cast<int>(uri.size()));
      GENERAL_NAME_set0_value(name, GEN_URI, text);
      sk_GENERAL_NAME_push(names.get(), name);
    }
    if (!uris.empty()) X509_add1_ext_i2d(made.get(), NID_subject_alt_name, names.get(), 0, 0);
    X509_sign(made.get(), key.get(), EVP_sha256());
    return CertificateToPem(made.get());
  }
};

TEST_F(TlsTest, AnIdentityIsReadFromItsUri) {
  const auto peer = ParsePeer(Naming({kGood}));
  ASSERT_OK(peer) << peer.status();
  EXPECT_EQ("jinhua-f1", peer->facility_id);
  EXPECT_EQ(MachineRole::kGateway, peer->role);
  EXPECT_EQ(clock_.Now() + kDay, peer->expiry);
  EXPECT_EQ(clock_.Now(), peer->not_before);
  const Caller caller = CallerOf(*peer);
  EXPECT_EQ(CallerKind::kMachine, caller.kind);
  EXPECT_EQ("gateway:jinhua-f1", Describe(caller));
  EXPECT_EQ(kGood, IdentityUri("jinhua-f1", MachineRole::kGateway));
}

TEST_F(TlsTest, AnIdentityMayStandBesideOtherUris) {
  EXPECT_TRUE(ParsePeer(Naming({"spiffe://county/gw", kGood})).ok());
}

TEST_F(TlsTest, AnIdentityIsRefusedWhenItsUriIsNotExactlyRight) {
  const std::string nul = std::string(kGood) + std::string("\0.evil", 6);
  const std::string inner_nul = std::string("urn:tongjian:facility:f1\0:gateway", 33);
  for (const std::string& uri :
       {std::string("urn:tongjian:facility:f1"), std::string("urn:tongjian:facility:f1:"),
        std::string("urn:tongjian:facility::gateway"),
        std::string("urn:tongjian:facility:f1:admin"), std::string("urn:tongjian:facility:f1:none"),
        std::string("urn:tongjian:facility:f1:Gateway"),
        std::string("urn:tongjian:facility:f1:gateway:hub"),
        std::string("urn:tongjian:facility:f1:hub:gateway"),
        std::string("URN:tongjian:facility:f1:gateway"),
        std::string("urn:tongjian:facility:f/../1:gateway"),
        std::string("urn:tongjian:facility:f 1:gateway"),
        std::string("urn:tongjian:facility:f1:signing"),
        std::string(" urn:tongjian:facility:f1:gateway"), std::string("https://example.cn/f1"),
        "urn:tongjian:facility:" + std::string(65, 'f') + ":gateway", nul, inner_nul}) {
    EXPECT_CODE(kUnauthenticated, ParsePeer(Naming({uri}))) << uri;
  }
}

TEST_F(TlsTest, AnIdentityIsRefusedWhenThereAreTwoOrNone) {
  EXPECT_CODE(kUnauthenticated, ParsePeer(Naming({kGood, "urn:tongjian:facility:f2:gateway"})));
  EXPECT_CODE(kUnauthenticated, ParsePeer(Naming({kGood, kGood})));
  EXPECT_CODE(kUnauthenticated, ParsePeer(Naming({})));
}

TEST_F(TlsTest, AnIdentityIsRefusedOfAnAuthority) {
  EXPECT_CODE(kUnauthenticated, ParsePeer(Naming({kGood}, true)));
}

TEST_F(TlsTest, AnIdentityIsRefusedOfWhatIsNoCertificate) {
  const std::string good = Naming({kGood});
  for (const std::string& pem :
       {std::string(), std::string("hello"), good.substr(0, good.size() / 2),
        good + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        std::string((1 << 20) + 1, 'x')}) {
    EXPECT_CODE(kUnauthenticated, ParsePeer(pem));
  }
}

class VerifiedPeers : public TlsTest {
 protected:
  void SetUp() override {
    TlsTest::SetUp();
    ours_ = *Authority::Create(Path("ours"), "Ours", clock_);
    theirs_ = *Authority::Create(Path("theirs"), "Ours", clock_);  // The same name, another key.
  }
  Issued Issue(const Authority& by) {
    return *by.IssueWithNewKey({MachineRole::kHis, "f1", {}, {}}, 30 * kDay);
  }
  absl::StatusOr<PeerIdentity> Verify(const std::string& pem) {
    return VerifyPeer(pem, ours_->certificate_pem(), clock_.Now());
  }

  std::unique_ptr<Authority> ours_;
  std::unique_ptr<Authority> theirs_;
};

TEST_F(VerifiedPeers, AreThoseOurAuthorityIssued) {
  EXPECT_TRUE(Verify(Issue(*ours_).certificate_pem).ok());
}

TEST_F(VerifiedPeers, AreRefusedOfTheWrongAuthority) {
  EXPECT_CODE(kUnauthenticated, Verify(Issue(*theirs_).certificate_pem));
  EXPECT_CODE(kUnauthenticated, Verify(Naming({kGood})));
}

TEST_F(VerifiedPeers, AreRefusedWhenTheyBringTheirOwnAuthority) {
  EXPECT_CODE(kUnauthenticated,
              Verify(Issue(*theirs_).certificate_pem + theirs_->certificate_pem()));
}

TEST_F(VerifiedPeers, AreRefusedWhenExpiredOrNotYetValid) {
  const Issued issued = Issue(*ours_);
  const absl::Time start = clock_.Now();
  clock_.JumpTo(issued.expiry + absl::Seconds(1));
  EXPECT_CODE(kUnauthenticated, Verify(issued.certificate_pem));
  clock_.JumpTo(start - absl::Minutes(6));
  EXPECT_CODE(kUnauthenticated, Verify(issued.certificate_pem));
  clock_.JumpTo(start - absl::Minutes(4));  // A gateway whose clock is a little behind.
  EXPECT_TRUE(Verify(issued.certificate_pem).ok());
}

TEST_F(VerifiedPeers, AreRefusedWithoutAnAuthorityToCheckAgainst) {
  EXPECT_CODE(kUnauthenticated, VerifyPeer(Issue(*ours_).certificate_pem, "", clock_.Now()));
}

class CredentialFilesTest : public VerifiedPeers {
 protected:
  void SetUp() override {
    VerifiedPeers::SetUp();
    issued_ = Issue(*ours_);
    Write("cert.pem", issued_.certificate_pem + ours_->certificate_pem(), FileMode::kPublic);
    Write("key.pem", issued_.private_key_pem, FileMode::kSecret);
  }
  void Write(const std::string& name, const std::string& text, FileMode mode) {
    ASSERT_OK(WriteDurably(Path(name), text, mode));
  }
  absl::StatusOr<Credentials> Load() {
    return LoadCredentials({Path("cert.pem"), Path("key.pem"), Path("ours/ca.pem")});
  }

  Issued issued_;
};

TEST_F(CredentialFilesTest, AreLoadedWithTheirExpiry) {
  const auto loaded = Load();
  ASSERT_OK(loaded) << loaded.status();
  EXPECT_EQ(issued_.expiry, loaded->expiry);
  EXPECT_EQ(issued_.private_key_pem, loaded->private_key);
  EXPECT_EQ(ours_->certificate_pem(), loaded->authorities);
}

TEST_F(CredentialFilesTest, AreRefusedWithAnotherCertificatesKey) {
  Write("key.pem", Issue(*ours_).private_key_pem, FileMode::kSecret);
  const auto loaded = Load();
  EXPECT_CODE(kFailedPrecondition, loaded);
  EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("key.pem"));
}

TEST_F(CredentialFilesTest, AreRefusedWhenOneIsMissingDamagedOrOpen) {
  Write("key.pem", issued_.private_key_pem, FileMode::kPublic);
  EXPECT_CODE(kFailedPrecondition, Load());
  Write("key.pem", issued_.private_key_pem.substr(0, 90), FileMode::kSecret);
  const auto damaged = Load();
  EXPECT_CODE(kFailedPrecondition, damaged);
  EXPECT_THAT(std::string(damaged.status().message()), Not(HasSubstr("BEGIN")));
  Write("key.pem", issued_.private_key_pem, FileMode::kSecret);
  Write("cert.pem", "", FileMode::kPublic);
  EXPECT_CODE(kFailedPrecondition, Load());
  std::filesystem::remove(Path("cert.pem"));
  EXPECT_CODE(kFailedPrecondition, Load());
}

// OpenSSL would otherwise ask at the terminal, and a service would wait for ever.
TEST_F(CredentialFilesTest, AreRefusedWhenTheKeyNeedsAPassphrase) {
  const KeyPtr key = *PrivateKeyFromPem(issued_.private_key_pem);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char secret[] = "secret";
  ASSERT_EQ(1, PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), secret, 6,
                                             nullptr, nullptr));
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  Write("key.pem", std::string(bytes, static_cast<size_t>(size)), FileMode::kSecret);
  EXPECT_CODE(kFailedPrecondition, Load());
}

TEST_F(CredentialFilesTest, SayWhenTheyEnd) {
  EXPECT_EQ(issued_.expiry, *ExpiryOf(issued_.certificate_pem));
  EXPECT_CODE(kInvalidArgument, ExpiryOf("nothing"));
}

TEST(DaysLeft, AreWholeDaysRoundedDown) {
  const absl::Time now = absl::FromUnixSeconds(1'770'000'000);
  EXPECT_EQ(30, DaysLeft(now + 30 * kDay, now));
  EXPECT_EQ(29, DaysLeft(now + 30 * kDay - absl::Seconds(1), now));
  EXPECT_EQ(0, DaysLeft(now + absl::Hours(1), now));
  EXPECT_EQ(-1, DaysLeft(now - absl::Seconds(1), now));
}

TEST(FacilityIds, AreThoseThatMayStandInACertificate) {
  EXPECT_TRUE(CheckFacilityId("jinhua-01j8x.a_B").ok());
  for (const char* id : {"", "a:b", "a/b", "a b", "中心", "a\n"}) {
    EXPECT_CODE(kInvalidArgument, CheckFacilityId(id)) << id;
  }
}

}  // namespace
}  // namespace tongjian::security
