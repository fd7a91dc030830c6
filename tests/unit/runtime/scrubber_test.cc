#include "common/runtime/scrubber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "common/blob/memory_files.h"

namespace tongjian::runtime {
namespace {

using ::testing::HasSubstr;

constexpr int kObjects = 20;
constexpr size_t kSize = 1000;

class ScrubberTest : public ::testing::Test {
 protected:
  ScrubberTest() {
    std::string pattern = ::testing::TempDir() + "/scrubberXXXXXX";
    EXPECT_NE(nullptr, mkdtemp(pattern.data()));
    directory_ = pattern;
    blob::StoreOptions options;
    options.directory = "/store";
    options.reserve_bytes = 0;
    options.files = &files_;
    store_ = *blob::Store::Open(options, clock_);
    for (int i = 0; i < kObjects; ++i) {
      auto writer = *store_->Create();
      EXPECT_TRUE(writer->Append(std::string(kSize, static_cast<char>('a' + i))).ok());
      EXPECT_TRUE(writer->Commit().ok());
    }
  }
  ~ScrubberTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Scrubber> Make() {
    return std::make_unique<Scrubber>(
        ScrubOptions{.service = "imaging",
                     .bytes_per_second = 2 * kSize,
                     .cursor_file = directory_ + "/scrubbed-to"},
        *store_, metrics_, clock_);
  }

  // Damages the first object there is.
  void Damage() {
    const auto bucket = files_.List("/store/objects")->front();
    const std::string directory = "/store/objects/" + bucket;
    ASSERT_TRUE(files_.FlipBit(directory + "/" + files_.List(directory)->front(), 10).ok());
  }

  double Value(const std::string& name) {
    const std::string line = "tongjian_blob_" + name + "{service=\"imaging\"} ";
    const std::string shown = metrics_.Expose();
    const size_t at = shown.find(line);
    EXPECT_NE(at, std::string::npos) << shown;
    return at == std::string::npos ? -1 : std::stod(shown.substr(at + line.size()));
  }

  // Steps a second apart.
  void Step(Scrubber& scrubber, int times) {
    for (int i = 0; i < times; ++i) {
      scrubber.Step();
      clock_.Advance(absl::Seconds(1));
    }
  }

  base::ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  blob::MemoryFiles files_{clock_};
  telemetry::Registry metrics_;
  std::string directory_;
  std::unique_ptr<blob::Store> store_;
};

TEST_F(ScrubberTest, ReadsNoFasterThanItIsTold) {
  const auto scrubber = Make();
  Step(*scrubber, 5);
  EXPECT_EQ(Value("scrubbed_bytes_total"), 5 * 2 * kSize);
  EXPECT_EQ(Value("scrub_end_timestamp_seconds"), 0);
}

TEST_F(ScrubberTest, FindsDamageAndShowsItUntilAWholePassFindsNone) {
  Damage();
  const auto scrubber = Make();
  Step(*scrubber, 1);
  EXPECT_EQ(Value("damaged_objects"), 1);
  Step(*scrubber, kObjects);
  EXPECT_GT(Value("scrub_end_timestamp_seconds"), 0);
  EXPECT_EQ(Value("damaged_objects"), 1);
  Damage();  // The same bit: it is whole again.
  clock_.Advance(absl::Hours(1));
  Step(*scrubber, kObjects);
  EXPECT_EQ(Value("damaged_objects"), 0);
}

TEST_F(ScrubberTest, RestsBetweenPasses) {
  const auto scrubber = Make();
  Step(*scrubber, 100);
  EXPECT_EQ(Value("scrubbed_bytes_total"), kObjects * kSize);
  clock_.Advance(absl::Hours(1));
  Step(*scrubber, 1);
  EXPECT_EQ(Value("scrubbed_bytes_total"), (kObjects + 2) * kSize);
}

TEST_F(ScrubberTest, GoesOnWhereItStoodBeforeARestart) {
  auto scrubber = Make();
  Step(*scrubber, 3);
  clock_.Advance(absl::Minutes(1));
  Step(*scrubber, 1);  // Eight objects are behind it, and it has said so.
  scrubber = Make();
  Step(*scrubber, 7);  // Six for the other twelve, one to see that there are no more.
  EXPECT_GT(Value("scrub_end_timestamp_seconds"), 0);
}

}  // namespace
}  // namespace tongjian::runtime
