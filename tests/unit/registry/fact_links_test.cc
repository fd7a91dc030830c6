#include "services/registry/fact_links.h"

#include <map>
#include <optional>
#include <utility>

#include "common/base/status.h"
#include "services/registry/kinds.h"
#include "services/registry/patient_fact_store.h"
#include "tests/unit/registry/registry_fixture.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::registry {
namespace {

const PatientIdentifier kDocument{IdentifierType::kResidentId, "34052419800101001X", "", false};

// Orders and studies of "张三", born 1980-01-01.
class FactLinksTest : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    if (database_ != nullptr) AddSample();
  }

  static StatedFact Fact(FactKind kind, const std::string& id,
                         const std::string& facility_id = "clinic-a") {
    StatedFact fact;
    fact.kind = kind;
    fact.id = id;
    fact.words.facility_id = facility_id;
    fact.words.name = "张三";
    fact.words.birth_date = "1980-01-01";
    return fact;
  }
  static StatedFact Study(const std::string& id, const std::string& order_id) {
    StatedFact fact = Fact(FactKind::kStudy, id);
    fact.study_uids = {"1.2." + id};
    fact.order_id = order_id;
    return fact;
  }
  void Apply(const StatedFact& fact) {
    const auto applied = Change<bool>([&](store::Transaction& tx) -> absl::StatusOr<bool> {
      TJ_TRY(links_.Apply(tx, fact));
      return true;
    });
    EXPECT_TRUE(applied.ok()) << applied.status();
  }
  std::string PatientOf(FactKind kind, const std::string& id) {
    const auto fact = Ask<std::optional<PatientFact>>(
        [&](store::Session& session) { return FindFact(session, kind, id); });
    EXPECT_TRUE(fact.ok()) << fact.status();
    return fact.ok() && *fact ? (*fact)->current_id : "";
  }
  PatientState StateOf(const std::string& patient_id) {
    return Ask<Patient>([&](store::Session& session) {
             return Patients::Get(session, all_, patient_id);
           })->state;
  }
  void Verify(const std::string& patient_id, const PatientIdentifier& document) {
    const auto verified = Change<Patient>([&](store::Transaction& tx) {
      return patients_.Verify(tx, all_, patient_id, document);
    });
    EXPECT_TRUE(verified.ok()) << verified.status();
  }
  // The patient that each order and study belongs to, by the feed alone: the last news wins.
  std::map<std::string, std::string> Told(size_t events) {
    std::map<std::string, std::string> told;
    for (const store::Event& event : News(events)) {
      events::v1::PatientChanged changed;
      EXPECT_TRUE(changed.ParseFromString(event.payload));
      for (const auto& link : changed.links()) {
        EXPECT_FALSE(link.facility_patient_id().empty() && link.order_id().empty() &&
                     link.study_id().empty());
        if (!link.order_id().empty()) told[link.order_id()] = changed.patient().id();
        if (!link.study_id().empty()) told[link.study_id()] = changed.patient().id();
      }
    }
    return told;
  }

  Patients patients_{ids_};
  FactLinks links_{patients_};
};

TJ_REGISTRY_ON_BOTH(FactLinksTest);

TEST_P(FactLinksTest, NamesakesWithoutANumberAreTwoAndVerifyingOneLeavesTheOther) {
  for (const char* facility : {"clinic-a", "clinic-b"}) {
    const std::string own = facility;
    Apply(Fact(FactKind::kOrder, own + "-1", own));
    Apply(Fact(FactKind::kOrder, own + "-2", own));
  }
  const std::string first = PatientOf(FactKind::kOrder, "clinic-a-1");
  ASSERT_FALSE(first.empty());
  Verify(first, kDocument);
  EXPECT_EQ(StateOf(first), PatientState::kVerified);
  for (const char* other : {"clinic-a-2", "clinic-b-1", "clinic-b-2"}) {
    const std::string patient = PatientOf(FactKind::kOrder, other);
    EXPECT_NE(patient, first) << other;
    EXPECT_EQ(StateOf(patient), PatientState::kProvisional) << other;
  }
  const auto told = Told(9);
  EXPECT_EQ(told.size(), 4u);
  EXPECT_EQ(told.at("clinic-a-1"), first);
  EXPECT_NE(told.at("clinic-a-2"), first);
  EXPECT_NE(told.at("clinic-b-1"), first);
}

TEST_P(FactLinksTest, SameNewsTwiceHasOneEffect) {
  Apply(Fact(FactKind::kOrder, "o1"));
  const std::string patient = PatientOf(FactKind::kOrder, "o1");
  const auto before = News(2);
  Apply(Fact(FactKind::kOrder, "o1"));
  EXPECT_EQ(PatientOf(FactKind::kOrder, "o1"), patient);
  Apply(Fact(FactKind::kOrder, "o2"));
  EXPECT_EQ(News(2).size(), 2u) << "of the second order alone";
}

TEST_P(FactLinksTest, StudyFollowsItsOrderWhicheverIsHeardOfFirst) {
  Apply(Fact(FactKind::kOrder, "o1"));
  Apply(Study("s1", "o1"));
  EXPECT_EQ(PatientOf(FactKind::kStudy, "s1"), PatientOf(FactKind::kOrder, "o1"));
  Apply(Study("s2", "o2"));
  Apply(Fact(FactKind::kOrder, "o2"));
  EXPECT_EQ(PatientOf(FactKind::kStudy, "s2"), PatientOf(FactKind::kOrder, "o2"));
  EXPECT_NE(PatientOf(FactKind::kOrder, "o1"), PatientOf(FactKind::kOrder, "o2"));
}

TEST_P(FactLinksTest, OrderMadeForAStudyIsTheStudysPatients) {
  Apply(Study("s1", ""));
  StatedFact provisional = Fact(FactKind::kOrder, "o1");
  provisional.study_uids = {"1.2.s1"};
  Apply(provisional);
  EXPECT_EQ(PatientOf(FactKind::kOrder, "o1"), PatientOf(FactKind::kStudy, "s1"));
}

TEST_P(FactLinksTest, StudyTakenFromAnOrderStandsAlone) {
  Apply(Fact(FactKind::kOrder, "o1"));
  Apply(Study("s1", "o1"));
  Apply(Study("s1", ""));
  EXPECT_NE(PatientOf(FactKind::kStudy, "s1"), PatientOf(FactKind::kOrder, "o1"));
}

TEST_P(FactLinksTest, DocumentOrNumberSaysWhoItIsAndOtherWordsAreSomebodyElse) {
  Apply(Fact(FactKind::kOrder, "o1"));
  const std::string unknown = PatientOf(FactKind::kOrder, "o1");
  StatedFact proven = Fact(FactKind::kOrder, "o1");
  proven.words.identifiers = {kDocument};
  Apply(proven);
  EXPECT_EQ(PatientOf(FactKind::kOrder, "o1"), unknown);
  EXPECT_EQ(StateOf(unknown), PatientState::kVerified);
  StatedFact same_card = Fact(FactKind::kOrder, "o2", "clinic-b");
  same_card.words.identifiers = {kDocument};
  Apply(same_card);
  EXPECT_EQ(PatientOf(FactKind::kOrder, "o2"), unknown);

  StatedFact renamed = Fact(FactKind::kOrder, "o1");
  renamed.words.name = "李四";
  Apply(renamed);
  EXPECT_NE(PatientOf(FactKind::kOrder, "o1"), unknown);
  EXPECT_EQ(StateOf(PatientOf(FactKind::kOrder, "o1")), PatientState::kProvisional);
  renamed.words.number = "17";
  Apply(renamed);
  EXPECT_EQ(PatientOf(FactKind::kOrder, "o1"), "") << "the number says it now";
}

TEST_P(FactLinksTest, MoveWithAMergeAndComeBack) {
  Apply(Fact(FactKind::kOrder, "o1"));
  Apply(Fact(FactKind::kOrder, "o2"));
  const std::string a = PatientOf(FactKind::kOrder, "o1");
  const std::string b = PatientOf(FactKind::kOrder, "o2");
  ASSERT_TRUE(Change<Patient>([&](store::Transaction& tx) {
                return patients_.Merge(tx, all_, a, b, "one person");
              }).ok());
  EXPECT_EQ(PatientOf(FactKind::kOrder, "o1"), b);
  Apply(Study("s1", "o1"));
  EXPECT_EQ(PatientOf(FactKind::kStudy, "s1"), b);
  ASSERT_TRUE(Change<Patient>([&](store::Transaction& tx) {
                return patients_.Unmerge(tx, all_, a, "two after all");
              }).ok());
  EXPECT_EQ(PatientOf(FactKind::kOrder, "o1"), a);
  EXPECT_EQ(PatientOf(FactKind::kStudy, "s1"), a);
  EXPECT_EQ(PatientOf(FactKind::kOrder, "o2"), b);
}

}  // namespace
}  // namespace tongjian::registry
