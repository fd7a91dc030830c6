// Goal: whatever the moment of a crash, acknowledged objects are there and whole, flushed uploads
// go on, and no object is torn. Method: a random but seeded workload runs on a file system in
// memory; a first run counts its operations, then one run for each operation cuts the power (or
// kills the process) there, restarts, checks, works on, crashes again and checks again.
// TONGJIAN_CRASH_SEED=<n> replays one seed.
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/blob/memory_files.h"
#include "common/blob/store.h"
#include "gtest/gtest.h"

namespace tongjian::blob {
namespace {

constexpr int kSeeds = 120;
constexpr int kActions = 10;
constexpr size_t kUploadSize = 3000;

std::string Content(uint64_t seed, size_t size) {
  std::mt19937 random(static_cast<uint32_t>(seed));
  std::string content(size, '\0');
  for (char& c : content) c = static_cast<char>(random());
  return content;
}

// What a caller has been promised, and how far it went without an answer.
struct Promises {
  std::map<std::string, std::string> objects;   // By locator.
  std::map<std::string, std::string> in_doubt;  // A removal was asked for.
  struct Upload {
    uint64_t generation = 0;  // Which content.
    int64_t flushed = 0;
    bool commit_asked = false;
  };
  std::map<std::string, Upload> uploads;
};

// One store, its callers and their memory of what was promised. Every action returns false when the
// machine is dead.
class World {
 public:
  World(uint64_t seed, int64_t packed_bytes_max)
      : seed_(seed), packed_bytes_max_(packed_bytes_max), random_(seed) {}

  bool Work() {
    if (store_ == nullptr && !Open()) return false;
    for (int i = 0; i < kActions; ++i) {
      if (!Act()) return false;
    }
    return true;
  }

  // The process ends without a word.
  void Crash(bool power_lost, uint64_t seed) {
    // The dead process's destructors run here, but can do nothing.
    if (!power_lost) files_.CutAfter(0, seed);
    EXPECT_FALSE(files_.MakeDirectory("/dead").ok());
    writers_.clear();
    store_.reset();
    power_lost ? files_.RestartMachine(seed) : files_.RestartProcess();
  }

  void Check() {
    ASSERT_TRUE(Open());
    for (const auto& [locator, content] : promises_.objects)
      EXPECT_EQ(Get(locator).value_or("gone"), content);
    for (const auto& [locator, content] : promises_.in_doubt) {
      const absl::StatusOr<std::string> got = Get(locator);
      EXPECT_TRUE(absl::IsNotFound(got.status()) || (got.ok() && *got == content)) << got.status();
    }
    const auto scrubbed = store_->Scrub("", INT64_MAX);
    ASSERT_TRUE(scrubbed.ok()) << scrubbed.status();
    EXPECT_TRUE(scrubbed->damaged.empty()) << scrubbed->damaged.front();
    for (auto& [id, upload] : promises_.uploads) CheckUpload(id, &upload);
  }

  // After a sweep nothing is left but what rows name.
  void CheckSweep() {
    clock_.Advance(absl::Hours(24 * 30));
    const auto swept = SweepNow();
    ASSERT_TRUE(swept.ok()) << swept.status();
    EXPECT_EQ(store_->Scrub("", INT64_MAX).value().objects, promises_.objects.size());
    size_t own_files = 0;
    const auto buckets = files_.List("/store/objects").value();
    for (const std::string& bucket : buckets)
      own_files += files_.List("/store/objects/" + bucket).value().size();
    EXPECT_EQ(own_files, Count("d1/"));
    clock_.Advance(absl::Hours(24));
    ASSERT_TRUE(SweepNow().ok());  // Takes the space of what the first one removed.
    EXPECT_TRUE(Count("p1/") > 0 || files_.List("/store/packs").value().empty());
    for (const auto& [locator, content] : promises_.objects)
      EXPECT_EQ(Get(locator).value_or("gone"), content);
    EXPECT_EQ(files_.List("/store/partials").value().size(), 0u);
  }

  MemoryFiles& files() { return files_; }

 private:
  size_t Count(std::string_view scheme) const {
    size_t count = 0;
    for (const auto& [locator, content] : promises_.objects) count += locator.starts_with(scheme);
    return count;
  }

  bool Open() {
    StoreOptions options;
    options.packed_bytes_max = packed_bytes_max_;
    options.directory = "/store";
    options.reserve_bytes = 0;
    options.files = &files_;
    auto store = Store::Open(options, clock_);
    if (!store.ok()) return false;
    store_ = *std::move(store);
    return true;
  }

  absl::StatusOr<std::string> Get(const std::string& locator) {
    TJ_ASSIGN_OR_RETURN(auto reader, store_->OpenReader(locator));
    std::string all;
    while (true) {
      TJ_ASSIGN_OR_RETURN(const std::string bytes, reader->Next(1000));
      if (bytes.empty()) return all;
      all += bytes;
    }
  }

  bool Act() {
    switch (random_() % 6) {
      case 0:
      case 1:
        return PutObject();
      case 2:
      case 3:
        return GoOnUploading("upload a");
      case 4:
        return random_() % 2 == 0 ? GoOnUploading("upload b") : RemoveObject();
      default:
        break;
    }
    clock_.Advance(absl::Hours(2));
    return SweepNow().ok();
  }

  absl::StatusOr<SweepReport> SweepNow() {
    return store_->Sweep(absl::Hours(1), [this](std::string_view locator) {
      return promises_.objects.count(std::string(locator)) > 0;
    });
  }

  bool PutObject() {
    const std::string content = Content(random_(), random_() % 2000);
    auto writer = store_->Create();
    if (!writer.ok() || !(*writer)->Append(content).ok()) return false;
    auto receipt = (*writer)->Commit();
    if (receipt.ok()) promises_.objects[receipt->locator] = content;
    return receipt.ok();
  }

  bool RemoveObject() {
    if (promises_.objects.empty()) return true;
    const auto object = promises_.objects.extract(promises_.objects.begin());
    promises_.in_doubt[object.key()] = object.mapped();
    return store_->Remove(object.key()).ok();
  }

  // Opens or keeps the writer, appends a piece, flushes most times, commits at the end.
  bool GoOnUploading(const std::string& id) {
    Promises::Upload& upload = promises_.uploads[id];
    std::unique_ptr<Writer>& writer = writers_[id];
    if (writer == nullptr) {
      auto opened = store_->OpenPartial(id);
      if (!opened.ok()) return false;
      writer = *std::move(opened);
      // A commit without an answer may have been carried out: then the upload begins again.
      if (upload.commit_asked && writer->size() == 0) upload.flushed = 0;
      upload.commit_asked = false;
    }
    const std::string content = UploadContent(id, upload.generation);
    const auto at = static_cast<size_t>(writer->size());
    if (!writer->Append(std::string_view(content).substr(at, 1 + random_() % 900)).ok())
      return false;
    if (random_() % 4 != 0) {
      if (!writer->Flush().ok()) return false;
      upload.flushed = writer->committed_size();
    }
    if (writer->size() == static_cast<int64_t>(kUploadSize)) return FinishUpload(id, content);
    if (random_() % 3 == 0) writer.reset();
    return true;
  }

  bool FinishUpload(const std::string& id, const std::string& content) {
    Promises::Upload& upload = promises_.uploads[id];
    upload.commit_asked = true;
    auto receipt = writers_[id]->Commit();
    if (!receipt.ok()) return false;
    writers_[id].reset();
    promises_.objects[receipt->locator] = content;
    upload = {upload.generation + 1};
    return true;
  }

  void CheckUpload(const std::string& id, Promises::Upload* upload) {
    auto writer = store_->OpenPartial(id);
    ASSERT_TRUE(writer.ok()) << writer.status();
    const int64_t size = (*writer)->committed_size();
    EXPECT_TRUE(size >= upload->flushed || (upload->commit_asked && size == 0))
        << size << " of " << upload->flushed;
    ASSERT_LE(size, static_cast<int64_t>(kUploadSize));
    const std::string content = UploadContent(id, upload->generation);
    ASSERT_TRUE(
        (*writer)->Append(std::string_view(content).substr(static_cast<size_t>(size))).ok());
    auto receipt = (*writer)->Commit();
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    EXPECT_EQ(Get(receipt->locator).value_or("gone"), content);
    promises_.objects[receipt->locator] = content;
    *upload = {upload->generation + 1};
  }

  std::string UploadContent(const std::string& id, uint64_t generation) const {
    return Content(seed_ * 1000 + generation * 2 + (id == "upload a"), kUploadSize);
  }

  const uint64_t seed_;
  const int64_t packed_bytes_max_;
  std::mt19937_64 random_;
  base::ManualClock clock_{absl::FromUnixSeconds(1700000000)};
  MemoryFiles files_{clock_};
  std::unique_ptr<Store> store_;
  std::map<std::string, std::unique_ptr<Writer>> writers_;
  Promises promises_;
};

// Crashes at operation `at` of the first piece of work, somewhere in a second one, and looks each
// time.
void RunCrashingAt(uint64_t seed, int64_t packed_bytes_max, int64_t at) {
  SCOPED_TRACE(absl::StrCat("TONGJIAN_CRASH_SEED=", seed, ", operation ", at));
  const uint64_t choice = seed * 7919 + static_cast<uint64_t>(at);
  World world(seed, packed_bytes_max);
  world.files().CutAfter(at, choice);
  world.Work();
  world.files().CutAfter(0, choice);  // Work that came to its end dies right after it.
  world.Crash(choice % 4 != 0, choice);
  if (choice % 2 == 0) world.Check();
  world.files().CutAfter(static_cast<int64_t>(choice % 60), choice + 1);
  world.Work();
  world.files().CutAfter(0, choice);
  world.Crash(true, choice + 1);
  world.Check();
  world.CheckSweep();
}

void CrashAtEveryOperation(int64_t packed_bytes_max) {
  const char* only = std::getenv("TONGJIAN_CRASH_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? kSeeds : first;
  int64_t runs = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    World world(seed, packed_bytes_max);
    ASSERT_TRUE(world.Work());
    const int64_t operations = world.files().operations();
    for (int64_t at = 0; at < operations && !testing::Test::HasFailure(); ++at, ++runs)
      RunCrashingAt(seed, packed_bytes_max, at);
  }
  std::cout << runs << " crashes" << std::endl;
  EXPECT_GT(runs, only == nullptr ? 1000 : 10);
}

TEST(BlobCrash, LosesAndTearsNothingAtAnyOperation) { CrashAtEveryOperation(0); }

// Three of four objects share files, the largest have their own.
TEST(BlobCrash, LosesAndTearsNothingOfPackedObjectsAtAnyOperation) { CrashAtEveryOperation(1500); }

}  // namespace
}  // namespace tongjian::blob
