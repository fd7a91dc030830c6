#include <thread>

#include "common/security/digest.h"
#include "common/store/feed.h"
#include "tests/support/postgres.h"
#include "tests/unit/imaging/archive.h"

namespace tongjian::imaging {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

enum class Backend { kSqlite, kPostgres };

// The same on both backends.
class Arrivals : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    std::string url;
    if (GetParam() == Backend::kPostgres) {
      tongjian::testing::Postgres* server = tongjian::testing::Postgres::Get();
      if (server == nullptr) GTEST_SKIP() << tongjian::testing::Postgres::why();
      url = server->Url();
    }
    archive_ = std::make_unique<Archive>(url);
  }

  std::unique_ptr<Archive> archive_;
};

INSTANTIATE_TEST_SUITE_P(Both, Arrivals, ::testing::Values(Backend::kSqlite, Backend::kPostgres),
                         [](const auto& info) {
                           return info.param == Backend::kSqlite ? "Sqlite" : "Postgres";
                         });

TEST_P(Arrivals, MakeStudySeriesAndInstance) {
  const auto stored = archive_->Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->outcome, StoreOutcome::kStored);
  const Study study = archive_->Get(stored->study_id);
  EXPECT_EQ(study.facility_id, "f1");
  EXPECT_EQ(study.study_instance_uid, "1.2.826.0.1");
  EXPECT_EQ(study.patient.name, "王小东");
  EXPECT_EQ(study.patient.name_latin, "WANG XIAODONG");
  EXPECT_EQ(study.patient.birth_date, "1980-01-01");
  EXPECT_EQ(study.accession_number, "A1");
  EXPECT_EQ(study.description, "胸部正位");
  EXPECT_THAT(study.modalities, ElementsAre("DX"));
  EXPECT_EQ(study.state, StudyState::kReceiving);
  EXPECT_EQ(study.match, MatchState::kUnmatched);
  EXPECT_EQ(study.instance_count, 1);
  EXPECT_EQ(study.series_count, 1);
  EXPECT_EQ(study.performed.device,
            absl::FromCivil(absl::CivilSecond(2026, 1, 5, 0, 30, 0), absl::UTCTimeZone()));
  EXPECT_FALSE(study.performed.implausible);
  const std::vector<Instance> instances = archive_->Instances(study);
  ASSERT_THAT(instances, SizeIs(1));
  EXPECT_EQ(archive_->Content(instances[0].locator), MakeObject({.accession = "A1"}));
}

TEST_P(Arrivals, SentTwiceHaveOneEffectAndOneObject) {
  ASSERT_TRUE(archive_->Put({}).ok());
  ASSERT_THAT(archive_->AwaitNews(), SizeIs(1));
  const auto again = archive_->Put({});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->outcome, StoreOutcome::kDuplicate);
  const std::vector<Study> studies = archive_->Studies();
  ASSERT_THAT(studies, SizeIs(1));
  EXPECT_EQ(studies[0].instance_count, 1);
  EXPECT_EQ(archive_->CountObjects(), 1);
  EXPECT_EQ(archive_->Get(again->study_id).version, 1);
  // The first object is still there.
  EXPECT_EQ(archive_->Content(archive_->Instances(studies[0])[0].locator), MakeObject({}));
}

TEST_P(Arrivals, ThatDifferInTheMetaHeaderAloneAreDuplicates) {
  ASSERT_TRUE(archive_->Put({.source_ae = "DR1"}).ok());
  const auto again = archive_->Put({.source_ae = "GATEWAY7"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->outcome, StoreOutcome::kDuplicate);
  EXPECT_EQ(archive_->CountObjects(), 1);
}

TEST_P(Arrivals, OfTheSameUidWithOtherContentAreKeptAside) {
  ASSERT_TRUE(archive_->Put({.pixels = "aa"}).ok());
  const auto later = archive_->Put({.pixels = "bb"});
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->outcome, StoreOutcome::kConflict);
  const std::vector<Conflict> conflicts = archive_->Conflicts();
  ASSERT_THAT(conflicts, SizeIs(1));
  EXPECT_EQ(archive_->Content(conflicts[0].locator), MakeObject({.pixels = "bb"}));
  const Study study = archive_->Get(later->study_id);
  EXPECT_EQ(study.conflict_count, 1);
  EXPECT_EQ(study.instance_count, 1);
  EXPECT_EQ(archive_->Content(archive_->Instances(study)[0].locator), MakeObject({.pixels = "aa"}));
  // The same other content once more changes nothing.
  const auto third = archive_->Put({.pixels = "bb"});
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->outcome, StoreOutcome::kConflict);
  EXPECT_THAT(archive_->Conflicts(), SizeIs(1));
  EXPECT_EQ(archive_->CountObjects(), 2);
  EXPECT_EQ(archive_->Get(later->study_id).conflict_count, 1);
}

TEST_P(Arrivals, OfOneStudyUidForAnotherPatientAreAStudyOfTheirOwnAndFlagged) {
  const auto first = archive_->Put({.sop = "1.2.1", .patient_id = "P1"});
  const auto other = archive_->Put(
      {.sop = "1.2.2", .patient_id = "P2", .patient_name = "LI^SI", .birth_date = ""});
  ASSERT_TRUE(first.ok() && other.ok());
  EXPECT_NE(first->study_id, other->study_id);
  EXPECT_EQ(archive_->Get(first->study_id).flags, kUidOfOtherPatient);
  EXPECT_EQ(archive_->Get(other->study_id).flags, kUidOfOtherPatient);
  EXPECT_EQ(archive_->Get(other->study_id).instance_count, 1);
  // More of each goes to its own.
  const auto more = archive_->Put(
      {.sop = "1.2.3", .patient_id = "P2", .patient_name = "LI^SI", .birth_date = ""});
  ASSERT_TRUE(more.ok());
  EXPECT_EQ(more->study_id, other->study_id);
  EXPECT_THAT(archive_->Studies(), SizeIs(2));
}

TEST_P(Arrivals, FromAnotherFacilityNeverMeetThoseOfTheFirst) {
  const auto here = archive_->Put({.pixels = "aa"}, "f1");
  const auto there = archive_->Put({.pixels = "bb"}, "f2");
  ASSERT_TRUE(here.ok() && there.ok());
  EXPECT_EQ(there->outcome, StoreOutcome::kStored);
  EXPECT_NE(here->study_id, there->study_id);
  EXPECT_EQ(archive_->Get(there->study_id).flags, kUidOfOtherFacility);
  EXPECT_THAT(archive_->Studies({}, security::Scope::Facilities({"f2"})), SizeIs(1));
}

TEST_P(Arrivals, OfFourSendersAtOnceMakeOneStudy) {
  constexpr int kSenders = 4, kEach = 25;
  std::vector<std::thread> senders;
  std::atomic<int> failures = 0;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (int i = 0; i < kEach; ++i) {
        const std::string uid = "1.2.3." + std::to_string(sender + 1) + "." + std::to_string(i + 1);
        const auto stored =
            archive_->Put({.series = "1.2.3." + std::to_string(sender % 2 + 1), .sop = uid});
        if (!stored.ok()) {
          ++failures;
          ADD_FAILURE() << stored.status();
        }
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(failures, 0);
  const std::vector<Study> studies = archive_->Studies();
  ASSERT_THAT(studies, SizeIs(1));
  EXPECT_EQ(studies[0].instance_count, kSenders * kEach);
  EXPECT_EQ(studies[0].series_count, 2);
  EXPECT_THAT(archive_->Instances(studies[0]), SizeIs(kSenders * kEach));
}

TEST(Announcements, AreAtMostOneASecondWhileInstancesArrive) {
  Archive archive;
  for (int i = 1; i <= 100; ++i)
    ASSERT_TRUE(archive.Put({.sop = "1.2.3." + std::to_string(i)}).ok());
  EXPECT_THAT(archive.News(), SizeIs(1));
  archive.manual.Advance(absl::Seconds(1));
  ASSERT_TRUE(archive.Put({.sop = "1.2.3.101"}).ok());
  const auto news = archive.News();
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_EQ(news[0].instance_count(), 101);
}

TEST(Announcements, ReachTheFacilityThatRecorded) {
  Archive archive;
  ASSERT_TRUE(archive.Put({}, "f1").ok());
  EXPECT_THAT(archive.database->feed().Read("imaging", "", "f1", 10)->events, SizeIs(1));
  EXPECT_THAT(archive.database->feed().Read("imaging", "", "f2", 10)->events, SizeIs(0));
}

TEST(DeviceTime, IsImplausibleAYearAheadOrLongAgo) {
  Archive archive;
  const auto ahead = archive.Put({.study = "1.1", .sop = "1.1.1", .date = "20270105"});
  const auto past = archive.Put({.study = "1.2", .sop = "1.2.1", .date = "19990101"});
  const auto tomorrow =
      archive.Put({.study = "1.3", .sop = "1.3.1", .date = "20260105", .time = "235900"});
  ASSERT_TRUE(ahead.ok() && past.ok() && tomorrow.ok());
  EXPECT_TRUE(archive.Get(ahead->study_id).performed.implausible);
  EXPECT_TRUE(archive.Get(past->study_id).performed.implausible);
  EXPECT_FALSE(archive.Get(tomorrow->study_id).performed.implausible);
}

TEST(Names, AreFoundInChineseWhateverTheyWereWrittenIn) {
  Archive archive;
  int i = 0;
  for (const char* charset : {"ISO_IR 192", "GB18030", "GBK"}) {
    const std::string uid = "1.2." + std::to_string(++i);
    ASSERT_TRUE(archive.Put({.study = uid, .sop = uid + ".1", .charset = charset}).ok());
  }
  EXPECT_THAT(archive.Studies({.name_prefix = "王小"}), SizeIs(3));
  EXPECT_THAT(archive.Studies({.name_prefix = "wangx"}), SizeIs(3));
  EXPECT_THAT(archive.Studies({.name_prefix = "小东"}), SizeIs(0));
}

TEST(Scopes, HideStudiesOfOtherFacilities) {
  Archive archive;
  const auto stored = archive.Put({}, "f1");
  ASSERT_TRUE(stored.ok());
  EXPECT_THAT(archive.Studies({}, security::Scope::Facilities({"f1"})), SizeIs(1));
  EXPECT_THAT(archive.Studies({}, security::Scope::Facilities({"f2", "f3"})), SizeIs(0));
  EXPECT_THAT(archive.Studies({}, security::Scope::Nothing()), SizeIs(0));
  EXPECT_THAT(archive.database->Read([&](store::Session& session) {
    return FindStudy(session, security::Scope::Facilities({"f2"}), stored->study_id).status();
  }),
              HasCode(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace tongjian::imaging
