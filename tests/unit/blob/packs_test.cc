// Small objects that share files: the same promises as for those that have their own.
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/blob/memory_files.h"
#include "common/blob/pack_format.h"
#include "common/blob/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::blob {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr char kPack[] = "/store/packs/00000000";

// Half of a write reaches the disk, then it is full.
class TornFile final : public File {
 public:
  explicit TornFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  absl::Status WriteAt(int64_t offset, std::string_view bytes) override {
    TJ_TRY(file_->WriteAt(offset, bytes.substr(0, bytes.size() / 2)));
    return absl::ResourceExhaustedError("the disk is full");
  }
  absl::StatusOr<std::string> ReadAt(int64_t offset, size_t n) override {
    return file_->ReadAt(offset, n);
  }
  absl::StatusOr<int64_t> Size() override { return file_->Size(); }
  absl::Status Truncate(int64_t size) override { return file_->Truncate(size); }
  absl::Status PunchHole(int64_t offset, int64_t size) override {
    return file_->PunchHole(offset, size);
  }
  absl::Status Sync() override { return file_->Sync(); }

 private:
  const std::unique_ptr<File> file_;
};

// A file system on which packs cannot be begun, or grown, or removed.
class FailingFiles final : public MemoryFiles {
 public:
  using MemoryFiles::MemoryFiles;
  bool no_handles = false;
  bool torn_writes = false;
  bool no_removals = false;

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    if (mode == OpenMode::kDirect && no_handles) return absl::UnavailableError("too many files");
    TJ_ASSIGN_OR_RETURN(std::unique_ptr<File> file, MemoryFiles::Open(path, mode));
    if (mode == OpenMode::kDirect && torn_writes)
      return std::make_unique<TornFile>(std::move(file));
    return file;
  }
  absl::Status Remove(const std::string& path) override {
    if (no_removals) return absl::UnavailableError("not now");
    return MemoryFiles::Remove(path);
  }
};

class PacksTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    store_.reset();
    StoreOptions options;
    options.directory = "/store";
    options.reserve_bytes = 0;
    options.packed_bytes_max = 10000;
    options.files = &files_;
    auto store = Store::Open(options, clock_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  std::string Put(std::string_view content) {
    auto writer = store_->Create();
    EXPECT_TRUE(writer.ok() && (*writer)->Append(content).ok());
    auto receipt = (*writer)->Commit();
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return receipt.ok() ? receipt->locator : "";
  }
  absl::StatusOr<std::string> Get(std::string_view locator) {
    TJ_ASSIGN_OR_RETURN(auto reader, store_->OpenReader(locator));
    std::string all;
    while (true) {
      TJ_ASSIGN_OR_RETURN(const std::string bytes, reader->Next(777));
      if (bytes.empty()) return all;
      all += bytes;
    }
  }
  bool CanPut() {
    auto writer = store_->Create();
    return writer.ok() && (*writer)->Append(std::string(6000, 'x')).ok() &&
           (*writer)->Commit().ok();
  }
  // A record is torn, and the next pack cannot be begun, twice.
  void FailThreeTimes() {
    files_.torn_writes = true;
    EXPECT_FALSE(CanPut());
    files_.no_handles = true;
    EXPECT_FALSE(CanPut());
    EXPECT_FALSE(CanPut());
    files_.torn_writes = files_.no_handles = files_.no_removals = false;
  }
  void Sweep(const std::set<std::string>& named) {
    clock_.Advance(absl::Hours(2));
    const auto swept = store_->Sweep(absl::Hours(1), [&](std::string_view locator) {
      return named.contains(std::string(locator));
    });
    ASSERT_TRUE(swept.ok()) << swept.status();
  }
  std::vector<std::string> Packs() { return files_.List("/store/packs").value(); }
  std::vector<std::string> Damaged() {
    return store_->Scrub("", INT64_MAX).value_or(ScrubReport{.damaged = {"no scrub"}}).damaged;
  }

  base::ManualClock clock_{absl::FromUnixSeconds(1700000000)};
  FailingFiles files_{clock_};
  std::unique_ptr<Store> store_;
};

TEST_F(PacksTest, KeepSmallObjectsInOneFileAndLargeOnesInTheirOwn) {
  const std::string small = Put("small");
  const std::string empty = Put("");
  const std::string large = Put(std::string(10001, 'l'));
  EXPECT_THAT(small, StartsWith("p1/"));
  EXPECT_THAT(empty, StartsWith("p1/"));
  EXPECT_THAT(large, StartsWith("d1/"));
  Open();
  EXPECT_EQ(Get(small).value_or(""), "small");
  EXPECT_EQ(Get(empty).value_or("?"), "");
  EXPECT_EQ(Get(large).value_or(""), std::string(10001, 'l'));
  EXPECT_THAT(Packs(), SizeIs(1));
}

TEST_F(PacksTest, LeaveNothingOfADroppedWriter) {
  {
    auto writer = store_->Create();
    ASSERT_TRUE((*writer)->Append("dropped").ok());
  }
  EXPECT_THAT(Packs(), IsEmpty());
}

TEST_F(PacksTest, TellNoDamageOfWhatWasRemovedWhateverWasDamaged) {
  for (const bool grows : {true, false}) {
    const std::string first = Put(std::string(9000, 'f'));
    const std::string second = Put(std::string(9000, 's'));
    const std::string third = Put("third");
    const std::string path = "/store/" + Packs().back().insert(0, "packs/");
    if (!grows) Open();
    // The heads of the first two, and the second's content.
    constexpr int64_t kExtent = 3 * kPackAlignment;
    ASSERT_TRUE(files_.FlipBit(path, kPackHeadSize + 30).ok());
    ASSERT_TRUE(files_.FlipBit(path, kPackHeadSize + kExtent + 30).ok());
    ASSERT_TRUE(store_->Remove(first).ok());
    // The second is told of still, once its pack does not grow any more.
    EXPECT_THAT(Damaged(), SizeIs(grows ? 0 : 1));
    EXPECT_TRUE(absl::IsDataLoss(Get(second).status()));
    const std::string behind = Put("behind");
    ASSERT_TRUE(store_->Remove(second).ok());
    EXPECT_THAT(Damaged(), IsEmpty());
    Sweep({third, behind});
    EXPECT_EQ(Get(third).value_or(""), "third");
    EXPECT_EQ(Get(behind).value_or(""), "behind");
    Sweep({});
    Open();
  }
}

TEST_F(PacksTest, LeaveNothingWhenTheyCannotBeBegun) {
  FailThreeTimes();
  EXPECT_THAT(Packs(), SizeIs(1));
  EXPECT_EQ(Get(Put("works again")).value_or(""), "works again");
}

TEST_F(PacksTest, AreHealedHoweverManyWereBegunInVainBehindThem) {
  files_.no_removals = true;
  FailThreeTimes();
  EXPECT_THAT(Packs(), SizeIs(3));
  Open();
  EXPECT_THAT(Damaged(), IsEmpty());
  const std::string kept = Put("kept");
  Sweep({kept});
  EXPECT_THAT(Packs(), ElementsAre("00000003"));
}

TEST_F(PacksTest, AreNeverGrownAfterARestart) {
  Put("before");
  Open();
  Put("after");
  EXPECT_THAT(Packs(), ElementsAre("00000000", "00000001"));
}

TEST_F(PacksTest, HaveEveryFlippedBitFound) {
  const std::string locator = Put(std::string(700, 'x'));
  Put("another");
  Open();
  const int64_t size = kRecordHeadSize + 700;
  for (int64_t at = 0; at < size; at += 13) {
    ASSERT_TRUE(files_.FlipBit(kPack, kPackHeadSize + at).ok());
    const bool spare = at >= 60 && at < kRecordHeadSize;  // Zeros that say nothing.
    EXPECT_EQ(absl::IsDataLoss(Get(locator).status()), !spare) << at;
    EXPECT_EQ(Damaged().size(), spare ? 0u : 1u) << at;
    ASSERT_TRUE(files_.FlipBit(kPack, kPackHeadSize + at).ok());
  }
  EXPECT_TRUE(Get(locator).ok());
}

TEST_F(PacksTest, SurviveDamageToOneHalfOfTheirHead) {
  const std::string locator = Put("content");
  ASSERT_TRUE(files_.FlipBit(kPack, 3).ok());
  EXPECT_TRUE(Get(locator).ok());
  ASSERT_TRUE(files_.FlipBit(kPack, kPackHeadSize / 2 + 20).ok());
  EXPECT_TRUE(absl::IsDataLoss(Get(locator).status()));
  EXPECT_THAT(Damaged(), SizeIs(1));
}

TEST_F(PacksTest, TakeBytesThatLookLikeAHeadForContent) {
  // As if a peer knew all but the pack's id.
  const RecordHead forged = {.size = 1 << 20, .time = clock_.Now(), .name = std::string(32, 'a')};
  const std::string content = std::string(kPackAlignment - kRecordHeadSize, 'x') + forged.Encode(std::string(16, 'i'));
  const std::string first = Put(content);
  const std::string second = Put("behind it");
  Open();
  ASSERT_TRUE(files_.FlipBit(kPack, kPackHeadSize + 10).ok());  // The walk must look for the next.
  EXPECT_THAT(Damaged(), SizeIs(1));
  Sweep({first, second});
  EXPECT_EQ(Get(second).value_or(""), "behind it");
}

TEST_F(PacksTest, GiveBackSpaceOnlyWhenNobodyReadsAnyMore) {
  const std::string gone = Put(std::string(5000, 'g'));
  const std::string kept = Put("kept");
  auto reader = store_->OpenReader(gone);
  ASSERT_TRUE(store_->Remove(gone).ok());
  EXPECT_TRUE(absl::IsNotFound(Get(gone).status()));
  EXPECT_EQ((*reader)->Next(5000).value_or(""), std::string(5000, 'g'));
  Sweep({kept});
  auto file = files_.Open(kPack, OpenMode::kRead);
  EXPECT_EQ((*file)->ReadAt(2 * kPackHeadSize, 1000).value_or(""), std::string(1000, '\0'));
  EXPECT_TRUE(absl::IsNotFound(Get(gone).status()));
  EXPECT_EQ(Get(kept).value_or(""), "kept");
  EXPECT_THAT(Damaged(), IsEmpty());
}

TEST_F(PacksTest, GoWhenNothingInThemIsNamed) {
  const std::string first = Put("first");
  Put("orphan");
  Open();
  const std::string last = Put("last");
  Sweep({first, last});
  EXPECT_THAT(Packs(), SizeIs(2));
  ASSERT_TRUE(store_->Remove(first).ok());
  Sweep({last});  // Both removals are recent: somebody may still read.
  Sweep({last});
  EXPECT_THAT(Packs(), ElementsAre("00000001"));
  EXPECT_EQ(Get(last).value_or(""), "last");
}

TEST_F(PacksTest, AcknowledgeNothingAfterAFailedSync) {
  Put("before");
  files_.FailSyncs(true);
  auto writer = store_->Create();
  ASSERT_TRUE((*writer)->Append("lost").ok());
  EXPECT_TRUE(absl::IsUnavailable((*writer)->Commit().status()));
  files_.FailSyncs(false);
  EXPECT_TRUE(absl::IsUnavailable(store_->Create().status()));
}

TEST_F(PacksTest, RefuseWhatDoesNotFitAndGoOn) {
  const std::string first = Put("first");
  auto writer = store_->Create();
  ASSERT_TRUE((*writer)->Append(std::string(9000, 'f')).ok());
  files_.SetCapacity(5000);
  EXPECT_TRUE(absl::IsResourceExhausted((*writer)->Commit().status()));
  files_.SetCapacity(1 << 20);
  const std::string second = Put("second");
  Open();
  EXPECT_EQ(Get(first).value_or(""), "first");
  EXPECT_EQ(Get(second).value_or(""), "second");
  EXPECT_THAT(Damaged(), IsEmpty());
}

TEST_F(PacksTest, TakeObjectsOfManyWritersAtOnce) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::map<std::string, std::string> put;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string content = absl::StrCat(t, "-", i, std::string(static_cast<size_t>(i * 17), '.'));
        const std::string locator = Put(content);
        const std::lock_guard lock(mutex);
        put[locator] = content;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(put, SizeIs(800));
  Open();
  for (const auto& [locator, content] : put) EXPECT_EQ(Get(locator).value_or(""), content);
  EXPECT_THAT(Damaged(), IsEmpty());
  EXPECT_EQ(store_->Scrub("", INT64_MAX)->objects, 800);
}

TEST_F(PacksTest, AreScrubbedStepByStep) {
  std::set<std::string> seen;
  for (int i = 0; i < 5; ++i) seen.insert(Put(std::string(100, static_cast<char>('a' + i))));
  Put(std::string(20000, 'z'));
  std::string cursor;
  int64_t objects = 0;
  int steps = 0;
  do {
    const auto step = store_->Scrub(cursor, 1);
    ASSERT_TRUE(step.ok()) << step.status();
    objects += step->objects;
    cursor = step->cursor;
    ++steps;
  } while (!cursor.empty());
  EXPECT_EQ(objects, 6);
  EXPECT_EQ(steps, 7);
}

}  // namespace
}  // namespace tongjian::blob
