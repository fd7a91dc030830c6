#include "services/registry/consent.h"

#include <utility>

#include "common/base/status.h"
#include "services/registry/consent_store.h"
#include "services/registry/consents.h"
#include "services/registry/kinds.h"
#include "services/registry/patients.h"
#include "tests/unit/registry/registry_fixture.h"

namespace tongjian::registry {
namespace {

Consent Of(const std::string& patient_id, int64_t number, Decision decision, int recorded,
           int joined) {
  Consent consent;
  consent.patient_id = patient_id;
  consent.number = number;
  consent.coverage = Coverage::kSharing;
  consent.decision = decision;
  consent.recorded = absl::FromUnixSeconds(recorded);
  consent.joined = absl::FromUnixSeconds(joined);
  return consent;
}

TEST(SharingRefused, FollowsTheNewestDecision) {
  EXPECT_FALSE(SharingRefused("p", {}));
  const Consent refused = Of("p", 1, Decision::kRefused, 10, 10);
  const Consent granted = Of("p", 2, Decision::kGranted, 20, 20);
  EXPECT_TRUE(SharingRefused("p", {refused}));
  EXPECT_FALSE(SharingRefused("p", {granted, refused}));
  EXPECT_FALSE(SharingRefused("p", {refused, granted}));
  EXPECT_TRUE(SharingRefused("p", {Of("p", 3, Decision::kWithdrawn, 30, 30), granted, refused}));
}

TEST(SharingRefused, IsTheStrictestOfAMergeUntilAskedAgain) {
  const Consent refused = Of("merged", 1, Decision::kRefused, 10, 50);
  EXPECT_TRUE(SharingRefused("p", {refused}));
  EXPECT_TRUE(SharingRefused("p", {refused, Of("p", 1, Decision::kGranted, 40, 40)}));
  EXPECT_TRUE(SharingRefused("p", {refused, Of("p", 1, Decision::kGranted, 50, 50)}));
  EXPECT_FALSE(SharingRefused("p", {refused, Of("p", 1, Decision::kGranted, 60, 60)}));
  EXPECT_TRUE(SharingRefused("p", {Of("merged", 1, Decision::kGranted, 90, 95),
                                   Of("p", 1, Decision::kRefused, 60, 60)}));
}

class ConsentsTest : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    if (database_ != nullptr) AddSample();
  }

  std::string Patient(const std::string& facility_id, const std::string& number) {
    Statement statement;
    statement.facility_id = facility_id;
    statement.number = number;
    statement.name = "张三";
    statement.birth_date = "1980-01-01";
    const auto resolved = Change<Resolution>(
        [&](store::Transaction& tx) { return patients_.Resolve(tx, all_, statement); });
    EXPECT_TRUE(resolved.ok()) << resolved.status();
    return resolved.ok() ? resolved->patient.id : "";
  }
  absl::StatusOr<Consent> Record(const std::string& patient_id, Decision decision,
                                 const security::Scope& scope,
                                 const std::string& facility_id = "clinic-a") {
    clock_.Advance(absl::Seconds(1));
    return Change<Consent>([&](store::Transaction& tx) {
      Consent consent;
      consent.patient_id = patient_id;
      consent.coverage = Coverage::kSharing;
      consent.decision = decision;
      consent.facility_id = facility_id;
      return consents_.Record(tx, scope, consent);
    });
  }
  bool Refused(const std::string& patient_id) {
    const auto patient = Ask<registry::Patient>([&](store::Session& session) {
      return Patients::Get(session, all_, patient_id);
    });
    EXPECT_TRUE(patient.ok()) << patient.status();
    return patient.ok() && patient->sharing_refused;
  }
  void Merge(const std::string& source, const std::string& target) {
    clock_.Advance(absl::Seconds(1));
    const auto merged = Change<registry::Patient>(
        [&](store::Transaction& tx) { return patients_.Merge(tx, all_, source, target, "same"); });
    EXPECT_TRUE(merged.ok()) << merged.status();
  }

  Patients patients_{ids_};
  Consents consents_{ids_};
};

TJ_REGISTRY_ON_BOTH(ConsentsTest);

TEST_P(ConsentsTest, AreKeptAndTheNewestHolds) {
  const std::string id = Patient("clinic-a", "17");
  EXPECT_FALSE(Refused(id));
  ASSERT_TRUE(Record(id, Decision::kRefused, all_).ok());
  EXPECT_TRUE(Refused(id));
  ASSERT_TRUE(Record(id, Decision::kGranted, all_).ok());
  EXPECT_FALSE(Refused(id));
  ASSERT_TRUE(Record(id, Decision::kWithdrawn, all_).ok());
  EXPECT_TRUE(Refused(id));
  const auto kept = Ask<std::vector<Consent>>(
      [&](store::Session& session) { return ListConsents(session, id, {}, 10); });
  ASSERT_EQ(kept->size(), 3u);
  EXPECT_EQ(kept->front().decision, Decision::kWithdrawn);
  EXPECT_EQ(kept->back().decision, Decision::kRefused);
  EXPECT_EQ(kept->back().number, 1);
}

TEST_P(ConsentsTest, AreAnnouncedWithThePatient) {
  const std::string id = Patient("clinic-a", "17");
  ASSERT_TRUE(Record(id, Decision::kRefused, all_).ok());
  const auto news = News(2);
  ASSERT_EQ(news.size(), 2u);
  events::v1::PatientChanged changed;
  ASSERT_TRUE(changed.ParseFromString(news.back().payload));
  EXPECT_EQ(changed.change(), events::v1::PATIENT_CHANGE_CONSENT);
  EXPECT_TRUE(changed.patient().sharing_refused());
}

TEST_P(ConsentsTest, OfAMergeAreTheStrictestAndComeApartAgain) {
  const std::string a = Patient("clinic-a", "17");
  const std::string b = Patient("clinic-b", "9");
  ASSERT_TRUE(Record(a, Decision::kRefused, all_).ok());
  ASSERT_TRUE(Record(b, Decision::kGranted, all_, "clinic-b").ok());
  Merge(a, b);
  EXPECT_TRUE(Refused(b));
  EXPECT_EQ(base::DetailOf(Record(a, Decision::kGranted, all_).status()).reason,
            "STATE_NOT_ALLOWED");
  ASSERT_TRUE(Record(b, Decision::kGranted, all_, "clinic-b").ok());
  EXPECT_FALSE(Refused(b));
  const auto unmerged = Change<registry::Patient>(
      [&](store::Transaction& tx) { return patients_.Unmerge(tx, all_, a, "two people"); });
  ASSERT_TRUE(unmerged.ok()) << unmerged.status();
  EXPECT_TRUE(Refused(a));
  EXPECT_FALSE(Refused(b));
}

TEST_P(ConsentsTest, NeedAnAgreementToTakeBackAndAPatientInSight) {
  const std::string id = Patient("clinic-a", "17");
  EXPECT_EQ(base::DetailOf(Record(id, Decision::kWithdrawn, all_).status()).reason,
            "STATE_NOT_ALLOWED");
  const auto b = security::Scope::Facilities({"clinic-b"});
  EXPECT_TRUE(absl::IsNotFound(Record(id, Decision::kRefused, b, "clinic-b").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Record(id, Decision::kRefused, b, "clinic-a").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Record(id, Decision::kNone, all_).status()));
}

}  // namespace
}  // namespace tongjian::registry
