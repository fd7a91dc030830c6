#include "services/registry/entitlement.h"

#include <gtest/gtest.h>

namespace tongjian::registry {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'717'200'000);  // 2024-06-01 in China.

MembershipHistory ActiveFrom(absl::Time from) {
  return {{MembershipState::kApplied, from - absl::Hours(2), "", ""},
          {MembershipState::kAdmitted, from - absl::Hours(1), "", ""},
          {MembershipState::kActive, from, "", ""}};
}

// A radiologist of the hub reads for a clinic of the same community.
EntitlementFacts Facts() {
  EntitlementFacts facts;
  facts.practitioner_active = true;
  facts.licenses = {{"L1", "physician", {Discipline::kImaging}, "hub", "2020-01-01", "2024-12-31"}};
  facts.workplaces = {{"hub", "HUB-ENTITY"}};
  facts.requesting = {"clinic", "CLINIC-ENTITY"};
  facts.belongings = {{"com", "hub", ActiveFrom(kNow - absl::Hours(1000))},
                      {"com", "clinic", ActiveFrom(kNow - absl::Hours(1000))}};
  return facts;
}

EntitlementFacts Strangers() {
  EntitlementFacts facts = Facts();
  facts.belongings.clear();
  return facts;
}

TEST(Entitlement, RestsOnLicenseAndCommonCommunity) {
  const Entitlement answer = Decide(Facts(), Discipline::kImaging, kNow);
  EXPECT_TRUE(answer.entitled);
  EXPECT_EQ(answer.license, "license L1");
  EXPECT_EQ(answer.relation, "community com with hub");
}

TEST(Entitlement, NeedsAPhysiciansLicense) {
  EntitlementFacts facts = Facts();
  facts.licenses[0].type = "technician";
  const Entitlement answer = Decide(facts, Discipline::kImaging, kNow);
  EXPECT_FALSE(answer.entitled);
  EXPECT_EQ(answer.license, "license L1 is of type technician, not physician");
  EXPECT_EQ(answer.relation, "community com with hub");
}

TEST(Entitlement, NeedsTheDisciplineInTheLicense) {
  EXPECT_FALSE(Decide(Facts(), Discipline::kEcg, kNow).entitled);
}

TEST(Entitlement, NeedsALicenseThatHoldsThatDay) {
  EntitlementFacts facts = Facts();
  facts.licenses[0].to = "2024-05-31";
  EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow).entitled);
  EXPECT_TRUE(Decide(facts, Discipline::kImaging, kNow - absl::Hours(48)).entitled);
}

TEST(Entitlement, NeedsAnActivePractitioner) {
  EntitlementFacts facts = Facts();
  facts.practitioner_active = false;
  EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow).entitled);
}

TEST(Entitlement, EndsWithEitherSidesSuspension) {
  for (const size_t side : {0u, 1u}) {
    EntitlementFacts facts = Facts();
    facts.belongings[side].history.push_back(
        {MembershipState::kSuspended, kNow - absl::Hours(1), "", ""});
    EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow).entitled) << side;
    // What was signed before the suspension stays good.
    EXPECT_TRUE(Decide(facts, Discipline::kImaging, kNow - absl::Hours(2)).entitled) << side;
  }
}

TEST(Entitlement, NeedsTheSameCommunity) {
  EntitlementFacts facts = Facts();
  facts.belongings[1].community_id = "another";
  EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow).entitled);
}

TEST(Entitlement, RestsOnAnAgreementInItsDisciplineAndDays) {
  EntitlementFacts facts = Strangers();
  EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow).entitled);
  facts.agreements = {{"agr", "clinic", "hub", Discipline::kImaging, "2024-01-01", "2024-06-01"}};
  EXPECT_EQ(Decide(facts, Discipline::kImaging, kNow).relation, "agreement agr");
  EXPECT_TRUE(Decide(facts, Discipline::kImaging, kNow).entitled);
  EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow + absl::Hours(24)).entitled);
  facts.agreements[0].discipline = Discipline::kEcg;
  EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow).entitled);
}

TEST(Entitlement, OfAnAgreementDoesNotRunBackwards) {
  EntitlementFacts facts = Strangers();
  facts.agreements = {{"agr", "hub", "clinic", Discipline::kImaging, "2024-01-01", ""}};
  EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow).entitled);
}

TEST(Entitlement, RestsOnTheSameSiteOrLegalEntity) {
  EntitlementFacts facts = Strangers();
  facts.workplaces = {{"clinic", ""}};
  EXPECT_EQ(Decide(facts, Discipline::kImaging, kNow).relation, "works at the facility");
  facts.workplaces = {{"branch", "CLINIC-ENTITY"}};
  EXPECT_EQ(Decide(facts, Discipline::kImaging, kNow).relation, "same legal entity as branch");
  // Two sites of which nobody knows the legal entity are not one.
  facts.workplaces = {{"branch", ""}};
  facts.requesting.legal_entity_code = "";
  EXPECT_FALSE(Decide(facts, Discipline::kImaging, kNow).entitled);
}

}  // namespace
}  // namespace tongjian::registry
