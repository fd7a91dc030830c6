// Who is believed to be whom, and who is not.
#include "common/rpc/identity.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "common/base/status.h"
#include "common/rpc/behalf.h"
#include "common/rpc/text.h"
#include "common/security/authority.h"

namespace tongjian::rpc {
namespace {

using security::CallerKind;
using security::MachineRole;

class IdentityTest : public testing::Test {
 protected:
  IdentityTest() {
    char name[] = "/tmp/tongjian-identity-XXXXXX";
    directory_ = mkdtemp(name);
    authority_ = *security::Authority::Create(directory_ + "/ca", "test", clock_);
    revoked_ = *security::RevocationList::Open(directory_ + "/revoked.txt");
    principals_ = *security::Principals::Open(directory_ + "/principal.key", clock_);
    issuer_ = *security::TokenIssuer::Open(directory_ + "/token.key", "hub", "tongjian", clock_);
    verifier_ = *security::TokenVerifier::Create(
        {{.issuer = issuer_->issuer(), .audience = issuer_->audience(), .jwks = issuer_->jwks()}},
        clock_);
  }
  ~IdentityTest() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<security::Caller> Establish(const Evidence& evidence) {
    if (identity_ == nullptr) {  // One for all calls, as in a process.
      identity_ = std::make_unique<Identity>(
          IdentityOptions{.tokens = verifier_.get(),
                          .principals = principals_.get(),
                          .revoked = revoked_.get(),
                          .void_tokens = &void_tokens_,
                          .forwarded_authorities = authority_->certificate_pem()},
          clock_);
    }
    absl::StatusOr<Established> established = identity_->Establish(evidence);
    if (!established.ok()) return established.status();
    return established->caller;
  }
  std::string Certificate(MachineRole role, const std::string& facility) {
    const auto issued =
        authority_->IssueWithNewKey({.role = role, .facility_id = facility}, absl::Hours(24));
    serial_ = issued->serial;
    return issued->certificate_pem;
  }
  std::string Token(const std::string& facility) {
    security::Claims claims;
    claims.user_id = "u1";
    claims.facility_id = facility;
    claims.roles = {"clinic_doctor"};
    return "Bearer " + *issuer_->Issue(claims, absl::Hours(1));
  }
  absl::StatusCode CodeOf(const Evidence& evidence) { return Establish(evidence).status().code(); }

  base::ManualClock clock_{absl::FromUnixSeconds(1'760'000'000)};
  std::string directory_;
  std::string serial_;
  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<security::RevocationList> revoked_;
  std::unique_ptr<security::Principals> principals_;
  std::unique_ptr<security::TokenIssuer> issuer_;
  std::unique_ptr<security::TokenVerifier> verifier_;
  std::unique_ptr<Identity> identity_;
  security::VoidTokens void_tokens_;
};

constexpr auto kUnauthenticated = absl::StatusCode::kUnauthenticated;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

TEST_F(IdentityTest, BelievesNobodyWithoutEvidence) {
  EXPECT_EQ(CodeOf({}), kUnauthenticated);
  EXPECT_EQ(CodeOf({.inside = true}), kUnauthenticated);
  EXPECT_EQ(CodeOf({.authorization = "Basic dTpw"}), kUnauthenticated);
  EXPECT_EQ(CodeOf({.authorization = "Bearer x"}), kUnauthenticated);
  EXPECT_EQ(CodeOf({.on_behalf = "facility=f1;user=u1"}), kUnauthenticated);
}

TEST_F(IdentityTest, RefusesTokensFromBeforeTheAccountWasChanged) {
  const Evidence before = {.authorization = Token("f1")};
  EXPECT_TRUE(Establish(before).ok());
  clock_.Advance(absl::Milliseconds(1));
  void_tokens_.Set("u1", clock_.Now());
  void_tokens_.Set("somebody", clock_.Now() + absl::Hours(1));
  EXPECT_EQ(CodeOf(before), kUnauthenticated);
  EXPECT_EQ(base::DetailOf(Establish(before).status()).reason, "UNAUTHENTICATED");
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(Establish({.authorization = Token("f1")}).ok());
  void_tokens_.Set("u1", absl::UnixEpoch());
  EXPECT_EQ(CodeOf(before), kUnauthenticated) << "the later time holds";
}

TEST_F(IdentityTest, EndsAStreamsTokenWithItsTime) {
  const Identity identity({.tokens = verifier_.get(), .void_tokens = &void_tokens_}, clock_);
  const auto established = identity.Establish({.authorization = Token("f1")});
  ASSERT_TRUE(established.ok());
  EXPECT_TRUE(identity.StillHolds(*established).ok());
  clock_.Advance(absl::Hours(1) + absl::Minutes(2));
  EXPECT_TRUE(absl::IsUnauthenticated(identity.StillHolds(*established)));
}

TEST_F(IdentityTest, TakesAMachineFromItsCertificate) {
  const auto caller = Establish({.certificate_pem = Certificate(MachineRole::kGateway, "f1")});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->kind, CallerKind::kMachine);
  EXPECT_EQ(caller->machine_role, MachineRole::kGateway);
  EXPECT_EQ(caller->facility_id, "f1");
}

TEST_F(IdentityTest, StopsBelievingAnExpiredOrRevokedCertificateWithinAConnection) {
  const std::string certificate = Certificate(MachineRole::kGateway, "f1");
  ASSERT_TRUE(Establish({.certificate_pem = certificate}).ok());
  ASSERT_TRUE(revoked_->Add(serial_).ok());
  EXPECT_EQ(CodeOf({.certificate_pem = certificate}), kUnauthenticated);

  const std::string other = Certificate(MachineRole::kGateway, "f1");
  ASSERT_TRUE(Establish({.certificate_pem = other}).ok());
  clock_.Advance(absl::Hours(25));
  EXPECT_EQ(CodeOf({.certificate_pem = other}), kUnauthenticated);
}

TEST_F(IdentityTest, GivesAHubOrProxyCertificateAloneNothing) {
  EXPECT_EQ(CodeOf({.certificate_pem = Certificate(MachineRole::kHub, "hub")}), kUnauthenticated);
  EXPECT_EQ(CodeOf({.certificate_pem = Certificate(MachineRole::kProxy, "hub")}), kUnauthenticated);
}

TEST_F(IdentityTest, BelievesAPrincipalFromInsideOrAHubAlone) {
  const std::string principal = principals_->Sign("reading", nullptr, "r1");
  EXPECT_EQ(Establish({.inside = true, .principal = principal})->service, "reading");
  EXPECT_TRUE(
      Establish({.certificate_pem = Certificate(MachineRole::kHub, "hub"), .principal = principal})
          .ok());
  EXPECT_EQ(CodeOf({.principal = principal}), kUnauthenticated);
  EXPECT_EQ(
      CodeOf({.certificate_pem = Certificate(MachineRole::kGateway, "f1"), .principal = principal}),
      kUnauthenticated);
  EXPECT_EQ(CodeOf({.inside = true, .principal = principal + "x"}), kUnauthenticated);
}

TEST_F(IdentityTest, TakesAPersonFromAToken) {
  const auto caller = Establish({.authorization = Token("f1")});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->kind, CallerKind::kPerson);
  EXPECT_EQ(caller->user_id, "u1");
  EXPECT_EQ(caller->facility_id, "f1");
}

TEST_F(IdentityTest, RefusesATokenOverAnotherFacilitysMachine) {
  const std::string his = Certificate(MachineRole::kHis, "f1");
  EXPECT_TRUE(Establish({.certificate_pem = his, .authorization = Token("f1")}).ok());
  EXPECT_EQ(CodeOf({.certificate_pem = his, .authorization = Token("f2")}), kDenied);
  EXPECT_EQ(CodeOf({.certificate_pem = Certificate(MachineRole::kDevice, "f1"),
                    .authorization = Token("f1")}),
            kDenied);
}

TEST_F(IdentityTest, LetsAGatewayForwardItsOwnPeopleAlone) {
  const std::string gateway = Certificate(MachineRole::kGateway, "f1");
  const auto caller =
      Establish({.certificate_pem = gateway,
                 .on_behalf = "facility=f1;user=u7;roles=clinic_doctor;purpose=TREATMENT"});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->kind, CallerKind::kMachine);
  EXPECT_EQ(security::Originator(*caller).user_id, "u7");
  EXPECT_EQ(CodeOf({.certificate_pem = gateway, .on_behalf = "facility=f2;user=u7"}), kDenied);
  EXPECT_EQ(CodeOf({.certificate_pem = Certificate(MachineRole::kDevice, "f1"),
                    .on_behalf = "facility=f1;user=u7"}),
            kDenied);
  EXPECT_EQ(CodeOf({.certificate_pem = Certificate(MachineRole::kHis, "f1"),
                    .on_behalf = "facility=f1;machine=his"}),
            kDenied);
  EXPECT_EQ(CodeOf({.authorization = Token("f1"), .on_behalf = "facility=f1;user=u7"}), kDenied);
}

TEST_F(IdentityTest, BelievesAForwardedCertificateFromAProxyAlone) {
  const std::string gateway = Escape(Certificate(MachineRole::kGateway, "f1"));
  const auto caller = Establish({.certificate_pem = Certificate(MachineRole::kProxy, "hub"),
                                 .forwarded_certificate = gateway});
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->facility_id, "f1");
  EXPECT_EQ(Establish({.certificate_pem = Certificate(MachineRole::kGateway, "f2"),
                       .forwarded_certificate = gateway})
                ->facility_id,
            "f2");
  EXPECT_EQ(CodeOf({.certificate_pem = Certificate(MachineRole::kProxy, "hub"),
                    .forwarded_certificate = Escape(Certificate(MachineRole::kHub, "hub"))}),
            kUnauthenticated);
}

TEST(Behalf, ComesBackAsItWasSaid) {
  security::Caller person;
  person.kind = CallerKind::kPerson;
  person.facility_id = "f1";
  person.user_id = "u;1=2";
  person.practitioner_id = "p1";
  person.roles = {"clinic_doctor", "clinic_technician"};
  person.purpose = security::Purpose::kTreatment;
  EXPECT_EQ(*ParseBehalf(FormatBehalf(person)), person);
  security::Caller his;
  his.kind = CallerKind::kMachine;
  his.machine_role = MachineRole::kHis;
  his.facility_id = "f1";
  EXPECT_EQ(*ParseBehalf(FormatBehalf(his)), his);
}

TEST(Behalf, RefusesWhatIsNotWellFormed) {
  for (const char* text :
       {"", "user=u1", "facility=f1", "facility=f1;user=u1;machine=his", "facility=f1;user=u1;x=y",
        "facility=f1;user=u1;roles=king", "facility=f1;machine=hub", "facility=f1;user=%0a",
        "facility=f1;user=u1;purpose=FUN", "facility=f1;user="}) {
    EXPECT_EQ(ParseBehalf(text).status().code(), absl::StatusCode::kUnauthenticated) << text;
  }
  EXPECT_FALSE(ParseBehalf("facility=f1;user=" + std::string(2000, 'u')).ok());
}

}  // namespace
}  // namespace tongjian::rpc
