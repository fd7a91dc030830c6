#include "services/registry/log_in.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "common/base/status.h"
#include "common/security/authority.h"
#include "common/security/caller.h"
#include "common/security/password.h"
#include "common/security/token.h"
#include "services/registry/account_store.h"
#include "services/registry/accounts.h"
#include "services/registry/enrollments.h"
#include "tests/unit/registry/registry_fixture.h"

namespace tongjian::registry {
namespace {

using ::testing::SizeIs;

constexpr char kPassword[] = "a good pass phrase";

class LogInTest : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    if (database_ == nullptr) return;
    AddSample();
    auto issuer = security::TokenIssuer::Open(folder_ + "/key.pem", "test", "test", clock_);
    ASSERT_TRUE(issuer.ok()) << issuer.status();
    issuer_ = *std::move(issuer);
    log_ins_ = std::make_unique<LogIns>(*database_, *issuer_, LogInOptions());
  }

  Account Make(const std::string& user_name) {
    Account account;
    account.user_name = user_name;
    account.facility_id = "clinic-a";
    account.roles = {"clinic_doctor"};
    account.active = true;
    account.password_hash = security::HashPassword(kPassword).value();
    const auto made = Change<Account>(
        [&](store::Transaction& tx) { return Accounts(ids_).Create(tx, all_, account); });
    EXPECT_TRUE(made.ok()) << made.status();
    return *made;
  }

  std::unique_ptr<security::TokenIssuer> issuer_;
  std::unique_ptr<LogIns> log_ins_;
};

TJ_REGISTRY_ON_BOTH(LogInTest);

TEST_P(LogInTest, IssuesATokenThatNamesThePerson) {
  const Account account = Make("wang");
  const auto logged_in = log_ins_->LogIn("wang", kPassword);
  ASSERT_TRUE(logged_in.ok()) << logged_in.status();
  security::TrustedIssuer trusted;
  trusted.issuer = "test";
  trusted.audience = "test";
  trusted.jwks = issuer_->jwks();
  const auto verifier = security::TokenVerifier::Create({trusted}, clock_);
  ASSERT_TRUE(verifier.ok());
  const auto claims = (*verifier)->Verify(logged_in->token);
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->user_id, account.id);
  EXPECT_EQ(claims->facility_id, "clinic-a");
  EXPECT_EQ(claims->roles, account.roles);
}

TEST_P(LogInTest, AnswersAlikeToAWrongNameAndAWrongPassword) {
  Make("wang");
  const absl::Status name = log_ins_->LogIn("zhao", kPassword).status();
  const absl::Status password = log_ins_->LogIn("wang", "another pass phrase").status();
  EXPECT_EQ(name, password);
  EXPECT_EQ(name.code(), absl::StatusCode::kUnauthenticated);
}

TEST_P(LogInTest, LocksAfterFiveWrongPasswords) {
  Make("wang");
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(absl::IsUnauthenticated(log_ins_->LogIn("wang", "wrong").status()));
  EXPECT_EQ(base::DetailOf(log_ins_->LogIn("wang", "wrong").status()).reason, "LOCKED_OUT");
  EXPECT_EQ(base::DetailOf(log_ins_->LogIn("wang", kPassword).status()).reason, "LOCKED_OUT");
  clock_.Advance(absl::Minutes(15));
  EXPECT_TRUE(log_ins_->LogIn("wang", kPassword).ok());
}

TEST_P(LogInTest, IsRefusedToAnInactiveAccount) {
  Account account = Make("wang");
  account.active = false;
  account.password_hash = "";
  ASSERT_TRUE(Change<Account>([&](store::Transaction& tx) {
                return Accounts(ids_).Update(tx, all_, account);
              }).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(log_ins_->LogIn("wang", kPassword).status()));
}

TEST_P(LogInTest, FollowsANewPassword) {
  Account account = Make("wang");
  account.password_hash = security::HashPassword("another pass phrase").value();
  ASSERT_TRUE(Change<Account>([&](store::Transaction& tx) {
                return Accounts(ids_).Update(tx, all_, account);
              }).ok());
  EXPECT_FALSE(log_ins_->LogIn("wang", kPassword).ok());
  EXPECT_TRUE(log_ins_->LogIn("wang", "another pass phrase").ok());
}

TEST_P(LogInTest, KeepsUserNamesUnique) {
  Make("wang");
  Account twin;
  twin.user_name = "wang";
  twin.facility_id = "clinic-b";
  twin.roles = {"reader"};
  const auto refused = Change<Account>(
      [&](store::Transaction& tx) { return Accounts(ids_).Create(tx, all_, twin); });
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_P(LogInTest, StartsANewHubWithOneOperator) {
  const std::string path = folder_ + "/first";
  ASSERT_TRUE(MakeFirstOperator(*database_, ids_, path).ok());
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::string password;
  std::getline(std::ifstream(path) >> std::ws, password);
  const auto logged_in = log_ins_->LogIn("operator", password);
  ASSERT_TRUE(logged_in.ok()) << logged_in.status();
  EXPECT_EQ(logged_in->account.roles, std::vector<std::string>{"operator"});
  // Another start makes no other.
  ASSERT_TRUE(MakeFirstOperator(*database_, ids_, path + "-second").ok());
  EXPECT_NE(stat((path + "-second").c_str(), &info), 0);
  const auto accounts = Ask<std::vector<Account>>(
      [&](store::Session& session) { return ListAccounts(session, all_, "", "", 10); });
  EXPECT_THAT(*accounts, SizeIs(1));
}

class EnrollTest : public LogInTest {
 protected:
  void SetUp() override {
    LogInTest::SetUp();
    if (database_ == nullptr) return;
    auto authority = security::Authority::Create(folder_ + "/ca", "test", clock_);
    ASSERT_TRUE(authority.ok()) << authority.status();
    authority_ = *std::move(authority);
    enrollments_ =
        std::make_unique<Enrollments>(*database_, authority_.get(), absl::Hours(24 * 90));
  }

  absl::StatusOr<NewCode> MakeCode(const std::string& facility_id, const std::string& role) {
    return Change<NewCode>([&](store::Transaction& tx) {
      return enrollments_->MakeCode(tx, all_, facility_id, role, 1);
    });
  }
  std::string Request() { return security::MakeKeyAndRequest("gateway")->request_pem; }

  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<Enrollments> enrollments_;
};

TJ_REGISTRY_ON_BOTH(EnrollTest);

TEST_P(EnrollTest, TakesACodeForOneKey) {
  const auto code = MakeCode("clinic-a", "gateway");
  ASSERT_TRUE(code.ok()) << code.status();
  const std::string request = Request();
  const auto issued = enrollments_->Enroll(code->code, request);
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(issued->facility_id, "clinic-a");
  EXPECT_EQ(issued->expiry, clock_.Now() + absl::Hours(24 * 90));
  // The answer was lost: the same request is answered again, another one is not.
  EXPECT_TRUE(enrollments_->Enroll(code->code, request).ok());
  EXPECT_EQ(base::DetailOf(enrollments_->Enroll(code->code, Request()).status()).reason,
            "ENROLLMENT_CODE");
}

TEST_P(EnrollTest, RefusesUnknownAndExpiredCodesAlike) {
  const auto code = MakeCode("clinic-a", "his");
  ASSERT_TRUE(code.ok());
  const absl::Status unknown = enrollments_->Enroll("0000-0000-0000-0000", Request()).status();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(enrollments_->Enroll(code->code, Request()).status(), unknown);
}

TEST_P(EnrollTest, KeepsTheCodeWhenTheRequestIsUnfit) {
  const auto code = MakeCode("clinic-a", "gateway");
  ASSERT_TRUE(code.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(enrollments_->Enroll(code->code, "no request").status()));
  EXPECT_TRUE(enrollments_->Enroll(code->code, Request()).ok());
}

TEST_P(EnrollTest, IsForKnownFacilitiesAndRoles) {
  EXPECT_TRUE(absl::IsNotFound(MakeCode("nowhere", "gateway").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(MakeCode("clinic-a", "hub").status()));
}

TEST_P(EnrollTest, RenewsForTheCallersOwnFacilityAndRole) {
  security::Caller gateway;
  gateway.kind = security::CallerKind::kMachine;
  gateway.machine_role = security::MachineRole::kGateway;
  gateway.facility_id = "clinic-b";
  const auto renewed = enrollments_->Renew(gateway, Request());
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->facility_id, "clinic-b");
  gateway.machine_role = security::MachineRole::kHub;
  EXPECT_TRUE(absl::IsPermissionDenied(enrollments_->Renew(gateway, Request()).status()));
  EXPECT_TRUE(
      absl::IsPermissionDenied(enrollments_->Renew(security::Caller(), Request()).status()));
}

}  // namespace
}  // namespace tongjian::registry
