// Sending again heals what was damaged on disk.
#include "tests/unit/imaging/archive.h"

namespace tongjian::imaging {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// In a file of its own (0), in a pack.
class SendingAgain : public ::testing::TestWithParam<int64_t> {
 protected:
  Instance Only() {
    const std::vector<Instance> instances = archive_.Instances(archive_.Studies().at(0));
    EXPECT_THAT(instances, SizeIs(1));
    return instances.at(0);
  }
  int64_t TimesHealed(const std::string& study_id) {
    int64_t times = 0;
    for (const HistoryEntry& entry : archive_.History(study_id))
      times += entry.action == "object_healed" ? 1 : 0;
    return times;
  }

  Archive archive_{"", nullptr, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Either, SendingAgain, ::testing::Values(0, 1 << 20),
                         [](const auto& info) { return info.param == 0 ? "File" : "Pack"; });

TEST_P(SendingAgain, PutsTheGoodCopyInThePlaceOfADamagedOne) {
  const auto stored = archive_.Put({});
  ASSERT_TRUE(stored.ok()) << stored.status();
  const std::string damaged = Only().locator;
  archive_.Damage(damaged);
  ASSERT_THAT(archive_.Damaged(), ElementsAre(damaged));

  const auto again = archive_.Put({});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->outcome, StoreOutcome::kDuplicate);
  EXPECT_EQ(again->study_id, stored->study_id);
  EXPECT_EQ(archive_.Content(Only().locator), MakeObject({}));
  EXPECT_THAT(archive_.Damaged(), IsEmpty());
  EXPECT_EQ(archive_.CountObjects(), 1);
  EXPECT_EQ(archive_.Get(stored->study_id).instance_count, 1);
  EXPECT_EQ(TimesHealed(stored->study_id), 1);
  EXPECT_THAT(archive_.metrics.Expose(), HasSubstr("tongjian_imaging_objects_healed_total 1"));

  // A third is a second copy again.
  const std::string healed = Only().locator;
  ASSERT_TRUE(archive_.Put({}).ok());
  EXPECT_EQ(Only().locator, healed);
  EXPECT_EQ(TimesHealed(stored->study_id), 1);
}

TEST_P(SendingAgain, HealsByAFileWithAnotherMetaHeader) {
  ASSERT_TRUE(archive_.Put({.source_ae = "DR1"}).ok());
  // Compared once before, so that the data set's digest is known.
  ASSERT_TRUE(archive_.Put({.source_ae = "GATEWAY7"}).ok());
  archive_.Damage(Only().locator);
  const auto again = archive_.Put({.source_ae = "GATEWAY7"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->outcome, StoreOutcome::kDuplicate);
  EXPECT_EQ(archive_.Content(Only().locator), MakeObject({.source_ae = "GATEWAY7"}));
  EXPECT_EQ(archive_.Studies().at(0).size, Only().size);
  EXPECT_THAT(archive_.Damaged(), IsEmpty());
}

TEST_P(SendingAgain, HealsWhatIsKeptAside) {
  const auto first = archive_.Put({.pixels = std::string(1000, 'a')});
  const auto later = archive_.Put({.pixels = std::string(1000, 'b')});
  ASSERT_TRUE(first.ok() && later.ok());
  ASSERT_EQ(later->outcome, StoreOutcome::kConflict);
  archive_.Damage(archive_.Conflicts().at(0).locator);
  ASSERT_THAT(archive_.Damaged(), SizeIs(1));
  const auto again = archive_.Put({.pixels = std::string(1000, 'b')});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->outcome, StoreOutcome::kConflict);
  ASSERT_THAT(archive_.Conflicts(), SizeIs(1));
  EXPECT_EQ(archive_.Content(archive_.Conflicts().at(0).locator),
            MakeObject({.pixels = std::string(1000, 'b')}));
  EXPECT_THAT(archive_.Damaged(), IsEmpty());
  EXPECT_EQ(archive_.CountObjects(), 2);
  EXPECT_EQ(TimesHealed(first->study_id), 1);
}

}  // namespace
}  // namespace tongjian::imaging
