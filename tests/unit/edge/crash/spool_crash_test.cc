// Goal: whatever the moment of a power loss, an object that a device heard success for is in the
// spool once with its bytes until the hub has it, and no torn one is. Method: database and object
// store of a gateway lie on one file system in memory; a seeded workload runs until the power goes
// at its n-th file operation, with unsynced writes lost, torn and reordered; then the gateway starts
// again, is looked at, and works on to the next power loss at the (n+1)-th.
// TONGJIAN_CRASH_SEED=<n> replays one seed.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "services/edge/schema.h"
#include "services/edge/spool_store.h"
#include "tests/support/power_losses.h"
#include "tests/support/power_vfs.h"

namespace tongjian::edge {
namespace {

constexpr int kSeeds = 12;
constexpr int kPoints = 250;  // Power losses of one seed.
constexpr int kActions = 6;
constexpr char kState[] = "/state";

// What devices were promised, by content: each content is of one SOP instance.
struct Promises {
  std::map<std::string, std::string> kept;   // SOP Instance UID by content.
  std::map<std::string, std::string> asked;  // Sent, but nothing was answered.
  std::set<std::string> done;                // The hub has it, and that was written down.
  std::set<std::string> leaving;             // The same, but writing it down was not answered.
};

class Gateway {
 public:
  explicit Gateway(uint64_t seed) : random_(seed) {
    EXPECT_TRUE(files_.MakeDirectory(kState).ok() && files_.SyncDirectory("").ok());
  }
  ~Gateway() { Close(); }

  blob::MemoryFiles& files() { return files_; }

  // False when the power went.
  bool Work() {
    if (spool_ == nullptr && !Open()) return false;
    for (int i = 0; i < kActions; ++i) {
      if (!Act()) return false;
    }
    return true;
  }

  void LosePower(uint64_t seed) {
    files_.CutAfter(0, seed);
    EXPECT_FALSE(files_.SyncDirectory("").ok());
    Close();  // What a dead process's destructors try comes to nothing.
    files_.RestartMachine(seed);
  }

  void Check() {
    ASSERT_TRUE(Open());
    std::map<std::string, std::string> found;
    const auto objects = spool_->List(false, 0, 10000);
    ASSERT_TRUE(objects.ok()) << objects.status();
    for (const SpoolObject& object : *objects) {
      const auto content = Read(object.locator);
      ASSERT_TRUE(content.ok()) << content.status();
      EXPECT_EQ(static_cast<int64_t>(content->size()), object.size);
      EXPECT_TRUE(found.emplace(*content, object.sop_instance_uid).second) << "there twice";
    }
    for (const auto& [content, sop] : promises_.kept) {
      if (promises_.leaving.count(content) > 0) continue;
      ASSERT_EQ(found.count(content), promises_.done.count(content) > 0 ? 0u : 1u) << sop;
    }
    for (const auto& [content, sop] : found) {
      const auto kept = promises_.kept.find(content);
      const auto& sender = kept != promises_.kept.end() ? kept->second : promises_.asked[content];
      EXPECT_EQ(sender, sop);
    }
    const auto scrubbed = blobs_->Scrub("", INT64_MAX);
    ASSERT_TRUE(scrubbed.ok()) << scrubbed.status();
    EXPECT_TRUE(scrubbed->damaged.empty()) << scrubbed->damaged.front();
    Remember(found);
  }

  // Only what rows name is left when it is time to look.
  void CheckSweep() {
    clock_.Advance(absl::Hours(25));
    ASSERT_TRUE(spool_->Trim(clock_.Now() - absl::Hours(24 * 30)).ok());
    const auto objects = spool_->List(false, 0, 10000);
    int64_t left = 0;
    const auto buckets = files_.List(absl::StrCat(kState, "/blobs/objects")).value();
    for (const std::string& bucket : buckets)
      left += files_.List(absl::StrCat(kState, "/blobs/objects/", bucket)).value().size();
    EXPECT_EQ(left, static_cast<int64_t>(objects->size()));
  }

 private:
  bool Open() {
    auto database = store::Database::Open({.url = absl::StrCat("sqlite:", kState, "/edge.db"),
                                           .name = "edge",
                                           .migrations = Schema(),
                                           .readers = 1},
                                          clock_);
    if (!database.ok()) return false;
    blob::StoreOptions options;
    options.directory = absl::StrCat(kState, "/blobs");
    options.reserve_bytes = 0;
    options.files = &files_;
    auto blobs = blob::Store::Open(options, clock_);
    if (!blobs.ok()) return false;
    database_ = *std::move(database);
    blobs_ = *std::move(blobs);
    spool_ = std::make_unique<Spool>(*database_, *blobs_, ids_);
    return true;
  }

  void Close() {
    spool_.reset();
    database_.reset();
    blobs_.reset();
  }

  // What the power loss left undecided is decided now.
  void Remember(const std::map<std::string, std::string>& found) {
    for (const std::string& content : promises_.leaving) {
      if (found.count(content) > 0) {
        promises_.done.erase(content);
      } else {
        promises_.done.insert(content);
      }
    }
    promises_.leaving.clear();
    for (const auto& [content, sop] : found) promises_.kept[content] = sop;
    promises_.asked.clear();
  }

  absl::StatusOr<std::string> Read(const std::string& locator) {
    TJ_ASSIGN_OR_RETURN(auto reader, blobs_->OpenReader(locator));
    std::string all;
    while (true) {
      TJ_ASSIGN_OR_RETURN(const std::string bytes, reader->Next(4096));
      if (bytes.empty()) return all;
      all += bytes;
    }
  }

  bool Act() {
    clock_.Advance(absl::Seconds(1));
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2:
        return Keep(NewContent(), absl::StrCat("1.2.", ++sops_));
      case 3:  // A device that heard nothing, or forgot, sends again.
        if (promises_.kept.empty()) return true;
        return Keep(promises_.kept.begin()->first, promises_.kept.begin()->second);
      case 4:
      case 5:
        return Deliver();
      case 6:
        return Refuse();
      default:
        clock_.Advance(absl::Hours(7));
        return spool_->Trim(clock_.Now() - absl::Hours(24 * 30)).ok();
    }
  }

  std::string NewContent() {
    std::string content(1 + random_() % 3000, '\0');
    for (char& c : content) c = static_cast<char>(random_());
    return content + absl::StrCat("#", sops_);
  }

  bool Keep(const std::string& content, const std::string& sop) {
    promises_.asked[content] = sop;
    // What was done comes back, or does not if nothing is said.
    if (promises_.done.count(content) > 0) promises_.leaving.insert(content);
    auto writer = blobs_->Create();
    if (!writer.ok() || !(*writer)->Append(content).ok()) return false;
    const auto receipt = (*writer)->Commit();
    if (!receipt.ok()) return false;
    const Received received = {.sop_instance_uid = sop,
                               .study_instance_uid = "1.2",
                               .facility_id = "f1",
                               .device_ae_title = "DR1",
                               .device_address = "10.0.0.5",
                               .receipt_time = clock_.Now()};
    const auto kept =
        spool_->Keep(received, *receipt, [](store::Transaction&) { return absl::OkStatus(); });
    if (!kept.ok()) return false;
    promises_.kept[content] = sop;
    promises_.asked.erase(content);
    promises_.done.erase(content);
    promises_.leaving.erase(content);
    return true;
  }

  // The hub has the oldest few.
  bool Deliver() {
    auto next = spool_->Next(Lane::kRoutine, clock_.Now(), 1 + static_cast<int64_t>(random_() % 3),
                             [](const std::string&) { return false; });
    if (!next.ok()) return false;
    std::vector<std::string> contents;
    for (const SpoolObject& object : *next) {
      const auto content = Read(object.locator);
      if (!content.ok()) return false;
      contents.push_back(*content);
    }
    promises_.leaving.insert(contents.begin(), contents.end());
    if (!spool_->Done(*next).ok()) return false;
    for (const std::string& content : contents) promises_.leaving.erase(content);
    promises_.done.insert(contents.begin(), contents.end());
    return true;
  }

  bool Refuse() {
    const auto next = spool_->Next(Lane::kRoutine, clock_.Now(), 1,
                                   [](const std::string&) { return false; });
    if (!next.ok()) return false;
    if (next->empty()) return true;
    if (random_() % 2 == 0) {
      return spool_->Postpone(next->front().id, "away", absl::Seconds(1)).ok();
    }
    return spool_->Fail(next->front().id, "no").ok() &&
           database_
               ->Write([&](store::Transaction& tx) { return spool_->Retry(tx, "").status(); })
               .ok();
  }

  std::mt19937_64 random_;
  base::ManualClock clock_{absl::FromUnixSeconds(1'773'900'000)};
  blob::MemoryFiles files_{clock_};
  testing::PowerVfs vfs_{files_};
  base::Ids ids_{"edge", clock_};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<blob::Store> blobs_;
  std::unique_ptr<Spool> spool_;
  Promises promises_;
  int sops_ = 0;
};

TEST(SpoolCrash, LosesAndTearsNothingAtAnyOperation) {
  testing::LosePowerEverywhere<Gateway>(kSeeds, kPoints, [](Gateway& gateway, int64_t point) {
    gateway.Check();
    if (point % 10 == 0 && !HasFailure()) gateway.CheckSweep();
  });
}

}  // namespace
}  // namespace tongjian::edge
