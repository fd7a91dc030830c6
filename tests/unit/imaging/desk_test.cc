// What people decide, what orders change, and what time does.
#include "services/imaging/desk.h"

#include "common/base/status.h"
#include "services/imaging/timers.h"
#include "tests/unit/imaging/archive.h"

namespace tongjian::imaging {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const security::Scope kAll = security::Scope::Service();

// The newest StudyChanged.
v1::Study LastNews(Archive& archive) {
  const auto news = archive.News();
  EXPECT_FALSE(news.empty());
  return news.empty() ? v1::Study() : news.back();
}

TEST(Orders, MatchStudiesThatComeAfterThem) {
  Archive archive;
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto stored = archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  const Study study = archive.Get(stored->study_id);
  EXPECT_EQ(study.match, MatchState::kMatched);
  EXPECT_THAT(study.order_ids, ElementsAre("o1"));
  // The center that will read it sees it.
  EXPECT_THAT(archive.Studies({}, security::Scope::Facilities({"hub"})), SizeIs(1));
}

TEST(Orders, MatchStudiesThatCameBeforeThem) {
  Archive archive;
  const auto stored = archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(LastNews(archive).match(), v1::MATCH_STATE_UNMATCHED);
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const v1::Study news = LastNews(archive);
  EXPECT_EQ(news.match(), v1::MATCH_STATE_MATCHED);
  EXPECT_THAT(news.order_ids(), ElementsAre("o1"));
}

TEST(Orders, OfAnotherPatientMakeAStudyDoubtful) {
  Archive archive;
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto stored = archive.Put(
      {.patient_id = "P9", .patient_name = "LI^SI", .birth_date = "", .accession = "A1"});
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kDoubtful);
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, IsEmpty());
}

TEST(Orders, OfAVillageMatchStudiesOfItsTownship) {
  Archive archive;
  archive.places.SetFacility("township", "");
  archive.places.SetFacility("f1", "township");
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto stored = archive.Put({.accession = "A1"}, "township");
  const auto stranger =
      archive.Put({.study = "1.9", .sop = "1.9.1", .accession = "A1"}, "elsewhere");
  ASSERT_TRUE(stored.ok() && stranger.ok());
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kMatched);
  EXPECT_EQ(archive.Get(stranger->study_id).match, MatchState::kUnmatched);
}

TEST(Orders, TakeTheEvidenceOverFromAProvisionalOne) {
  Archive archive;
  const auto stored = archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  orders::v1::Order provisional = MakeOrder("p1", "T1");
  provisional.set_origin(orders::v1::ORDER_ORIGIN_DEVICE);
  provisional.mutable_items(0)->add_study_instance_uids("1.2.826.0.1");
  ASSERT_THAT(archive.Announce(provisional), IsOk());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("p1"));
  // The HIS order comes and takes the study's UID; then the provisional one ends.
  orders::v1::Order real = MakeOrder("o1", "A1");
  real.mutable_items(0)->add_study_instance_uids("1.2.826.0.1");
  ASSERT_THAT(archive.Announce(real), IsOk());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("o1"));
  provisional.set_version(2);
  provisional.set_state(orders::v1::ORDER_STATE_CANCELLED);
  provisional.set_bound_order_id("o1");
  ASSERT_THAT(archive.Announce(provisional), IsOk());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("o1"));
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kMatched);
}

// The worklist's own UID and number came back with other words; a person binds what stands for it.
TEST(Orders, OfAnotherPatientGetTheStudyWhenItIsBoundToThem) {
  Archive archive;
  orders::v1::Order real = MakeOrder("o1", "A1");
  real.mutable_items(0)->set_study_instance_uid("1.2.826.0.1");
  ASSERT_THAT(archive.Announce(real), IsOk());
  const auto stored = archive.Put(
      {.patient_id = "P9", .patient_name = "LI^SI", .birth_date = "19750505", .accession = "A1"});
  ASSERT_TRUE(stored.ok());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, IsEmpty());
  orders::v1::Order provisional = MakeOrder("p1", "T1");
  provisional.set_origin(orders::v1::ORDER_ORIGIN_DEVICE);
  provisional.mutable_items(0)->add_study_instance_uids("1.2.826.0.1");
  provisional.mutable_patient()->set_facility_patient_id("P9");
  provisional.mutable_patient()->set_name("LI SI");
  provisional.mutable_patient()->set_birth_date("1975-05-05");
  ASSERT_THAT(archive.Announce(provisional), IsOk());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("p1"));
  EXPECT_EQ(LastNews(archive).match(), v1::MATCH_STATE_DOUBTFUL);
  real.set_version(2);
  real.set_bound_order_id("p1");
  provisional.set_version(2);
  provisional.set_state(orders::v1::ORDER_STATE_CANCELLED);
  provisional.set_bound_order_id("o1");
  for (const orders::v1::Order& order : {real, provisional}) {
    ASSERT_THAT(archive.Announce(order), IsOk());
    EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("o1"));
  }
  real.set_version(3);  // Any later news of it, and a later image.
  real.set_state(orders::v1::ORDER_STATE_QUEUED);
  ASSERT_THAT(archive.Announce(real), IsOk());
  ASSERT_TRUE(archive
                  .Put({.sop = "1.2.826.0.1.1.2",
                        .patient_id = "P9",
                        .patient_name = "LI^SI",
                        .birth_date = "19750505",
                        .accession = "A1"})
                  .ok());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("o1"));
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kMatched);
}

TEST(Orders, OfAnotherSexMakeAPinyinNameDoubtful) {
  Archive archive;
  orders::v1::Order order = MakeOrder("o1", "A1");
  const ObjectSpec spec = {
      .patient_id = "0042", .patient_name = "WANG^XIAODONG", .accession = "A1"};
  ASSERT_THAT(archive.Announce(order), IsOk());
  const auto stored = archive.Put(spec);
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kMatched);
  ASSERT_THAT(archive.Write([&](store::Transaction& tx) {
    return tx.Execute("update study set sex = 1").status();
  }),
              IsOk());
  order.set_version(2);
  order.mutable_patient()->set_sex(common::v1::SEX_FEMALE);
  ASSERT_THAT(archive.Announce(order), IsOk());
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kDoubtful);
}

TEST(Orders, ThatAreBoundTakeAPersonsLinkAlong) {
  Archive archive;
  const auto stored = archive.Put({});
  ASSERT_TRUE(stored.ok());
  ASSERT_THAT(archive.Announce(MakeOrder("p1", "T1")), IsOk());
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  ASSERT_THAT(archive.Write([&](store::Transaction& tx) {
    return archive.desk->Link(tx, kAll, stored->study_id, "p1", false, {"person:u1", "seen"})
        .status();
  }),
              IsOk());
  orders::v1::Order bound = MakeOrder("p1", "T1", 2);
  bound.set_state(orders::v1::ORDER_STATE_CANCELLED);
  bound.set_bound_order_id("o1");
  ASSERT_THAT(archive.Announce(bound), IsOk());
  const Study study = archive.Get(stored->study_id);
  EXPECT_THAT(study.order_ids, ElementsAre("o1"));
  EXPECT_EQ(study.match, MatchState::kLinked);
}

TEST(Orders, ThatAreCancelledLoseTheirStudies) {
  Archive archive;
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto stored = archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  orders::v1::Order cancelled = MakeOrder("o1", "A1", 2);
  cancelled.set_state(orders::v1::ORDER_STATE_CANCELLED);
  ASSERT_THAT(archive.Announce(cancelled), IsOk());
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kUnmatched);
  // Old news of it changes nothing.
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1", 1)), IsOk());
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kUnmatched);
}

TEST(Orders, ThatAreReroutedShowTheStudyToTheNewCenter) {
  Archive archive;
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  ASSERT_TRUE(archive.Put({.accession = "A1"}).ok());
  orders::v1::Order rerouted = MakeOrder("o1", "A1", 2);
  rerouted.mutable_routing()->set_performing_facility_id("hub2");
  ASSERT_THAT(archive.Announce(rerouted), IsOk());
  EXPECT_THAT(archive.Studies({}, security::Scope::Facilities({"hub2"})), SizeIs(1));
  EXPECT_THAT(archive.Studies({}, security::Scope::Facilities({"hub"})), SizeIs(0));
}

TEST(Patients, AreLinkedByTheirWordsBeforeAndAfter) {
  Archive archive;
  const auto before = archive.Put({});
  ASSERT_TRUE(before.ok());
  ASSERT_THAT(archive.AnnouncePatient("pat1", "P1", "王小东", "1980-01-01"), IsOk());
  EXPECT_EQ(archive.Get(before->study_id).patient_id, "pat1");
  EXPECT_EQ(LastNews(archive).patient().patient_id(), "pat1");
  const auto after = archive.Put({.study = "1.9", .sop = "1.9.1"});
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(archive.Get(after->study_id).patient_id, "pat1");
  // Merged into another: the words move, the study's own words stay.
  ASSERT_THAT(archive.AnnouncePatient("pat2", "P1", "王小东", "1980-01-01"), IsOk());
  EXPECT_EQ(archive.Get(before->study_id).patient_id, "pat2");
  EXPECT_EQ(archive.Get(before->study_id).patient.name, "王小东");
}

TEST(Desk, MovesAStudyToAnotherOrderForGood) {
  Archive archive;
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  ASSERT_THAT(archive.Announce(MakeOrder("o2", "B1")), IsOk());
  const auto stored = archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  ASSERT_THAT(archive.Write([&](store::Transaction& tx) {
    return archive.desk->Link(tx, kAll, stored->study_id, "o2", false, {"person:u1", "wrong card"})
        .status();
  }),
              IsOk());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("o2"));
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1", 2)), IsOk());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("o2"));
  const auto history = archive.History(stored->study_id);
  ASSERT_THAT(history, SizeIs(3));
  EXPECT_EQ(history[0].by, "accession_number");
  EXPECT_EQ(history[1].action, "unlinked");
  EXPECT_EQ(history[2].order_id, "o2");
  EXPECT_EQ(history[2].actor, "person:u1");
  EXPECT_EQ(history[2].reason, "wrong card");
}

TEST(Desk, LinksOneStudyToSeveralOrders) {
  Archive archive;
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  ASSERT_THAT(archive.Announce(MakeOrder("o2", "B1")), IsOk());
  const auto stored = archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  ASSERT_THAT(archive.Write([&](store::Transaction& tx) {
    return archive.desk->Link(tx, kAll, stored->study_id, "o2", true, {"person:u1", "one scan"})
        .status();
  }),
              IsOk());
  EXPECT_THAT(archive.Get(stored->study_id).order_ids, ElementsAre("o1", "o2"));
}

TEST(Desk, UnlinksAndTheRulesDoNotLinkAgain) {
  Archive archive;
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto stored = archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  const auto unlink = [&] {
    return archive.Write([&](store::Transaction& tx) {
      return archive.desk->Unlink(tx, kAll, stored->study_id, "", {"person:u1", "other patient"})
          .status();
    });
  };
  ASSERT_THAT(unlink(), IsOk());
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kUnmatched);
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1", 2)), IsOk());
  EXPECT_EQ(archive.Get(stored->study_id).match, MatchState::kUnmatched);
  EXPECT_THAT(unlink(), HasCode(absl::StatusCode::kNotFound));
}

TEST(Desk, RefusesCancelledUnknownAndForeign) {
  Archive archive;
  orders::v1::Order cancelled = MakeOrder("o1", "A1");
  cancelled.set_state(orders::v1::ORDER_STATE_CANCELLED);
  ASSERT_THAT(archive.Announce(cancelled), IsOk());
  const auto stored = archive.Put({});
  ASSERT_TRUE(stored.ok());
  const auto link = [&](const security::Scope& scope, const char* order) {
    return archive.Write([&](store::Transaction& tx) {
      return archive.desk->Link(tx, scope, stored->study_id, order, false, {"person:u1", "x"})
          .status();
    });
  };
  EXPECT_EQ(base::DetailOf(link(kAll, "o1")).reason, "STATE_NOT_ALLOWED");
  EXPECT_THAT(link(kAll, "o9"), HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(link(security::Scope::Facilities({"f2"}), "o1"),
              HasCode(absl::StatusCode::kNotFound));
}

TEST(Desk, GradesWithAReason) {
  Archive archive;
  const auto stored = archive.Put({});
  ASSERT_TRUE(stored.ok());
  const auto grade = [&](const char* grade, const char* reason) {
    return archive.Write([&](store::Transaction& tx) {
      return archive.desk->Grade(tx, kAll, stored->study_id, grade, {"person:u1", reason}).status();
    });
  };
  EXPECT_THAT(grade("D", "x"), HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(grade("C", ""), HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(grade("C", "cut off"), IsOk());
  EXPECT_EQ(LastNews(archive).grade(), "C");
}

class Conflicts : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(archive_.Put({.pixels = "aa"}).ok());
    ASSERT_TRUE(archive_.Put({.sop = "1.2.826.0.1.1.2"}).ok());
    const auto later = archive_.Put({.pixels = "bbbb"});
    ASSERT_TRUE(later.ok());
    study_id_ = later->study_id;
  }

  absl::Status Resolve(bool take_later) {
    ConflictDecision decision = {.id = archive_.Conflicts(true).at(0).id, .take_later = take_later};
    TJ_TRY(archive_.desk->Prepare(kAll, decision));
    return archive_.Write([&](store::Transaction& tx) {
      return archive_.desk->Resolve(tx, kAll, decision, {"person:u1", "looked"}).status();
    });
  }
  std::string CurrentContent() {
    for (const Instance& instance : archive_.Instances(archive_.Get(study_id_))) {
      if (instance.sop_instance_uid == "1.2.826.0.1.1.1") return archive_.Content(instance.locator);
    }
    return "";
  }

  Archive archive_;
  std::string study_id_;
};

TEST_F(Conflicts, KeepTheFirst) {
  ASSERT_THAT(Resolve(false), IsOk());
  EXPECT_EQ(CurrentContent(), MakeObject({.pixels = "aa"}));
  EXPECT_THAT(archive_.Conflicts(), IsEmpty());
  EXPECT_EQ(archive_.Get(study_id_).conflict_count, 0);
  EXPECT_EQ(base::DetailOf(Resolve(true)).reason, "STATE_NOT_ALLOWED");
}

TEST_F(Conflicts, TakeTheLaterAndKeepTheFirstStored) {
  const int64_t size = archive_.Get(study_id_).size;
  ASSERT_THAT(Resolve(true), IsOk());
  EXPECT_EQ(CurrentContent(), MakeObject({.pixels = "bbbb"}));
  const Study study = archive_.Get(study_id_);
  EXPECT_EQ(study.instance_count, 2);
  EXPECT_EQ(study.size, size + 2);
  const std::vector<Conflict> conflicts = archive_.Conflicts(true);
  ASSERT_THAT(conflicts, SizeIs(1));
  EXPECT_EQ(conflicts[0].state, ConflictState::kTookLater);
  EXPECT_EQ(archive_.Content(conflicts[0].locator), MakeObject({.pixels = "aa"}));
  // Neither object is an orphan, and the first one sent again is known.
  archive_.manual.Advance(absl::Now() + absl::Hours(48) -
                          archive_.clock.Now());  // Files have the real time.
  ASSERT_THAT(
      Sweep(*archive_.database, *archive_.blobs, archive_.clock, absl::Hours(1), absl::Hours(1)),
      IsOk());
  EXPECT_EQ(archive_.Content(conflicts[0].locator), MakeObject({.pixels = "aa"}));
  EXPECT_EQ(CurrentContent(), MakeObject({.pixels = "bbbb"}));
  EXPECT_EQ(archive_.Put({.pixels = "aa"})->outcome, StoreOutcome::kConflict);
  EXPECT_THAT(archive_.Conflicts(true), SizeIs(1));
}

TEST(Finishing, VerifiesWhenTheSendersCountEqualsOurs) {
  Archive archive;
  ASSERT_TRUE(archive.Put({.sop = "1.2.1"}).ok());
  const auto finish = [&](int64_t count) {
    FinishReport report;
    EXPECT_THAT(archive.Write([&](store::Transaction& tx) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(report, archive.desk->Finish(tx, "f1", "1.2.826.0.1", count, "machine"));
      return absl::OkStatus();
    }),
                IsOk());
    return report;
  };
  EXPECT_FALSE(finish(2).verified);
  EXPECT_EQ(archive.Studies()[0].state, StudyState::kReceiving);
  ASSERT_TRUE(archive.Put({.sop = "1.2.2"}).ok());
  EXPECT_EQ(archive.Studies()[0].state, StudyState::kVerified);
  const v1::Study news = LastNews(archive);
  EXPECT_EQ(news.state(), v1::STUDY_STATE_VERIFIED);
  EXPECT_EQ(news.instance_count(), 2);
  EXPECT_TRUE(finish(2).verified);
  EXPECT_THAT(archive.Write([&](store::Transaction& tx) {
    return archive.desk->Finish(tx, "f2", "1.2.826.0.1", 2, "machine").status();
  }),
              HasCode(absl::StatusCode::kNotFound));
}

TEST(QuietTime, CompletesAStudyAndALateInstanceReopensIt) {
  Archive archive;
  QuietTimes times(*archive.database, archive.clock, absl::Seconds(60));
  ASSERT_TRUE(archive.Put({.sop = "1.2.1"}).ok());
  ASSERT_TRUE(archive.Put({.sop = "1.2.2"}).ok());
  ASSERT_TRUE(times.RunOnce().ok());
  archive.manual.Advance(absl::Seconds(59));
  ASSERT_TRUE(times.RunOnce().ok());
  EXPECT_EQ(archive.Studies()[0].state, StudyState::kReceiving);
  archive.manual.Advance(absl::Seconds(1));
  ASSERT_TRUE(times.RunOnce().ok());
  const v1::Study news = LastNews(archive);
  EXPECT_EQ(news.state(), v1::STUDY_STATE_COMPLETE);
  EXPECT_EQ(news.instance_count(), 2);
  ASSERT_TRUE(archive.Put({.sop = "1.2.3"}).ok());
  EXPECT_EQ(LastNews(archive).state(), v1::STUDY_STATE_REOPENED);
}

TEST(QuietTime, AnnouncesWhatWasHeldBack) {
  Archive archive;
  QuietTimes times(*archive.database, archive.clock, absl::Seconds(60));
  ASSERT_TRUE(archive.Put({.sop = "1.2.1"}).ok());
  ASSERT_TRUE(archive.Put({.sop = "1.2.2"}).ok());
  archive.News();
  archive.manual.Advance(absl::Seconds(1));
  ASSERT_TRUE(times.RunOnce().ok());
  EXPECT_EQ(LastNews(archive).instance_count(), 2);
  ASSERT_TRUE(times.RunOnce().ok());
  EXPECT_THAT(archive.News(), IsEmpty());
}

TEST(QuietTime, BeginsAnewWhenTheClockJumps) {
  Archive archive;
  QuietTimes times(*archive.database, archive.clock, absl::Seconds(60));
  ASSERT_TRUE(archive.Put({}).ok());
  ASSERT_TRUE(times.RunOnce().ok());
  archive.manual.JumpTo(archive.manual.Now() + absl::Hours(24 * 365));
  ASSERT_TRUE(times.RunOnce().ok());
  EXPECT_EQ(archive.Studies()[0].state, StudyState::kReceiving);
  archive.manual.Advance(absl::Seconds(60));
  ASSERT_TRUE(times.RunOnce().ok());
  EXPECT_EQ(archive.Studies()[0].state, StudyState::kComplete);
}

TEST(Sweeping, RemovesObjectsWithoutARowAndNoOthers) {
  Archive archive;
  ASSERT_TRUE(archive.Put({}).ok());
  const auto writer = *archive.blobs->Create();
  ASSERT_THAT(writer->Append("nobody's"), IsOk());
  const blob::Receipt orphan = *writer->Commit();
  ASSERT_TRUE(archive.blobs->OpenReader(orphan.locator).ok());
  archive.manual.Advance(absl::Now() + absl::Hours(48) -
                         archive.clock.Now());  // Files have the real time.
  ASSERT_THAT(
      Sweep(*archive.database, *archive.blobs, archive.clock, absl::Hours(1), absl::Hours(1)),
      IsOk());
  EXPECT_THAT(archive.blobs->OpenReader(orphan.locator).status(),
              HasCode(absl::StatusCode::kNotFound));
  EXPECT_EQ(archive.Content(archive.Instances(archive.Studies()[0])[0].locator), MakeObject({}));
}

}  // namespace
}  // namespace tongjian::imaging
