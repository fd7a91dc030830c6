// Goal: whatever the moment of a power loss, what the hub acknowledged is there once with its bytes,
// and an upload goes on from no less than what was said to be committed. Method: as in
// tests/unit/edge/crash: database and object store lie on one file system in memory; seeded uploads
// (resumed, repeated, broken off) and objects of devices run until the power goes at the n-th file
// operation; then the archive starts again, is looked at, and works on.
// TONGJIAN_CRASH_SEED=<n> replays one seed.
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "services/imaging/schema.h"
#include "services/imaging/timers.h"
#include "services/imaging/uploads.h"
#include "tests/support/power_losses.h"
#include "tests/support/power_vfs.h"
#include "tests/unit/imaging/archive.h"

namespace tongjian::imaging {
namespace {

constexpr int kSeeds = 40;
constexpr int kPoints = 75;  // Power losses of one seed.
constexpr int kActions = 6;
constexpr int kLanes = 3;  // Uploads at once.
constexpr char kState[] = "/state";
constexpr char kFacility[] = "f1";

std::string DigestOf(const std::string& bytes) { return security::Sha256Text(bytes); }

// One object that a gateway brings in pieces.
struct Sending {
  std::string id;
  std::string bytes;
  int64_t committed = 0;      // The hub's last word.
  bool finish_asked = false;  // Nothing was answered yet.
};

class Hub {
 public:
  explicit Hub(uint64_t seed) : random_(seed) {
    EXPECT_TRUE(files_.MakeDirectory(kState).ok() && files_.SyncDirectory("").ok());
    for (int i = 0; i < kLanes; ++i) lanes_.push_back(NewSending());
    streams_.resize(kLanes);
  }
  ~Hub() { Close(); }

  blob::MemoryFiles& files() { return files_; }

  // False when the power went.
  bool Work() {
    if (uploads_ == nullptr && !Open()) return false;
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
    for (const auto& [sop, bytes] : accepted_) {
      const auto content = Stored(sop);
      ASSERT_TRUE(content.ok()) << sop << ": " << content.status();
      ASSERT_EQ(*content, bytes);
    }
    for (const auto& [sop, bytes] : asked_) {
      const auto content = Stored(sop);
      ASSERT_TRUE(absl::IsNotFound(content.status()) || (content.ok() && *content == bytes))
          << sop << ": " << content.status();
      if (content.ok()) accepted_[sop] = bytes;
    }
    asked_.clear();
    for (int lane = 0; lane < kLanes; ++lane) CheckLane(lane);
    const auto scrubbed = blobs_->Scrub("", INT64_MAX);
    ASSERT_TRUE(scrubbed.ok()) << scrubbed.status();
    EXPECT_TRUE(scrubbed->damaged.empty()) << scrubbed->damaged.front();
  }

 private:
  bool Open() {
    auto database = store::Database::Open({.url = absl::StrCat("sqlite:", kState, "/imaging.db"),
                                           .name = "imaging",
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
    ingest_ = std::make_unique<Ingest>(*database_, *blobs_, ids_, matcher_, IngestOptions{}, metrics_);
    uploads_ = std::make_unique<Uploads>(UploadOptions{.flush_bytes = 1500}, *database_, *blobs_,
                                         *ingest_, clock_);
    return true;
  }

  void Close() {
    streams_.assign(kLanes, nullptr);
    uploads_.reset();
    ingest_.reset();
    database_.reset();
    blobs_.reset();
  }

  bool Act() {
    clock_.Advance(absl::Milliseconds(300));
    const auto lane = static_cast<int>(random_() % kLanes);
    switch (random_() % 8) {
      case 0:
        return Device();
      case 1:  // The stream breaks; what came is made durable.
        if (streams_[lane] != nullptr) streams_[lane]->Suspend();
        streams_[lane].reset();
        return Ask(lane);
      case 2:
        clock_.Advance(absl::Hours(2));
        return Sweep(*database_, *blobs_, clock_, absl::Hours(1), absl::Hours(1000)).ok();
      default:
        return GoOn(lane);
    }
  }

  std::string NewObject(std::string* sop) {
    *sop = absl::StrCat("1.2.3.", ++objects_);
    std::string pixels(2 * (100 + random_() % 1900), '\0');
    for (char& c : pixels) c = static_cast<char>(random_());
    return MakeObject({.study = absl::StrCat("1.2.", objects_ / 20), .sop = *sop, .pixels = pixels});
  }

  Sending NewSending() {
    std::string sop;
    Sending sending;
    sending.bytes = NewObject(&sop);
    sending.id = absl::StrCat("u-", objects_);
    return sending;
  }

  std::string SopOf(const Sending& sending) { return "1.2.3." + sending.id.substr(2); }

  bool Device() {
    std::string sop;
    const std::string bytes = NewObject(&sop);
    asked_[sop] = bytes;
    if (!Put(bytes).ok()) return false;
    accepted_[sop] = bytes;
    asked_.erase(sop);
    return true;
  }

  absl::Status Put(const std::string& bytes) {
    TJ_ASSIGN_OR_RETURN(const auto writer, blobs_->Create());
    TJ_TRY(writer->Append(bytes));
    TJ_ASSIGN_OR_RETURN(const blob::Receipt receipt, writer->Commit());
    TJ_ASSIGN_OR_RETURN(const auto reader, blobs_->OpenReader(receipt.locator));
    TJ_ASSIGN_OR_RETURN(const WrittenObject object, ScanObject(*reader, {}));
    return ingest_
        ->Store({.header = &object.header,
                 .receipt = receipt,
                 .dataset_digest = object.dataset_digest,
                 .facility_id = kFacility,
                 .device_ae_title = "DR1",
                 .receipt_time = clock_.Now()},
                nullptr)
        .status();
  }

  absl::StatusOr<Uploads::Begun> Begin(int lane) {
    const Sending& sending = lanes_[lane];
    return uploads_->Begin({.sender = kFacility,
                            .upload_id = sending.id,
                            .size = static_cast<int64_t>(sending.bytes.size()),
                            .digest = DigestOf(sending.bytes),
                            .arrival = {.facility_id = kFacility, .receipt_time = clock_.Now()}});
  }

  // One more chunk of an upload, or its end.
  bool GoOn(int lane) {
    Sending& sending = lanes_[lane];
    if (streams_[lane] == nullptr) {
      auto begun = Begin(lane);
      if (!begun.ok() || begun->upload == nullptr) return false;
      streams_[lane] = std::move(begun->upload);
    }
    Upload& upload = *streams_[lane];
    const auto at = static_cast<size_t>(upload.received_size());
    if (at == sending.bytes.size()) return Finish(lane);
    const std::string chunk = sending.bytes.substr(at, 1 + random_() % 1200);
    if (!upload.Append(static_cast<int64_t>(at), chunk, security::Crc32c(chunk)).ok()) return false;
    sending.committed = upload.committed_size();
    return true;
  }

  bool Finish(int lane) {
    Sending& sending = lanes_[lane];
    sending.finish_asked = true;
    const auto stored = streams_[lane]->Finish(nullptr);
    if (!stored.ok()) return false;
    EXPECT_EQ(stored->outcome, StoreOutcome::kStored);
    accepted_[SopOf(sending)] = sending.bytes;
    streams_[lane].reset();
    sending = NewSending();
    return true;
  }

  bool Ask(int lane) {
    const auto progress = uploads_->Progress(kFacility, lanes_[lane].id);
    if (!progress.ok() || progress->finished) return false;
    lanes_[lane].committed = progress->committed_size;
    return true;
  }

  void CheckLane(int lane) {
    Sending& sending = lanes_[lane];
    const auto progress = uploads_->Progress(kFacility, sending.id);
    ASSERT_TRUE(progress.ok()) << progress.status();
    if (progress->finished) {
      ASSERT_TRUE(sending.finish_asked);
      const auto content = Stored(SopOf(sending));
      ASSERT_TRUE(content.ok()) << content.status();
      ASSERT_EQ(*content, sending.bytes);
      accepted_[SopOf(sending)] = sending.bytes;
      sending = NewSending();
      return;
    }
    ASSERT_TRUE(progress->committed_size >= sending.committed || sending.finish_asked)
        << progress->committed_size << " of " << sending.committed;
    sending.committed = progress->committed_size;
    sending.finish_asked = false;
  }

  // The bytes of the one instance with this UID.
  absl::StatusOr<std::string> Stored(const std::string& sop) {
    std::optional<Instance> instance;
    TJ_TRY(database_->Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(instance, InstanceOf(session, kFacility, sop));
      return absl::OkStatus();
    }));
    if (!instance) return absl::NotFoundError("no such instance");
    const auto reader = blobs_->OpenReader(instance->locator);
    if (!reader.ok()) return absl::DataLossError(reader.status().message());
    std::string all;
    while (true) {
      TJ_ASSIGN_OR_RETURN(const std::string bytes, (*reader)->Next(1 << 16));
      if (bytes.empty()) return all;
      all += bytes;
    }
  }

  std::mt19937_64 random_;
  base::ManualClock clock_{absl::FromUnixSeconds(1'773'900'000)};
  blob::MemoryFiles files_{clock_};
  testing::PowerVfs vfs_{files_};
  base::Ids ids_{"test", clock_};
  telemetry::Registry metrics_;
  Places places_;
  Matcher matcher_{places_};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<blob::Store> blobs_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<Uploads> uploads_;
  std::vector<Sending> lanes_;
  std::vector<std::shared_ptr<Upload>> streams_;
  std::map<std::string, std::string> accepted_;  // Bytes by SOP Instance UID.
  std::map<std::string, std::string> asked_;
  int objects_ = 0;
};

TEST(UploadCrash, LosesAndTearsNothingAtAnyOperation) {
  testing::LosePowerEverywhere<Hub>(kSeeds, kPoints, [](Hub& hub, int64_t) { hub.Check(); });
}

}  // namespace
}  // namespace tongjian::imaging
