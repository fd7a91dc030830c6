#include "services/imaging/matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tongjian::imaging {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PatientWords Wang() {
  return {.facility_id = "f1",
          .facility_patient_id = "P1",
          .name_key = "王小东",
          .latin_key = "wangxiaodong",
          .birth_date = "1980-01-01"};
}

PatientWords Li() {
  return {.facility_id = "f1",
          .facility_patient_id = "P2",
          .name_key = "李四",
          .birth_date = "1975-05-05"};
}

Study StudyOf(const PatientWords& patient, const std::string& accession = "A1") {
  Study study;
  study.facility_id = "f1";
  study.study_instance_uid = "1.2.3";
  study.patient = patient;
  study.accession_number = accession;
  return study;
}

Candidate OrderOf(const std::string& id, const PatientWords& patient,
                  const std::string& accession = "A1") {
  Candidate candidate;
  candidate.order.order_id = id;
  candidate.order.accession_number = accession;
  candidate.order.patient = patient;
  candidate.order.live = true;
  candidate.same_family = true;
  return candidate;
}

TEST(Matching, NeedsAnOrder) {
  EXPECT_EQ(Decide(StudyOf(Wang()), {}, {}).state, MatchState::kUnmatched);
}

TEST(Matching, GoesByAccessionNumberAndPatient) {
  const MatchDecision decision = Decide(StudyOf(Wang()), {}, {OrderOf("o1", Wang())});
  EXPECT_EQ(decision.state, MatchState::kMatched);
  EXPECT_THAT(decision.links, ElementsAre(NewLink{"o1", LinkedBy::kAccessionNumber}));
}

TEST(Matching, DoubtsAnAccessionNumberOfAnotherPatient) {
  const MatchDecision decision = Decide(StudyOf(Li()), {}, {OrderOf("o1", Wang())});
  EXPECT_EQ(decision.state, MatchState::kDoubtful);
  EXPECT_THAT(decision.links, IsEmpty());
}

TEST(Matching, AcceptsAnotherNumberUnderTheSameName) {
  PatientWords counter = Wang();
  counter.facility_patient_id = "17";
  EXPECT_EQ(Decide(StudyOf(counter), {}, {OrderOf("o1", Wang())}).state, MatchState::kMatched);
}

TEST(Matching, AcceptsALatinNameForAChineseOne) {
  PatientWords latin = {
      .facility_id = "f1", .facility_patient_id = "17", .name_key = "wangxiaodong"};
  EXPECT_EQ(Decide(StudyOf(latin), {}, {OrderOf("o1", Wang())}).state, MatchState::kMatched);
}

TEST(Matching, DoubtsASameNameWithAnotherBirthDate) {
  PatientWords other = Wang();
  other.facility_patient_id = "17";
  other.birth_date = "1990-01-01";
  EXPECT_EQ(Decide(StudyOf(other), {}, {OrderOf("o1", Wang())}).state, MatchState::kDoubtful);
}

TEST(Matching, DoubtsAnEqualNumberOfAnotherFacilityUnderAnotherName) {
  PatientWords order = Li();
  order.facility_id = "f2";
  order.facility_patient_id = "P1";
  EXPECT_EQ(Decide(StudyOf(Wang()), {}, {OrderOf("o1", order)}).state, MatchState::kDoubtful);
}

TEST(Matching, DoubtsADeviceThatSaysNothingOfThePatient) {
  EXPECT_EQ(Decide(StudyOf({.facility_id = "f1"}), {}, {OrderOf("o1", Wang())}).state,
            MatchState::kDoubtful);
}

TEST(Matching, StaysWithinTheFamilyOfTheFacility) {
  Candidate stranger = OrderOf("o1", Wang());
  stranger.same_family = false;
  EXPECT_EQ(Decide(StudyOf(Wang()), {}, {stranger}).state, MatchState::kUnmatched);
}

TEST(Matching, PassesOverCancelledOrders) {
  Candidate cancelled = OrderOf("o1", Wang());
  cancelled.order.live = false;
  EXPECT_EQ(Decide(StudyOf(Wang()), {}, {cancelled}).state, MatchState::kUnmatched);
}

TEST(Matching, GoesByTheStudyUidFirst) {
  Candidate named = OrderOf("o2", Wang(), "B1");
  named.names_study = true;
  const MatchDecision decision = Decide(StudyOf(Wang()), {}, {OrderOf("o1", Wang()), named});
  EXPECT_THAT(decision.links, ElementsAre(NewLink{"o2", LinkedBy::kStudyUid}));
}

TEST(Matching, TrustsTheStudyUidOfADeviceThatSaysNothingOfThePatient) {
  Candidate named = OrderOf("o1", Wang());
  named.names_study = true;
  EXPECT_EQ(Decide(StudyOf({.facility_id = "f1"}, ""), {}, {named}).state, MatchState::kMatched);
}

TEST(Matching, DoubtsAStudyUidOfAnotherPatient) {
  Candidate named = OrderOf("o1", Wang());
  named.names_study = true;
  EXPECT_EQ(Decide(StudyOf(Li(), ""), {}, {named}).state, MatchState::kDoubtful);
}

TEST(Matching, TakesNoNameAloneWhereTwoPatientsShareAStudyUid) {
  Candidate named = OrderOf("o1", Wang());
  named.names_study = true;
  PatientWords counter = Wang();
  counter.facility_patient_id = "P9";
  Study study = StudyOf(counter, "");
  EXPECT_EQ(Decide(study, {}, {named}).state, MatchState::kMatched);
  study.flags = kUidOfOtherPatient;
  EXPECT_EQ(Decide(study, {}, {named}).state, MatchState::kDoubtful);
  study.patient = Wang();
  EXPECT_EQ(Decide(study, {}, {named}).state, MatchState::kMatched);
}

TEST(Matching, PrefersAnOrderOfThePatientToAProvisionalOne) {
  Candidate provisional = OrderOf("o1", Wang());
  provisional.names_study = true;
  provisional.order.provisional = true;
  Candidate real = OrderOf("o2", Wang());
  real.names_study = true;
  EXPECT_THAT(Decide(StudyOf(Wang()), {}, {provisional, real}).links,
              ElementsAre(NewLink{"o2", LinkedBy::kStudyUid}));
}

TEST(Matching, LinksOneScanToSeveralOrdersThatNameIt) {
  Candidate a = OrderOf("o1", Wang()), b = OrderOf("o2", Wang(), "B1");
  a.names_study = b.names_study = true;
  EXPECT_THAT(Decide(StudyOf(Wang()), {}, {a, b}).links,
              ElementsAre(NewLink{"o1", LinkedBy::kStudyUid}, NewLink{"o2", LinkedBy::kStudyUid}));
}

TEST(Matching, DoubtsOnePlacerNumberOfSeveralOrders) {
  Candidate a = OrderOf("o1", Wang(), "X"), b = OrderOf("o2", Wang(), "Y");
  a.order.placer_order_number = b.order.placer_order_number = "A1";
  EXPECT_EQ(Decide(StudyOf(Wang()), {}, {a, b}).state, MatchState::kDoubtful);
}

TEST(Matching, LeavesWhatAPersonLinked) {
  const std::vector<Link> links = {{.order_id = "o9", .active = true, .by = LinkedBy::kPerson}};
  const MatchDecision decision = Decide(StudyOf(Wang()), links, {OrderOf("o1", Wang())});
  EXPECT_EQ(decision.state, MatchState::kLinked);
  EXPECT_THAT(decision.links, ElementsAre(NewLink{"o9", LinkedBy::kPerson}));
}

TEST(Matching, DoesNotBringBackWhatAPersonTookAway) {
  const std::vector<Link> links = {{.order_id = "o1", .active = false, .by = LinkedBy::kPerson}};
  EXPECT_EQ(Decide(StudyOf(Wang()), links, {OrderOf("o1", Wang())}).state, MatchState::kUnmatched);
}

TEST(SamePatients, HaveOneNumberUnlessNameAndBirthDateContradict) {
  PatientWords renamed = Wang();
  renamed.name_key = "王晓东";
  renamed.latin_key = "";
  EXPECT_TRUE(SamePatient(Wang(), renamed, false));
  renamed.birth_date = "1999-09-09";
  EXPECT_FALSE(SamePatient(Wang(), renamed, true));
  EXPECT_FALSE(SamePatient(Wang(), Li(), true));
}

TEST(SamePatients, AreAssumedWhereNothingCanBeCompared) {
  EXPECT_TRUE(SamePatient(Wang(), {.facility_id = "f1"}, true));
  EXPECT_FALSE(SamePatient(Wang(), {.facility_id = "f1"}, false));
}

}  // namespace
}  // namespace tongjian::imaging
