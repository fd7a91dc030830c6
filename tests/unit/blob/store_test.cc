#include "common/blob/store.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/blob/memory_files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::blob {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr char kDirectory[] = "/var/tongjian/objects";
constexpr char kHelloSha256[] =
    "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

// Bytes without a period that a block size divides.
std::string Content(size_t size) {
  std::string content(size, '\0');
  uint32_t state = 12345;
  for (char& c : content) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return content;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    StoreOptions options;
    options.directory = kDirectory;
    options.reserve_bytes = 1000;
    options.object_bytes_max = 16 << 20;
    options.files = &files_;
    auto store = Store::Open(options, clock_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void Reopen() {
    store_.reset();
    Open();
  }
  Receipt Put(std::string_view content) {
    auto writer = store_->Create();
    EXPECT_TRUE(writer.ok()) << writer.status();
    EXPECT_TRUE((*writer)->Append(content).ok());
    auto receipt = (*writer)->Commit();
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return receipt.value_or(Receipt());
  }
  absl::StatusOr<std::string> Get(std::string_view locator, size_t step = 1 << 20) {
    TJ_ASSIGN_OR_RETURN(auto reader, store_->OpenReader(locator));
    std::string all;
    while (true) {
      TJ_ASSIGN_OR_RETURN(const std::string bytes, reader->Next(step));
      if (bytes.empty()) return all;
      all += bytes;
    }
  }
  std::string PathOf(std::string_view locator) const {
    return absl::StrCat(kDirectory, "/objects/", std::string(locator.substr(3)));
  }
  std::vector<std::string> Names(const std::string& below) {
    return files_.List(std::string(kDirectory) + "/" + below).value_or(std::vector<std::string>());
  }
  absl::StatusOr<SweepReport> SweepAll(absl::Duration age,
                                       const std::set<std::string>& referenced) {
    return store_->Sweep(
        age, [&](std::string_view locator) { return referenced.count(std::string(locator)) > 0; });
  }

  base::ManualClock clock_{absl::FromUnixSeconds(1700000000)};
  MemoryFiles files_{clock_};
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, GivesBackExactlyWhatWasGiven) {
  for (size_t size : {size_t{0}, size_t{1}, size_t{5000}, size_t{1} << 20, (size_t{1} << 20) + 1,
                      size_t{3} << 20}) {
    const std::string content = Content(size);
    const Receipt receipt = Put(content);
    EXPECT_EQ(receipt.size, static_cast<int64_t>(size));
    EXPECT_EQ(Get(receipt.locator, 77777).value(), content);
    EXPECT_EQ(store_->OpenReader(receipt.locator).value()->receipt().sha256, receipt.sha256);
  }
}

TEST_F(StoreTest, NamesTheHashOfTheContent) { EXPECT_EQ(Put("hello").sha256, kHelloSha256); }

TEST_F(StoreTest, TakesContentInPiecesOfAnySize) {
  const std::string content = Content((1 << 20) + 300000);
  for (size_t piece : {size_t{700}, size_t{65536}, size_t{262144}, size_t{1000000}}) {
    auto writer = store_->Create().value();
    for (size_t at = 0; at < content.size(); at += piece) {
      ASSERT_TRUE(writer->Append(std::string_view(content).substr(at, piece)).ok());
    }
    EXPECT_EQ(writer->size(), static_cast<int64_t>(content.size()));
    EXPECT_EQ(Get(writer->Commit().value().locator).value(), content);
  }
}

TEST_F(StoreTest, ReadsRanges) {
  const std::string content = Content((2 << 20) + 100);
  auto reader = store_->OpenReader(Put(content).locator).value();
  EXPECT_EQ(reader->Read(0, 10).value(), content.substr(0, 10));
  EXPECT_EQ(reader->Read((1 << 20) - 5, 10).value(), content.substr((1 << 20) - 5, 10));
  EXPECT_EQ(reader->Read(reader->size() - 3, 100).value(), content.substr(content.size() - 3));
  EXPECT_EQ(reader->Read(reader->size(), 1).value(), "");
  EXPECT_EQ(reader->Read(reader->size() + 1, 1).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(reader->Read(-1, 1).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(StoreTest, RefusesContentOfAnotherHash) {
  auto writer = store_->Create().value();
  ASSERT_TRUE(writer->Append("hello!").ok());
  EXPECT_EQ(writer->Commit(kHelloSha256).status().code(), absl::StatusCode::kDataLoss);
  writer = store_->Create().value();
  ASSERT_TRUE(writer->Append("hello").ok());
  EXPECT_TRUE(writer->Commit(kHelloSha256).ok());
  writer.reset();
  EXPECT_THAT(Names("objects/00000000"), SizeIs(1));
}

TEST_F(StoreTest, LeavesNothingOfADroppedWriter) {
  auto writer = store_->Create().value();
  ASSERT_TRUE(writer->Append(Content(1 << 20)).ok());
  EXPECT_EQ(store_->Stats().writers_open, 1);
  EXPECT_EQ(writer->Flush().code(), absl::StatusCode::kFailedPrecondition);
  writer.reset();
  EXPECT_THAT(Names("objects/00000000"), SizeIs(0));
  EXPECT_EQ(store_->Stats().writers_open, 0);
}

TEST_F(StoreTest, FindsEveryFlippedBit) {
  const std::string content = Content(3000);
  const Receipt receipt = Put(content);
  const int64_t file_size = files_.Info(PathOf(receipt.locator)).value().size;
  for (int64_t at = 0; at < file_size; at += at < 2990 ? 13 : 1) {
    ASSERT_TRUE(files_.FlipBit(PathOf(receipt.locator), at).ok());
    EXPECT_EQ(Get(receipt.locator).status().code(), absl::StatusCode::kDataLoss) << at;
    ASSERT_TRUE(files_.FlipBit(PathOf(receipt.locator), at).ok());
  }
  EXPECT_EQ(Get(receipt.locator).value(), content);
}

TEST_F(StoreTest, FindsAFlippedBitInARangeAndServesTheRest) {
  const std::string content = Content(3 << 20);
  const Receipt receipt = Put(content);
  ASSERT_TRUE(files_.FlipBit(PathOf(receipt.locator), (1 << 20) + 7).ok());
  auto reader = store_->OpenReader(receipt.locator).value();
  EXPECT_EQ(reader->Read(0, 1 << 20).value(), content.substr(0, 1 << 20));
  EXPECT_EQ(reader->Read((1 << 20) + 60000, 1).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(reader->Read(2 << 20, 5).value(), content.substr(2 << 20, 5));
}

TEST_F(StoreTest, FindsACutFile) {
  const Receipt receipt = Put("hello");
  auto file = files_.Open(PathOf(receipt.locator), OpenMode::kWrite).value();
  for (int64_t size = file->Size().value() - 1; size >= 0; --size) {
    ASSERT_TRUE(file->Truncate(size).ok());
    EXPECT_EQ(store_->OpenReader(receipt.locator).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST_F(StoreTest, TellsNoLocatorFromNoObject) {
  EXPECT_EQ(store_->OpenReader("d1/00000000/00000000000000000000000000000000").status().code(),
            absl::StatusCode::kNotFound);
  for (const char* bad :
       {"", "d1/", "../../etc/passwd", "d1/00000000/../../../../../../../etc/passwd",
        "d1/00000000/0000000000000000000000000000000G",
        "d2/00000000/00000000000000000000000000000000"}) {
    EXPECT_EQ(store_->OpenReader(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(store_->Remove(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST_F(StoreTest, GoesOnReadingWhatIsRemovedMeanwhile) {
  const Receipt receipt = Put("hello");
  auto reader = store_->OpenReader(receipt.locator).value();
  ASSERT_TRUE(store_->Remove(receipt.locator).ok());
  ASSERT_TRUE(store_->Remove(receipt.locator).ok());
  EXPECT_EQ(reader->Read(0, 9).value(), "hello");
  EXPECT_EQ(store_->OpenReader(receipt.locator).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(StoreTest, BelongsToOneProcess) {
  StoreOptions options;
  options.directory = kDirectory;
  options.files = &files_;
  EXPECT_EQ(Store::Open(options, clock_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StoreTest, ResumesAPartialAtTheCommittedSizeAfterARestart) {
  const std::string content = Content(2500000);
  auto writer = store_->OpenPartial("upload/../1").value();
  EXPECT_EQ(writer->committed_size(), 0);
  ASSERT_TRUE(writer->Append(content.substr(0, 1500000)).ok());
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_EQ(writer->committed_size(), 1500000);
  ASSERT_TRUE(writer->Append(content.substr(1500000, 600000)).ok());
  writer.reset();
  Reopen();
  writer = store_->OpenPartial("upload/../1").value();
  EXPECT_EQ(writer->committed_size(), 1500000);
  EXPECT_EQ(writer->size(), 1500000);
  ASSERT_TRUE(writer->Append(content.substr(1500000)).ok());
  const Receipt receipt = writer->Commit().value();
  EXPECT_EQ(Get(receipt.locator).value(), content);
  EXPECT_EQ(store_->OpenPartial("upload/../1").value()->committed_size(), 0);
  EXPECT_THAT(Names("partials"), SizeIs(0));
}

TEST_F(StoreTest, GivesAPartialToOneWriterAtATime) {
  auto writer = store_->OpenPartial("one").value();
  EXPECT_EQ(store_->OpenPartial("one").status().code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(store_->OpenPartial("two").ok());
  writer.reset();
  EXPECT_TRUE(store_->OpenPartial("one").ok());
}

TEST_F(StoreTest, ForgetsADiscardedPartial) {
  auto writer = store_->OpenPartial("one").value();
  ASSERT_TRUE(writer->Append("hello").ok());
  ASSERT_TRUE(writer->Flush().ok());
  ASSERT_TRUE(writer->Discard().ok());
  writer.reset();
  EXPECT_THAT(Names("partials"), SizeIs(0));
  EXPECT_THAT(Names("objects/00000000"), SizeIs(0));
  EXPECT_EQ(store_->OpenPartial("one").value()->size(), 0);
}

TEST_F(StoreTest, BeginsAgainWhereAPartialIsDamaged) {
  auto writer = store_->OpenPartial("one").value();
  ASSERT_TRUE(writer->Append("hello").ok());
  ASSERT_TRUE(writer->Flush().ok());
  writer.reset();
  ASSERT_TRUE(
      files_
          .FlipBit(absl::StrCat(kDirectory, "/objects/00000000/", Names("objects/00000000")[0]), 1)
          .ok());
  EXPECT_EQ(store_->OpenPartial("one").value()->size(), 0);
}

TEST_F(StoreTest, StopsWritingWithinTheReserveAndRecovers) {
  const Receipt receipt = Put("hello");
  auto writer = store_->Create().value();
  ASSERT_TRUE(writer->Append("x").ok());
  files_.SetCapacity(1050);
  EXPECT_EQ(store_->Create().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(base::DetailOf(store_->Writable()).reason, "STORAGE_FULL");
  EXPECT_EQ(writer->Append(Content(300000)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Get(receipt.locator).value(), "hello");
  writer.reset();
  files_.SetCapacity(1 << 20);
  EXPECT_TRUE(store_->Writable().ok());
  Put("again");
}

TEST_F(StoreTest, CommitsNothingThatDoesNotFit) {
  auto writer = store_->Create().value();
  ASSERT_TRUE(writer->Append("x").ok());
  files_.SetCapacity(10);
  EXPECT_EQ(writer->Commit().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(writer->Commit().status().code(), absl::StatusCode::kResourceExhausted);
  writer.reset();
  EXPECT_THAT(Names("objects/00000000"), SizeIs(0));
}

TEST_F(StoreTest, LimitsAnObject) {
  auto writer = store_->Create().value();
  EXPECT_EQ(writer->Append(std::string((16 << 20) + 1, 'x')).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(StoreTest, AcceptsNothingAfterAFailedSyncUntilARestart) {
  const Receipt receipt = Put("hello");
  auto other = store_->Create().value();
  ASSERT_TRUE(other->Append("x").ok());
  files_.FailSyncs(true);
  auto writer = store_->Create().value();
  ASSERT_TRUE(writer->Append("lost").ok());
  EXPECT_EQ(writer->Commit().status().code(), absl::StatusCode::kUnavailable);
  files_.FailSyncs(false);
  EXPECT_FALSE(other->Commit().ok());
  EXPECT_EQ(store_->Create().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store_->OpenPartial("p").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(store_->Stats().read_only);
  EXPECT_EQ(Get(receipt.locator).value(), "hello");
  other.reset();
  writer.reset();
  Reopen();
  Put("accepted");
}

TEST_F(StoreTest, SweepsOldOrphansOnly) {
  const Receipt kept = Put("kept");
  const Receipt orphan = Put("orphan");
  clock_.Advance(absl::Hours(2));
  const Receipt young = Put("young");
  auto writer = store_->Create().value();
  const SweepReport report = SweepAll(absl::Hours(1), {kept.locator}).value();
  EXPECT_EQ(report.objects_seen, 3);
  EXPECT_EQ(report.orphans_removed, 1);
  EXPECT_TRUE(Get(kept.locator).ok());
  EXPECT_TRUE(Get(young.locator).ok());
  EXPECT_EQ(Get(orphan.locator).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(writer->Commit().ok());
}

TEST_F(StoreTest, SweepsNothingWhenRowsCannotBeAsked) {
  const Receipt receipt = Put("kept");
  clock_.Advance(absl::Hours(2));
  const auto report = store_->Sweep(absl::Hours(1), [](std::string_view) -> absl::StatusOr<bool> {
    return absl::UnavailableError("database");
  });
  EXPECT_EQ(report.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Get(receipt.locator).ok());
}

TEST_F(StoreTest, SweepsWhatCrashedWritersLeftAndKeepsUploads) {
  auto crashed = store_->Create().value();
  ASSERT_TRUE(crashed->Append(Content(1 << 20)).ok());
  auto upload = store_->OpenPartial("upload").value();
  ASSERT_TRUE(upload->Append("hello").ok());
  ASSERT_TRUE(upload->Flush().ok());
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(SweepAll(absl::Hours(1), {}).value().unfinished_removed,
            0);  // Both have their writers.
  files_.CutAfter(0, 1);
  EXPECT_FALSE(crashed->Commit().ok());
  crashed.reset();
  upload.reset();
  store_.reset();
  files_.RestartProcess();
  clock_.Advance(absl::Hours(2));
  Open();
  EXPECT_EQ(SweepAll(absl::Hours(1), {}).value().unfinished_removed, 1);
  EXPECT_EQ(store_->OpenPartial("upload").value()->committed_size(), 5);
  clock_.Advance(absl::Hours(24 * 8));
  EXPECT_EQ(SweepAll(absl::Hours(1), {}).value().unfinished_removed,
            2);  // The record and its object.
  EXPECT_THAT(Names("objects/00000000"), SizeIs(0));
  EXPECT_THAT(Names("partials"), SizeIs(0));
}

TEST_F(StoreTest, SweepsNothingAfterTheClockJumped) {
  const Receipt receipt = Put("row not written yet");
  clock_.JumpTo(clock_.Now() + absl::Hours(24 * 365));
  EXPECT_EQ(SweepAll(absl::Hours(1), {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Get(receipt.locator).ok());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(SweepAll(absl::Hours(1), {}).value().orphans_removed, 1);
}

TEST_F(StoreTest, ScrubsStepByStepAndReportsDamage) {
  std::vector<Receipt> receipts;
  for (int i = 0; i < 6; ++i) receipts.push_back(Put(Content(1000)));
  ASSERT_TRUE(files_.FlipBit(PathOf(receipts[3].locator), 999).ok());
  std::vector<std::string> damaged;
  std::string cursor;
  int steps = 0;
  int64_t objects = 0;
  do {
    const ScrubReport report = store_->Scrub(cursor, 1500).value();
    damaged.insert(damaged.end(), report.damaged.begin(), report.damaged.end());
    objects += report.objects;
    cursor = report.cursor;
    ++steps;
  } while (!cursor.empty());
  EXPECT_THAT(damaged, ElementsAre(receipts[3].locator));
  EXPECT_EQ(objects, 6);
  EXPECT_GE(steps, 3);
  EXPECT_EQ(store_->Scrub("nonsense", 1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StoreTest, BeginsANewBucketWhenOneIsFull) {
  std::set<std::string> buckets;
  for (int i = 0; i < 4096 + 5; ++i) buckets.insert(Put("x").locator.substr(3, 8));
  EXPECT_THAT(buckets, ElementsAre("00000000", "00000001"));
  Reopen();
  EXPECT_EQ(Put("x").locator.substr(3, 8), "00000001");
}

TEST_F(StoreTest, WritesForManyAtOnce) {
  constexpr int kThreads = 8, kEach = 50;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        auto writer = store_->Create();
        const std::string content = absl::StrCat("thread ", t, " object ", i);
        if (!writer.ok() || !(*writer)->Append(content).ok()) continue;
        auto receipt = (*writer)->Commit();
        good += receipt.ok() && Get(receipt->locator).value_or("") == content;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads * kEach);
  EXPECT_EQ(store_->Stats().objects_written, kThreads * kEach);
}

}  // namespace
}  // namespace tongjian::blob
