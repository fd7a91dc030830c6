// Goal: a bit that flips in whatever the store keeps is found on reading and by scrubbing, and where
// it cannot be found it has changed nothing. Method: 800 random, seeded flips in the files of a
// store full of objects, and 200 in those of an upload that goes on afterwards.
#include <algorithm>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/blob/memory_files.h"
#include "common/blob/store.h"
#include "gtest/gtest.h"

namespace tongjian::blob {
namespace {

constexpr int kObjects = 25;
constexpr int kFlips = 800;
constexpr int kPartialFlips = 200;

std::string Content(std::mt19937_64& random, size_t size) {
  std::string content(size, '\0');
  for (char& c : content) c = static_cast<char>(random());
  return content;
}

class FlipTest : public ::testing::Test {
 protected:
  FlipTest() { Open("/store"); }

  void Open(const std::string& directory) {
    store_.reset();
    StoreOptions options;
    options.directory = directory;
    options.reserve_bytes = 0;
    options.files = &files_;
    store_ = *Store::Open(options, clock_);
  }

  // All files below a directory that hold anything, with their sizes.
  std::map<std::string, int64_t> FilesBelow(const std::string& directory) {
    std::map<std::string, int64_t> found;
    const auto names = files_.List(directory).value();
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(directory, "/", name);
      if (files_.List(path).ok()) {
        found.merge(FilesBelow(path));
      } else if (const int64_t size = files_.Info(path)->size; size > 0) {
        found[path] = size;
      }
    }
    return found;
  }

  // A byte of all there are, each as likely as any other, and a bit of it.
  struct Place {
    std::string path;
    int64_t offset = 0;
    int bit = 0;
  };
  Place Choose(const std::map<std::string, int64_t>& files) {
    int64_t all = 0;
    for (const auto& [path, size] : files) all += size;
    int64_t at = static_cast<int64_t>(random_() % static_cast<uint64_t>(all));
    for (const auto& [path, size] : files) {
      if (at < size) return {path, at, static_cast<int>(random_() % 8)};
      at -= size;
    }
    return {};
  }
  void Flip(const Place& place) {
    ASSERT_TRUE(files_.FlipBit(place.path, place.offset, place.bit).ok());
  }

  absl::StatusOr<std::string> Read(const std::string& locator) {
    TJ_ASSIGN_OR_RETURN(const auto reader, store_->OpenReader(locator));
    std::string all;
    while (true) {
      TJ_ASSIGN_OR_RETURN(const std::string bytes, reader->Next(4096));
      if (bytes.empty()) return all;
      all += bytes;
    }
  }

  base::ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  MemoryFiles files_{clock_};
  std::mt19937_64 random_{1};
  std::unique_ptr<Store> store_;
};

TEST_F(FlipTest, EveryFlipInAnObjectIsFoundByReadingAndByScrubbing) {
  std::map<std::string, std::string> objects;
  for (int i = 0; i < kObjects; ++i) {
    const std::string content = Content(random_, random_() % 12000);
    auto writer = *store_->Create();
    ASSERT_TRUE(writer->Append(content).ok());
    objects[writer->Commit()->locator] = content;
  }
  const auto files = FilesBelow("/store/objects");
  for (int i = 0; i < kFlips; ++i) {
    const Place place = Choose(files);
    SCOPED_TRACE(absl::StrCat(place.path, " offset ", place.offset, " bit ", place.bit));
    Flip(place);
    std::vector<std::string> unreadable;
    for (const auto& [locator, content] : objects) {
      const auto read = Read(locator);
      if (read.ok()) {
        ASSERT_EQ(*read, content);
      } else {
        EXPECT_TRUE(absl::IsDataLoss(read.status())) << read.status();
        unreadable.push_back(locator);
      }
    }
    EXPECT_EQ(unreadable.size(), 1u);
    auto scrubbed = store_->Scrub("", INT64_MAX);
    ASSERT_TRUE(scrubbed.ok()) << scrubbed.status();
    std::sort(scrubbed->damaged.begin(), scrubbed->damaged.end());
    ASSERT_EQ(scrubbed->damaged, unreadable);
    Flip(place);
  }
}

TEST_F(FlipTest, NoFlipInAnUploadThatGoesOnReachesItsObject) {
  int restarted = 0;
  for (int i = 0; i < kPartialFlips; ++i) {
    Open(absl::StrCat("/upload-", i));
    const std::string content = Content(random_, 6000);
    auto writer = *store_->OpenPartial("upload");
    for (int piece = 0; piece < 2; ++piece) {
      ASSERT_TRUE(writer->Append(std::string_view(content).substr(piece * 2000, 2000)).ok());
      ASSERT_TRUE(writer->Flush().ok());
    }
    writer.reset();
    Flip(Choose(FilesBelow(absl::StrCat("/upload-", i))));
    auto again = store_->OpenPartial("upload");
    ASSERT_TRUE(again.ok()) << again.status();
    const auto size = static_cast<size_t>((*again)->committed_size());
    restarted += size < 4000;
    ASSERT_LE(size, 4000u);
    ASSERT_TRUE((*again)->Append(std::string_view(content).substr(size)).ok());
    const auto receipt = (*again)->Commit();
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    EXPECT_EQ(*Read(receipt->locator), content);
  }
  EXPECT_GT(restarted, kPartialFlips / 2);
}

}  // namespace
}  // namespace tongjian::blob
