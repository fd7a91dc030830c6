// What the hub says of instances that a device would delete.
#include "services/imaging/commitment_judge.h"

#include "tests/unit/imaging/archive.h"

namespace tongjian::imaging {
namespace {

using dicom::CommitmentFailure;

constexpr char kDxStorage[] = "1.2.840.10008.5.1.4.1.1.1.1";

class JudgeTest : public ::testing::Test {
 protected:
  CommitmentFailure Judge(const std::string& uid, const std::string& sop_class = kDxStorage,
                          const std::string& facility = "f1") {
    const auto verdicts =
        JudgeInstances(*archive_.database, *archive_.blobs, facility, {{sop_class, uid}});
    EXPECT_TRUE(verdicts.ok()) << verdicts.status();
    return verdicts->front().failure;
  }
  Archive archive_;
};

TEST_F(JudgeTest, CommitsWhatIsStoredAndWhole) {
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  EXPECT_EQ(Judge("1.1"), CommitmentFailure::kNone);
}

TEST_F(JudgeTest, KnowsWhatIsNotHereNorTheFacilitys) {
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  EXPECT_EQ(Judge("1.2"), CommitmentFailure::kNoSuchInstance);
  EXPECT_EQ(Judge("1.1", kDxStorage, "f2"), CommitmentFailure::kNoSuchInstance);
}

TEST_F(JudgeTest, KnowsWhatIsOfAnotherClass) {
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  EXPECT_EQ(Judge("1.1", "1.2.840.10008.5.1.4.1.1.2"), CommitmentFailure::kClassConflict);
}

TEST_F(JudgeTest, CommitsNothingThatIsDamagedUntilItIsSentAgain) {
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  archive_.Damage(archive_.Instances(archive_.Studies().front()).front().locator);
  EXPECT_EQ(Judge("1.1"), CommitmentFailure::kProcessing);
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  EXPECT_EQ(Judge("1.1"), CommitmentFailure::kNone);
}

}  // namespace
}  // namespace tongjian::imaging
