#include "services/imaging/completeness.h"

#include <gtest/gtest.h>

namespace tongjian::imaging {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'767'600'000);
constexpr absl::Duration kQuiet = absl::Seconds(60);

Study With(StudyState state, int64_t instances, int64_t expected = 0) {
  Study study;
  study.state = state;
  study.instance_count = instances;
  study.expected_count = expected;
  study.quiet_at = Open(state) ? kNow + kQuiet : absl::UnixEpoch();
  return study;
}

TEST(Completeness, WaitsForTheQuietTimeAfterEachInstance) {
  Study study = With(StudyState::kReceiving, 1);
  EXPECT_FALSE(Arrived(study, kNow, kQuiet));
  EXPECT_EQ(study.state, StudyState::kReceiving);
  EXPECT_EQ(study.quiet_at, kNow + kQuiet);
}

TEST(Completeness, ComesWithQuiet) {
  Study study = With(StudyState::kReceiving, 1);
  EXPECT_EQ(Quiet(study), "completed");
  EXPECT_EQ(study.state, StudyState::kComplete);
  EXPECT_EQ(study.quiet_at, absl::UnixEpoch());
}

TEST(Completeness, IsVerifiedWhenTheCountsAreEqual) {
  Study study = With(StudyState::kReceiving, 3);
  EXPECT_EQ(Finished(study, 3, 3), "verified");
  EXPECT_EQ(study.state, StudyState::kVerified);
}

TEST(Completeness, WaitsForTheRestWhenTheSenderCountedMore) {
  Study study = With(StudyState::kReceiving, 2);
  EXPECT_FALSE(Finished(study, 3, 2));
  EXPECT_EQ(study.state, StudyState::kReceiving);
  study.instance_count = 3;
  EXPECT_EQ(Arrived(study, kNow, kQuiet), "verified");
  EXPECT_EQ(study.state, StudyState::kVerified);
  EXPECT_EQ(study.quiet_at, absl::UnixEpoch());
}

TEST(Completeness, IsNotVerifiedWhenTheSenderCountedLess) {
  Study study = With(StudyState::kReceiving, 4);
  EXPECT_EQ(Finished(study, 3, 4), "completed");
  EXPECT_EQ(study.state, StudyState::kComplete);
}

TEST(Completeness, IsStatedWithoutACount) {
  Study study = With(StudyState::kReceiving, 4);
  EXPECT_EQ(Finished(study, 0, 4), "completed");
  Study verified = With(StudyState::kVerified, 4, 4);
  EXPECT_FALSE(Finished(verified, 0, 4));
  EXPECT_EQ(verified.state, StudyState::kVerified);
}

TEST(Completeness, EndsWithALateInstance) {
  for (const StudyState state : {StudyState::kComplete, StudyState::kVerified}) {
    Study study = With(state, 5, state == StudyState::kVerified ? 4 : 0);
    EXPECT_EQ(Arrived(study, kNow, kQuiet), "reopened");
    EXPECT_EQ(study.state, StudyState::kReopened);
    EXPECT_EQ(study.quiet_at, kNow + kQuiet);
  }
}

TEST(Completeness, IsStatedByAPersonOnce) {
  Study study = With(StudyState::kReopened, 5);
  EXPECT_EQ(Completed(study), "completed");
  EXPECT_FALSE(Completed(study));
}

}  // namespace
}  // namespace tongjian::imaging
