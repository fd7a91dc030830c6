#include "services/registry/patients.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "common/base/status.h"
#include "services/registry/kinds.h"
#include "services/registry/patient_store.h"
#include "tests/unit/registry/registry_fixture.h"

namespace tongjian::registry {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const PatientIdentifier kDocument{IdentifierType::kResidentId, "34052419800101001X", "", false};
const PatientIdentifier kWrongDocument{IdentifierType::kResidentId, "340524198001010019", "",
                                       false};

Statement Says(const std::string& facility_id, const std::string& number, const std::string& name,
               const std::string& birth_date = "1980-01-01") {
  Statement statement;
  statement.facility_id = facility_id;
  statement.number = number;
  statement.name = name;
  statement.birth_date = birth_date;
  return statement;
}

class PatientsTest : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    if (database_ != nullptr) AddSample();
  }

  absl::StatusOr<Resolution> TryResolve(const Statement& statement, const security::Scope& scope) {
    return Change<Resolution>(
        [&](store::Transaction& tx) { return patients_.Resolve(tx, scope, statement); });
  }
  Resolution Resolve(const Statement& statement) {
    const auto resolution = TryResolve(statement, all_);
    EXPECT_TRUE(resolution.ok()) << resolution.status();
    return resolution.ok() ? *resolution : Resolution();
  }
  absl::StatusOr<Patient> Verify(const std::string& id, const PatientIdentifier& document) {
    return Change<Patient>(
        [&](store::Transaction& tx) { return patients_.Verify(tx, all_, id, document); });
  }
  absl::StatusOr<Patient> Merge(const std::string& source, const std::string& target) {
    return Change<Patient>(
        [&](store::Transaction& tx) { return patients_.Merge(tx, all_, source, target, "same"); });
  }
  absl::StatusOr<Patient> Unmerge(const std::string& id) {
    return Change<Patient>(
        [&](store::Transaction& tx) { return patients_.Unmerge(tx, all_, id, "not the same"); });
  }
  absl::StatusOr<Patient> Get(const std::string& id, const security::Scope& scope) {
    return Ask<Patient>([&](store::Session& session) { return Patients::Get(session, scope, id); });
  }
  std::vector<std::string> Search(const PatientQuery& query, const security::Scope& scope,
                                  int64_t limit = 100) {
    std::vector<std::string> names;
    PatientPosition after;
    for (int pages = 0; pages < 100; ++pages) {
      const auto page = Ask<std::vector<FoundPatient>>([&](store::Session& session) {
        return SearchPatients(session, scope, query, after, limit);
      });
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok() || page->empty()) break;
      for (const FoundPatient& found : *page) names.push_back(found.patient.name);
      after = page->back().position;
    }
    return names;
  }

  Patients patients_{ids_};
};

TJ_REGISTRY_ON_BOTH(PatientsTest);

TEST_P(PatientsTest, AreOnePerFacilityNumberAndPerson) {
  const Resolution first = Resolve(Says("clinic-a", "17", "张三"));
  EXPECT_TRUE(first.created);
  EXPECT_EQ(first.linked_by, "new");
  EXPECT_EQ(first.patient.state, PatientState::kProvisional);
  const Resolution again = Resolve(Says("clinic-a", "17", "张 三", ""));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.linked_by, "facility_number");
  EXPECT_EQ(again.patient.id, first.patient.id);
  EXPECT_THAT(again.warnings, IsEmpty());
}

TEST_P(PatientsTest, AreNotMixedWhenANumberIsGivenTwice) {
  const Resolution first = Resolve(Says("clinic-a", "17", "张三"));
  const Resolution other = Resolve(Says("clinic-a", "17", "李四"));
  EXPECT_TRUE(other.created);
  EXPECT_NE(other.patient.id, first.patient.id);
  EXPECT_THAT(other.warnings, SizeIs(1));
  EXPECT_THAT(Warnings(other.patient), SizeIs(1));
  const Resolution born = Resolve(Says("clinic-a", "17", "张三", "1990-05-05"));
  EXPECT_TRUE(born.created);
  // Each goes on to its own.
  EXPECT_EQ(Resolve(Says("clinic-a", "17", "李四")).patient.id, other.patient.id);
  EXPECT_EQ(Resolve(Says("clinic-a", "17", "张三")).patient.id, first.patient.id);
  EXPECT_EQ(Resolve(Says("clinic-a", "17", "张三", "1990-05-05")).patient.id, born.patient.id);
}

TEST_P(PatientsTest, OfTwoFacilitiesAreNotLinkedByNameAlone) {
  const Resolution a = Resolve(Says("clinic-a", "17", "张三"));
  const Resolution b = Resolve(Says("clinic-b", "17", "张三"));
  EXPECT_NE(a.patient.id, b.patient.id);
  EXPECT_THAT(b.warnings, IsEmpty());
}

TEST_P(PatientsTest, AreLinkedByAVerifiedDocumentWithNameAndBirthDate) {
  const Resolution a = Resolve(Says("clinic-a", "17", "张三"));
  ASSERT_TRUE(Verify(a.patient.id, kDocument).ok());
  Statement b = Says("clinic-b", "100", "张三");
  b.identifiers = {kDocument};
  const Resolution linked = Resolve(b);
  EXPECT_EQ(linked.patient.id, a.patient.id);
  EXPECT_EQ(linked.linked_by, "verified_document");
  b.number = "101";
  b.birth_date = "";
  EXPECT_TRUE(Resolve(b).created);
  b = Says("clinic-b", "102", "李四");
  b.identifiers = {kDocument};
  const Resolution stranger = Resolve(b);
  EXPECT_TRUE(stranger.created);
  EXPECT_THAT(stranger.warnings, SizeIs(1));
  EXPECT_EQ(stranger.patient.state, PatientState::kProvisional);
}

TEST_P(PatientsTest, AreVerifiedByAResidentNumberThatFits) {
  Statement statement = Says("clinic-a", "17", "张三");
  statement.identifiers = {kDocument};
  EXPECT_EQ(Resolve(statement).patient.state, PatientState::kVerified);
  statement = Says("clinic-a", "18", "李四", "1990-05-05");
  statement.identifiers = {kDocument};
  EXPECT_EQ(Resolve(statement).patient.state, PatientState::kProvisional);
  statement = Says("clinic-a", "19", "王五", "");
  statement.identifiers = {kDocument};
  EXPECT_EQ(Resolve(statement).patient.state, PatientState::kProvisional);
}

TEST_P(PatientsTest, AreTakenWithAWrongCheckDigitAndNotVerified) {
  Statement statement = Says("clinic-a", "17", "张三");
  statement.identifiers = {kWrongDocument};
  const Resolution taken = Resolve(statement);
  EXPECT_TRUE(taken.created);
  EXPECT_THAT(Warnings(taken.patient), SizeIs(1));
  EXPECT_EQ(Verify(taken.patient.id, kWrongDocument).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Get(taken.patient.id, all_)->state, PatientState::kProvisional);
}

TEST_P(PatientsTest, AreNotedWhenTwoAreVerifiedByOneDocument) {
  const Resolution a = Resolve(Says("clinic-a", "17", "张三"));
  const Resolution b = Resolve(Says("clinic-b", "18", "张三"));
  ASSERT_TRUE(Verify(a.patient.id, kDocument).ok());
  const auto second = Verify(b.patient.id, kDocument);
  ASSERT_TRUE(second.ok());
  EXPECT_THAT(Warnings(*second), SizeIs(1));
}

TEST_P(PatientsTest, GetTheirNameWhenTheEmergencyIsKnown) {
  Statement unnamed = Says("clinic-a", "E1", "无名氏", "");
  unnamed.unnamed = true;
  const Resolution first = Resolve(unnamed);
  EXPECT_TRUE(first.patient.unnamed);
  EXPECT_EQ(Resolve(unnamed).patient.id, first.patient.id);
  EXPECT_EQ(Verify(first.patient.id, kDocument).status().code(),
            absl::StatusCode::kFailedPrecondition);
  const Resolution named = Resolve(Says("clinic-a", "E1", "张三"));
  EXPECT_EQ(named.patient.id, first.patient.id);
  EXPECT_FALSE(named.patient.unnamed);
  EXPECT_EQ(named.patient.name, "张三");
}

TEST_P(PatientsTest, AreNotTheirMothers) {
  const Resolution mother = Resolve(Says("clinic-a", "17", "王芳", "1995-03-03"));
  Statement newborn =
      Says("clinic-a", "17", "王芳", "");  // Registered under the mother's name and number.
  newborn.mother_patient_id = mother.patient.id;
  const Resolution child = Resolve(newborn);
  EXPECT_NE(child.patient.id, mother.patient.id);
  EXPECT_EQ(child.patient.mother_patient_id, mother.patient.id);
}

TEST_P(PatientsTest, AreOneWhenResolvedByManyAtOnce) {
  constexpr int kThreads = 8;
  std::vector<std::string> ids(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      // Half of them know the birth date.
      const auto resolution =
          TryResolve(Says("clinic-a", "17", "张三", i % 2 == 0 ? "1980-01-01" : ""), all_);
      ids[i] = resolution.ok() ? resolution->patient.id : resolution.status().ToString();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(1));
}

TEST_P(PatientsTest, StayReachableUnderAllNumbersBehindAMerge) {
  const std::string a = Resolve(Says("clinic-a", "17", "张三")).patient.id;
  const std::string b = Resolve(Says("clinic-b", "18", "张叁")).patient.id;
  const auto target = Merge(a, b);
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->id, b);
  EXPECT_THAT(target->identifiers, SizeIs(2));
  EXPECT_THAT(target->merged_ids, ElementsAre(a));
  EXPECT_EQ(Get(a, all_)->state, PatientState::kMerged);
  EXPECT_EQ(Get(a, all_)->merged_into_id, b);
  // Clinic A goes on saying what it always said.
  const Resolution again = Resolve(Says("clinic-a", "17", "张三"));
  EXPECT_EQ(again.patient.id, b);
  EXPECT_FALSE(again.created);
  EXPECT_FALSE(Merge(a, b).ok());
  EXPECT_FALSE(Merge(b, a).ok());
}

TEST_P(PatientsTest, ComeBackWholeFromAWrongMerge) {
  const std::string a = Resolve(Says("clinic-a", "17", "张三")).patient.id;
  const std::string b = Resolve(Says("clinic-b", "18", "张叁")).patient.id;
  const std::string c = Resolve(Says("hub", "19", "张三丰")).patient.id;
  ASSERT_TRUE(Merge(a, b).ok());
  ASSERT_TRUE(Merge(b, c).ok());
  EXPECT_EQ(Resolve(Says("clinic-a", "17", "张三")).patient.id, c);
  const auto back = Unmerge(b);
  ASSERT_TRUE(back.ok()) << back.status();
  // What was merged into it before came back with it.
  EXPECT_EQ(back->state, PatientState::kProvisional);
  EXPECT_EQ(Resolve(Says("clinic-a", "17", "张三")).patient.id, b);
  EXPECT_THAT(Get(c, all_)->identifiers, SizeIs(1));
  ASSERT_TRUE(Unmerge(a).ok());
  EXPECT_EQ(Resolve(Says("clinic-a", "17", "张三")).patient.id, a);
  EXPECT_EQ(Unmerge(a).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Merge(a, b).ok());
}

TEST_P(PatientsTest, AnnounceMergesToTheFacilitiesThatKnowThem) {
  const std::string a = Resolve(Says("clinic-a", "17", "张三")).patient.id;
  const std::string b = Resolve(Says("clinic-b", "18", "张三")).patient.id;
  ASSERT_TRUE(Merge(a, b).ok());
  const auto news = News(4);
  ASSERT_THAT(news, SizeIs(4));
  EXPECT_THAT(news[0].audiences, ElementsAre("clinic-a"));
  EXPECT_THAT(news[1].audiences, ElementsAre("clinic-b"));
  EXPECT_EQ(news[2].key, a);
  EXPECT_EQ(news[3].key, b);
  EXPECT_THAT(news[3].audiences, UnorderedElementsAre("clinic-a", "clinic-b"));
  events::v1::PatientChanged merged;
  ASSERT_TRUE(merged.ParseFromString(news[2].payload));
  EXPECT_EQ(merged.change(), events::v1::PATIENT_CHANGE_MERGED);
  EXPECT_EQ(merged.patient().merged_into_id(), b);
}

TEST_P(PatientsTest, CarryTheWordsOfFactsThroughMergeAndUnmerge) {
  const std::string a = Resolve(Says("clinic-a", "17", "张三")).patient.id;
  const std::string b = Resolve(Says("clinic-b", "18", "张三")).patient.id;
  Resolve(Says("clinic-a", "17", "张 三", ""));  // The same person in other words.
  ASSERT_TRUE(Merge(a, b).ok());
  ASSERT_TRUE(Unmerge(a).ok());
  std::vector<std::pair<std::string, int>> links;
  for (const store::Event& event : News(7)) {
    events::v1::PatientChanged changed;
    ASSERT_TRUE(changed.ParseFromString(event.payload));
    links.emplace_back(event.key, changed.links_size());
  }
  using Link = std::pair<std::string, int>;
  // Made, made, said anew; merged: all words are the target's; unmerged.
  EXPECT_THAT(links, ElementsAre(Link(a, 1), Link(b, 1), Link(a, 2), Link(a, 0), Link(b, 3),
                                 Link(a, 2), Link(b, 1)));
}

TEST_P(PatientsTest, AreSeenOnlyWhereTheyAreKnown) {
  const std::string a = Resolve(Says("clinic-a", "17", "张三")).patient.id;
  EXPECT_TRUE(Get(a, security::Scope::Facilities({"clinic-a"})).ok());
  EXPECT_TRUE(absl::IsNotFound(Get(a, security::Scope::Facilities({"clinic-b"})).status()));
  EXPECT_TRUE(absl::IsNotFound(Get(a, security::Scope::Nothing()).status()));
  EXPECT_TRUE(absl::IsNotFound(
      TryResolve(Says("clinic-a", "18", "李四"), security::Scope::Facilities({"clinic-b"}))
          .status()));
  EXPECT_THAT(Search({{}, "张", ""}, security::Scope::Facilities({"clinic-b"})), IsEmpty());
  EXPECT_THAT(Search({{}, "张", ""}, security::Scope::Nothing()), IsEmpty());
  EXPECT_THAT(Search({{}, "张", ""}, security::Scope::Facilities({"clinic-a"})),
              ElementsAre("张三"));
}

TEST_P(PatientsTest, AreFoundByNameBirthDateAndNumber) {
  Resolve(Says("clinic-a", "1", "张三", "1980-01-01"));
  Resolve(Says("clinic-a", "2", "张三丰", "1981-01-01"));
  Resolve(Says("clinic-a", "3", "李四", "1980-01-01"));
  Statement latin = Says("clinic-a", "4", "王五");
  latin.name_latin = "Wang^Wu";
  Resolve(latin);
  EXPECT_THAT(Search({{}, "张 三", ""}, all_), ElementsAre("张三", "张三丰"));
  EXPECT_THAT(Search({{}, "张", "1981-01-01"}, all_), ElementsAre("张三丰"));
  EXPECT_THAT(Search({{}, "ＷＡＮＧ", ""}, all_), ElementsAre("王五"));
  EXPECT_THAT(Search({{}, "", "1980-01-01"}, all_), UnorderedElementsAre("张三", "李四", "王五"));
  EXPECT_THAT(Search({PatientIdentifier{IdentifierType::kFacility, "3", "", false}, "", ""}, all_),
              ElementsAre("李四"));
  EXPECT_THAT(Search({{}, "三", ""}, all_), IsEmpty());
}

TEST_P(PatientsTest, AreFoundPageByPage) {
  std::vector<std::string> expected;
  for (int i = 0; i < 7; ++i) {
    expected.push_back(i % 2 == 0 ? "张三" : "张四");
    Resolve(
        Says("clinic-a", std::to_string(i), expected.back(), "198" + std::to_string(i) + "-01-01"));
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(Search({{}, "张", ""}, all_, 2), expected);
}

TEST_P(PatientsTest, KeepNumbersThatTheCallerCouldNotSee) {
  const std::string a = Resolve(Says("clinic-a", "17", "张三")).patient.id;
  const std::string b = Resolve(Says("clinic-b", "18", "张三")).patient.id;
  ASSERT_TRUE(Merge(a, b).ok());
  const security::Scope clinic = security::Scope::Facilities({"clinic-b"});
  Patient wanted = *Get(b, clinic);
  wanted.identifiers = {{IdentifierType::kFacility, "18", "clinic-b", false}};
  wanted.name = "张叁";
  const auto updated =
      Change<Patient>([&](store::Transaction& tx) { return patients_.Update(tx, clinic, wanted); });
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->name, "张叁");
  EXPECT_THAT(updated->identifiers, SizeIs(2));
  const auto stale =
      Change<Patient>([&](store::Transaction& tx) { return patients_.Update(tx, clinic, wanted); });
  EXPECT_EQ(base::DetailOf(stale.status()).reason, "ETAG_MISMATCH");
}

TEST_P(PatientsTest, CannotBeGivenAnotherFacilitysNumber) {
  Statement statement = Says("clinic-a", "17", "张三");
  statement.identifiers = {{IdentifierType::kFacility, "5", "clinic-b", false},
                           {IdentifierType::kOutpatient, "OP7", "", false}};
  const Resolution resolution = Resolve(statement);
  EXPECT_THAT(resolution.warnings, SizeIs(1));
  for (const PatientIdentifier& identifier : resolution.patient.identifiers) {
    EXPECT_EQ(identifier.assigner_facility_id, "clinic-a");
  }
  EXPECT_THAT(resolution.patient.identifiers, SizeIs(2));
}

TEST_P(PatientsTest, WithoutANumberAreKeptTogetherButNeverForCertain) {
  const Resolution first = Resolve(Says("clinic-a", "", "张三"));
  EXPECT_EQ(first.linked_by, "new");
  const Resolution again = Resolve(Says("clinic-a", "", "张三"));
  EXPECT_EQ(again.patient.id, first.patient.id);
  EXPECT_EQ(again.linked_by, "same_words");
  EXPECT_EQ(again.patient.state, PatientState::kProvisional);
  EXPECT_TRUE(Resolve(Says("clinic-b", "", "张三")).created);
  EXPECT_NE(Resolve(Says("clinic-a", "17", "张三")).patient.id, first.patient.id);
  // A name alone is several people's.
  EXPECT_NE(Resolve(Says("clinic-a", "", "李四", "")).patient.id,
            Resolve(Says("clinic-a", "", "李四", "")).patient.id);
}

TEST_P(PatientsTest, WithoutANumberLearnNothingFromTheSameWords) {
  const Resolution first = Resolve(Says("clinic-a", "", "张三"));
  Statement other = Says("clinic-a", "", "张三");
  other.sex = Sex::kFemale;
  other.identifiers = {{IdentifierType::kPassport, "E12345678", "", false}};
  const Resolution linked = Resolve(other);
  EXPECT_EQ(linked.patient.id, first.patient.id);
  EXPECT_EQ(linked.linked_by, "same_words");
  const auto kept = Get(first.patient.id, all_);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->version, first.patient.version);
  EXPECT_EQ(kept->sex, Sex::kNone);
  EXPECT_THAT(kept->identifiers, SizeIs(1));
}

TEST_P(PatientsTest, OfADocumentAreNotThoseOfTheSameWords) {
  const Resolution first = Resolve(Says("clinic-a", "", "张三"));
  Statement proven = Says("clinic-a", "", "张三");
  proven.identifiers = {kDocument};
  const Resolution other = Resolve(proven);
  EXPECT_TRUE(other.created);
  EXPECT_NE(other.patient.id, first.patient.id);
  EXPECT_EQ(other.patient.state, PatientState::kVerified);
  EXPECT_THAT(other.warnings, ElementsAre(std::string(kSameWords)));
  EXPECT_EQ(Get(first.patient.id, all_)->state, PatientState::kProvisional);
  // Each goes on to its own; the words stay where they were said first.
  EXPECT_EQ(Resolve(proven).patient.id, other.patient.id);
  EXPECT_EQ(Resolve(proven).linked_by, "verified_document");
  EXPECT_EQ(Resolve(Says("clinic-a", "", "张三")).patient.id, first.patient.id);
}

TEST_P(PatientsTest, WithoutANumberGetOneSoThatTheFacilitySeesThem) {
  const Resolution resolution = Resolve(Says("clinic-a", "", "张三"));
  EXPECT_TRUE(Get(resolution.patient.id, security::Scope::Facilities({"clinic-a"})).ok());
}

}  // namespace
}  // namespace tongjian::registry
