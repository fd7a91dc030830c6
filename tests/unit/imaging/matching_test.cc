#include "services/imaging/matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tongjian::imaging {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

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

PatientWords Qian() {
  return {.facility_id = "f1",
          .facility_patient_id = "P7",
          .name_key = "钱七",
          .sex = 1,
          .birth_date = "1966-06-06"};
}

// 钱七 as a device writes him that counts its patients and knows no Chinese.
PatientWords QianInPinyin() {
  PatientWords words = Qian();
  words.facility_patient_id = "0042";
  words.name_key = "qianqi";
  return words;
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

Candidate Naming(Candidate candidate) {
  candidate.names_study = true;
  return candidate;
}

Candidate Provisional(Candidate candidate) {
  candidate.order.provisional = true;
  return Naming(candidate);
}

auto To(const std::string& order_id) { return Field(&NewLink::order_id, order_id); }

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

TEST(Matching, DoesNotComparePinyinWithCharacters) {
  EXPECT_EQ(Decide(StudyOf(QianInPinyin()), {}, {Naming(OrderOf("o1", Qian()))}).state,
            MatchState::kMatched);
  EXPECT_EQ(Decide(StudyOf(QianInPinyin()), {}, {OrderOf("o1", Qian())}).state,
            MatchState::kMatched);
  EXPECT_EQ(Decide(StudyOf(Qian()), {}, {OrderOf("o1", QianInPinyin())}).state,
            MatchState::kMatched);
  PatientWords unknown_sex = QianInPinyin();
  unknown_sex.sex = 0;
  EXPECT_TRUE(CompatiblePatient(unknown_sex, Qian(), false));
}

TEST(Matching, DoubtsPinyinWithAnotherBirthDateOrSexOrNone) {
  PatientWords born = QianInPinyin(), woman = born, bare = born, elsewhere = born;
  born.birth_date = "1966-06-07";
  woman.sex = 2;
  bare.birth_date.clear();
  elsewhere.facility_patient_id = Qian().facility_patient_id;
  elsewhere.facility_id = "f2";
  elsewhere.birth_date.clear();
  for (const PatientWords& words : {born, woman, bare, elsewhere})
    EXPECT_FALSE(CompatiblePatient(words, Qian(), true));
}

TEST(Matching, DoubtsNamesOfOneScriptThatDiffer) {
  PatientWords both = QianInPinyin();  // 李四=LI^SI: characters there are can be compared.
  both.name_key = "李四";
  both.latin_key = "lisi";
  EXPECT_FALSE(CompatiblePatient(both, Qian(), true));
  PatientWords pinyin = QianInPinyin();
  pinyin.name_key = "lisi";
  pinyin.facility_patient_id = "0043";
  EXPECT_FALSE(CompatiblePatient(pinyin, QianInPinyin(), true));
}

TEST(Matching, LinksADoubtfulStudyToItsProvisionalOrder) {
  const MatchDecision decision = Decide(
      StudyOf(Li()), {}, {Naming(OrderOf("o1", Wang())), Provisional(OrderOf("p1", Li(), "T1"))});
  EXPECT_EQ(decision.state, MatchState::kDoubtful);
  EXPECT_THAT(decision.links, ElementsAre(To("p1")));
}

TEST(Matching, LinksNoDoubtfulStudyToAnothersProvisionalOrder) {
  const MatchDecision decision = Decide(
      StudyOf(Li()), {}, {Naming(OrderOf("o1", Wang())), Provisional(OrderOf("p1", Qian(), "T1"))});
  EXPECT_EQ(decision.state, MatchState::kDoubtful);
  EXPECT_THAT(decision.links, IsEmpty());
}

TEST(Matching, DoubtsANumberAlsoOnceAProvisionalOrderStandsForTheStudy) {
  for (const bool placer : {false, true}) {
    Candidate real = OrderOf("o1", Wang());
    if (placer) {
      real.order.accession_number = "B1";
      real.order.placer_order_number = "A1";
    }
    const Candidate provisional = Provisional(OrderOf("p1", Li(), "T1"));
    const MatchDecision decision = Decide(StudyOf(Li()), {}, {real, provisional});
    EXPECT_EQ(decision.state, MatchState::kDoubtful);
    EXPECT_THAT(decision.links, ElementsAre(To("p1")));
    // A person's word ends the doubt.
    const std::vector<Link> links = {{.order_id = "p1", .active = true, .by = LinkedBy::kPerson}};
    EXPECT_EQ(Decide(StudyOf(Li()), links, {real, provisional}).state, MatchState::kLinked);
  }
}

TEST(Matching, GoesToTheOrderOfItsNumberOnceThePatientIsPutRight) {
  EXPECT_THAT(
      Decide(StudyOf(Li()), {}, {OrderOf("o1", Li()), Provisional(OrderOf("p1", Li(), "T1"))})
          .links,
      ElementsAre(NewLink{"o1", LinkedBy::kAccessionNumber}));
}

TEST(Matching, DoubtsAnEqualNumberUnderAnotherNameOfOneScript) {
  PatientWords counter = Li();  // A cart's counter met a patient's number.
  counter.facility_patient_id = Wang().facility_patient_id;
  counter.birth_date.clear();
  EXPECT_FALSE(CompatiblePatient(counter, Wang(), true));
  PatientWords mistyped = Wang();
  mistyped.name_key = "王晓东";
  mistyped.latin_key.clear();
  EXPECT_TRUE(CompatiblePatient(mistyped, Wang(), false));
  PatientWords pinyin = {.facility_id = "f1", .facility_patient_id = "P2", .name_key = "lisi"};
  EXPECT_TRUE(CompatiblePatient(pinyin, Li(), false));
}

TEST(Matching, FollowsABindingWhoeverThePatientIs) {
  const std::vector<Link> before = {{.order_id = "p1", .active = true}};
  Candidate provisional = Provisional(OrderOf("p1", Li(), "T1"));
  Candidate bound = Naming(OrderOf("o1", Wang()));
  // The order's news comes first, then the provisional one's, then that of anything else.
  bound.order.bound_order_id = "p1";
  EXPECT_THAT(Decide(StudyOf(Li()), before, {provisional, bound}).links, ElementsAre(To("o1")));
  provisional.order.live = false;
  provisional.order.bound_order_id = "o1";
  bound.order.bound_order_id.clear();
  const MatchDecision decision = Decide(StudyOf(Li()), before, {provisional, bound});
  EXPECT_EQ(decision.state, MatchState::kMatched);
  EXPECT_THAT(decision.links, ElementsAre(To("o1")));
  const std::vector<Link> after = {{.order_id = "o1", .active = true}, {.order_id = "p1"}};
  EXPECT_THAT(Decide(StudyOf(Li()), after, {provisional, bound}).links, ElementsAre(To("o1")));
}

TEST(Matching, FollowsABindingBesideOtherOrdersThatNameTheStudy) {
  Candidate provisional = Provisional(OrderOf("p1", Li(), "T1"));
  provisional.order.live = false;
  provisional.order.bound_order_id = "o1";
  EXPECT_THAT(Decide(StudyOf(Li()), {{.order_id = "p1", .active = true}},
                     {provisional, Naming(OrderOf("o1", Wang())), Naming(OrderOf("o2", Li()))})
                  .links,
              UnorderedElementsAre(To("o1"), To("o2")));
}

TEST(Matching, FollowsNoBindingThatEndedOrAPersonUndid) {
  Candidate provisional = Provisional(OrderOf("p1", Li(), "T1"));
  provisional.order.live = false;
  provisional.order.bound_order_id = "o1";
  Candidate bound = Naming(OrderOf("o1", Wang()));
  EXPECT_THAT(Decide(StudyOf(Li()), {}, {provisional, bound}).links, IsEmpty());
  const std::vector<Link> undone = {{.order_id = "o1", .by = LinkedBy::kPerson},
                                    {.order_id = "p1"}};
  EXPECT_THAT(Decide(StudyOf(Li()), undone, {provisional, bound}).links, IsEmpty());
  bound.order.live = false;
  EXPECT_THAT(
      Decide(StudyOf(Li()), {{.order_id = "p1", .active = true}}, {provisional, bound}).links,
      IsEmpty());
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
