// What waits for a person: doubtful and unmatched studies, times that nobody can rely on.
#include "common/base/status.h"
#include "services/imaging/desk.h"
#include "tests/unit/imaging/archive.h"

namespace tongjian::imaging {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const security::Scope kAll = security::Scope::Service();

// Facility f1 is a member of c1, whose imaging center is hosted by "county".
void JoinCommunity(Archive& archive, absl::Time until = absl::InfiniteFuture()) {
  Serving& serving = archive.places.serving();
  serving.SetCenter({.id = "center",
                     .host_facility_id = "county",
                     .community_ids = {"c1"},
                     .discipline = kImagingDiscipline,
                     .active = true});
  serving.SetCenter({.id = "ecg",
                     .host_facility_id = "heart",
                     .community_ids = {"c1"},
                     .discipline = kEcgDiscipline,
                     .active = true});
  serving.SetMember({.id = "m1",
                     .community_id = "c1",
                     .facility_id = "f1",
                     .active = {{absl::UnixEpoch(), until}}});
}

TEST(Desk, OfTheCenterSeesAndDecidesWhatWaits) {
  const security::Scope county = security::Scope::Facilities({"county"});
  Archive archive;
  JoinCommunity(archive);
  orders::v1::Order order = MakeOrder("o1", "A1");
  order.mutable_routing()->clear_performing_facility_id();
  ASSERT_THAT(archive.Announce(order), IsOk());
  const auto doubtful = archive.Put(
      {.patient_id = "P9", .patient_name = "LI^SI", .birth_date = "", .accession = "A1"});
  const auto unmatched = archive.Put({.study = "1.9", .sop = "1.9.1"});
  ASSERT_TRUE(doubtful.ok() && unmatched.ok());
  EXPECT_THAT(archive.Studies({.match = MatchState::kDoubtful}, county), SizeIs(1));
  EXPECT_THAT(archive.Studies({.match = MatchState::kUnmatched}, county), SizeIs(1));
  for (const char* other : {"heart", "f2"})
    EXPECT_THAT(archive.Studies({}, security::Scope::Facilities({other})), IsEmpty());
  // It links; then the study is the order's, and the center's only as far as the order is.
  ASSERT_THAT(archive.Write([&](store::Transaction& tx) -> absl::Status {
    return archive.desk->Link(tx, county, doubtful->study_id, "o1", false, {"li", "seen"}).status();
  }),
              IsOk());
  EXPECT_EQ(archive.Get(doubtful->study_id).match, MatchState::kLinked);
  EXPECT_THAT(archive.Studies({.match = MatchState::kDoubtful}, county), IsEmpty());
  EXPECT_THAT(archive.Studies({}, county), SizeIs(1));
}

TEST(Desk, OfTheCenterShowsAStudyToNoStranger) {
  Archive archive;
  JoinCommunity(archive);
  orders::v1::Order stranger = MakeOrder("o9", "Z1");
  stranger.set_ordering_facility_id("f9");
  ASSERT_THAT(archive.Announce(stranger), IsOk());
  const auto stored = archive.Put({});
  ASSERT_TRUE(stored.ok());
  const auto link = [&](const std::string& facility) {
    return archive.Write([&](store::Transaction& tx) -> absl::Status {
      const security::Scope scope = security::Scope::Facilities({"county", facility});
      return archive.desk->Link(tx, scope, stored->study_id, "o9", false, {"li", "seen"}).status();
    });
  };
  EXPECT_THAT(link("f1"), HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(link("f9"), IsOk());
}

TEST(Desk, OfTheCenterSeesAStudyThatAPersonTookAway) {
  const security::Scope county = security::Scope::Facilities({"county"});
  Archive archive;
  JoinCommunity(archive);
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto stored = archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  EXPECT_THAT(archive.Studies({}, county), IsEmpty());  // The order is at "hub".
  ASSERT_THAT(archive.Write([&](store::Transaction& tx) -> absl::Status {
    return archive.desk->Unlink(tx, kAll, stored->study_id, "", {"li", "wrong"}).status();
  }),
              IsOk());
  EXPECT_THAT(archive.Studies({.match = MatchState::kUnmatched}, county), SizeIs(1));
}

TEST(Desk, OfACenterThatCameLaterSeesWhatWaitedBefore) {
  Archive archive;
  const auto stored = archive.Put({});
  ASSERT_TRUE(stored.ok());
  const security::Scope county = security::Scope::Facilities({"county"});
  EXPECT_THAT(archive.Studies({}, county), IsEmpty());
  events::v1::AgreementChanged changed;
  registry::v1::Agreement& agreement = *changed.mutable_agreement();
  agreement.set_id("a1");
  agreement.set_requesting_facility_id("f1");
  agreement.set_reading_facility_id("county");
  agreement.set_from("2026-01-05");
  ASSERT_THAT(archive.AnnounceRegistry("a1", changed), IsOk());
  EXPECT_THAT(archive.Studies({}, county), SizeIs(1));
  agreement.set_to("2026-01-04");
  ASSERT_THAT(archive.AnnounceRegistry("a1", changed), IsOk());
  EXPECT_THAT(archive.Studies({}, county), IsEmpty());
}

TEST(Serving, EndsWithTheMembershipAndFollowsTheParent) {
  Archive archive;
  archive.places.SetFacility("village", "f1");
  JoinCommunity(archive, archive.manual.Now());
  Study study;
  study.facility_id = "village";
  study.modalities = {"DX"};
  EXPECT_THAT(archive.places.ReadersOf(study, archive.manual.Now() - absl::Seconds(1)),
              ElementsAre("county"));
  EXPECT_THAT(archive.places.ReadersOf(study, archive.manual.Now()), IsEmpty());
  study.modalities = {"ECG"};
  EXPECT_THAT(archive.places.ReadersOf(study, archive.manual.Now() - absl::Seconds(1)),
              ElementsAre("heart"));
}

// Confirms `time` as a caller of `facility`.
absl::Status Confirm(Archive& archive, const std::string& id, const std::string& facility,
                     absl::Time time) {
  return archive.Write([&](store::Transaction& tx) -> absl::Status {
    return archive.desk
        ->ConfirmTime(tx, security::Scope::Facilities({facility}), id, time, {"li", "the log says"})
        .status();
  });
}

TEST(Desk, ConfirmsATimeThatNobodyCanRelyOn) {
  Archive archive;
  ASSERT_THAT(archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto future = archive.Put({.accession = "A1", .date = "20360105"});
  const auto missing =
      archive.Put({.study = "1.9", .sop = "1.9.1", .accession = "A1", .date = "", .time = ""});
  ASSERT_TRUE(future.ok() && missing.ok());
  EXPECT_THAT(archive.Studies({.time_unconfirmed = true}), SizeIs(2));
  const absl::Time when = archive.manual.Now() - absl::Hours(2);
  archive.News();
  const int64_t version = archive.Get(future->study_id).version;
  ASSERT_THAT(Confirm(archive, future->study_id, "f1", when), IsOk());
  ASSERT_THAT(Confirm(archive, missing->study_id, "hub", when), IsOk());
  EXPECT_THAT(archive.Studies({.time_unconfirmed = true}), IsEmpty());
  const Study study = archive.Get(future->study_id);
  EXPECT_EQ(study.performed.confirmed, when);
  EXPECT_TRUE(study.performed.implausible);  // What the device said stays as it was.
  EXPECT_EQ(study.version, version + 1);
  const auto news = archive.News();
  ASSERT_THAT(news, SizeIs(2));
  EXPECT_EQ(news[0].confirmed_time().seconds(), absl::ToUnixSeconds(when));
  EXPECT_EQ(archive.History(study.id).back().action, "time_confirmed");
  // A later image changes nothing of it, and a person may put it right.
  ASSERT_TRUE(archive.Put({.sop = "1.2.826.0.1.1.2", .accession = "A1", .date = "20360105"}).ok());
  EXPECT_EQ(archive.Get(study.id).performed.confirmed, when);
  ASSERT_THAT(Confirm(archive, study.id, "f1", when - absl::Hours(1)), IsOk());
  EXPECT_EQ(archive.Get(study.id).performed.confirmed, when - absl::Hours(1));
}

TEST(Desk, ConfirmsNoTimeThatCannotBeOrThatStands) {
  Archive archive;
  orders::v1::Order order = MakeOrder("o1", "A1");
  order.set_ordering_facility_id("f2");
  order.set_recording_facility_id("f1");
  ASSERT_THAT(archive.Announce(order), IsOk());
  const auto stored = archive.Put({.accession = "A1", .date = "20360105"});
  const auto plausible = archive.Put({.study = "1.9", .sop = "1.9.1"});
  ASSERT_TRUE(stored.ok() && plausible.ok());
  const absl::Time now = archive.manual.Now();
  EXPECT_EQ(base::DetailOf(Confirm(archive, stored->study_id, "f1", now + absl::Hours(1))).field,
            "performed_time");
  EXPECT_EQ(base::DetailOf(Confirm(archive, stored->study_id, "f1", absl::UnixEpoch())).field,
            "performed_time");
  EXPECT_EQ(base::DetailOf(Confirm(archive, plausible->study_id, "f1", now)).reason,
            "STATE_NOT_ALLOWED");
  // Who only ordered it does not know when it was.
  EXPECT_THAT(Confirm(archive, stored->study_id, "f2", now),
              HasCode(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Confirm(archive, stored->study_id, "f3", now), HasCode(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace tongjian::imaging
