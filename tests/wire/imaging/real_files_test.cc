// What real and hostile files of the test data must come to: names, conflicts, identities.
#include "tests/wire/imaging/hub.h"
#include "tests/wire/imaging/tools.h"

namespace tongjian::imaging {
namespace {

using ::testing::SizeIs;

class RealFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = DicomTestData() / "derived";
    if (!std::filesystem::exists(folder_)) GTEST_SKIP() << "no test data at " << folder_.string();
  }

  absl::StatusOr<Stored> Put(const std::string& name) {
    return archive_.PutBytes(ReadWhole(folder_ / name));
  }

  std::filesystem::path folder_;
  Archive archive_;
};

struct NameCase {
  const char* file;
  const char* name;
  const char* search;
  bool guessed;
};

TEST_F(RealFiles, ShowAndFindChineseNamesRight) {
  const NameCase cases[] = {
      {"gbk_ok.dcm", "李娜", "李", false},
      {"utf8_ok.dcm", "欧阳雪", "欧阳", false},
      {"iso2022_58.dcm", "王小东", "王小", false},
      {"gb18030_trail_5c.dcm", "張俓", "張俓", false},
      {"gb18030_trail_5e.dcm", "张玘", "张玘", false},
      {"iso100_but_gbk.dcm", "刘芳", "刘", true},
      {"undeclared_gbk.dcm", "陈建国", "陈建", true},
  };
  for (const NameCase& expected : cases) {
    Archive archive;
    const auto stored = archive.PutBytes(ReadWhole(folder_ / "charset_zh" / expected.file));
    ASSERT_TRUE(stored.ok()) << expected.file << stored.status();
    const Study study = archive.Get(stored->study_id);
    EXPECT_EQ(study.patient.name, expected.name) << expected.file;
    EXPECT_EQ(study.charset_guessed, expected.guessed) << expected.file;
    EXPECT_THAT(archive.Studies({.name_prefix = expected.search}), SizeIs(1)) << expected.file;
  }
}

TEST_F(RealFiles, OfOneSopInstanceUidAreAConflictAndTheFirstStays) {
  ASSERT_TRUE(Put("crafted/same_sop_a.dcm").ok());
  const auto later = Put("crafted/same_sop_b.dcm");
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->outcome, StoreOutcome::kConflict);
  ASSERT_THAT(archive_.Studies(), SizeIs(1));
  const Study study = archive_.Studies()[0];
  EXPECT_EQ(study.patient.facility_patient_id, "P1");
  EXPECT_EQ(archive_.Content(archive_.Instances(study)[0].locator),
            ReadWhole(folder_ / "crafted/same_sop_a.dcm"));
  EXPECT_EQ(archive_.Content(archive_.Conflicts().at(0).locator),
            ReadWhole(folder_ / "crafted/same_sop_b.dcm"));
}

TEST_F(RealFiles, OfOneStudyUidAndTwoPatientNumbersAreNotMerged) {
  ASSERT_TRUE(Put("crafted/same_sop_a.dcm").ok());
  ASSERT_TRUE(Put("crafted/study_uid_other_patient.dcm").ok());
  const std::vector<Study> studies = archive_.Studies();
  ASSERT_THAT(studies, SizeIs(2));
  for (const Study& study : studies) EXPECT_EQ(study.flags, kUidOfOtherPatient);
}

TEST_F(RealFiles, WithUidsThatArePathsAreRefused) {
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "crafted")) {
    if (!entry.path().filename().string().starts_with("uid_")) continue;
    EXPECT_FALSE(archive_.PutBytes(ReadWhole(entry.path())).ok()) << entry.path();
  }
  EXPECT_THAT(archive_.Studies(), SizeIs(0));
}

}  // namespace
}  // namespace tongjian::imaging
