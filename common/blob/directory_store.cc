#include <algorithm>

#include "common/blob/core.h"
#include "common/blob/files.h"
#include "common/blob/maintenance.h"
#include "common/blob/object_reader.h"
#include "common/blob/object_writer.h"
#include "common/blob/store.h"

namespace tongjian::blob {
namespace {

// A difference between the two clocks that grows by more is a jump of the wall clock, not its
// steering.
constexpr absl::Duration kJump = absl::Minutes(2);

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Makes `path` with all above it, durably. The lowest one that is there is made durable again: a
// predecessor may have crashed between making it and syncing its parent. Parents that may not be
// opened are not ours and were there before.
absl::Status MakeDirectories(Files& files, const std::string& path) {
  if (path == "/" || path == ".") return absl::OkStatus();
  const std::string parent = ParentOf(path);
  const absl::Status present = files.Info(path).status();
  if (absl::IsNotFound(present)) {
    TJ_TRY(MakeDirectories(files, parent));
    TJ_TRY(files.MakeDirectory(path));
  } else {
    TJ_TRY(present);
  }
  const absl::Status synced = files.SyncDirectory(parent);
  return absl::IsPermissionDenied(synced) ? absl::OkStatus() : synced;
}

// A store in a local directory (layout.h).
class DirectoryStore : public Store {
 public:
  DirectoryStore(const StoreOptions& options, const base::Clock& clock, Files& files)
      : core_(options, clock, files), clock_offset_(ClockOffset()) {}

  absl::Status Start();

  absl::StatusOr<std::unique_ptr<Writer>> Create() override {
    TJ_ASSIGN_OR_RETURN(const Place place, NewPlace());
    return ObjectWriter::Begin(core_, place, std::nullopt);
  }
  absl::StatusOr<std::unique_ptr<Writer>> OpenPartial(std::string_view upload_id) override;
  absl::StatusOr<std::unique_ptr<Reader>> OpenReader(std::string_view locator) override {
    if (IsPackedLocator(locator)) return core_.packs.OpenReader(locator);
    TJ_ASSIGN_OR_RETURN(const Place place, ParseLocator(locator));
    return ObjectReader::Open(core_.files, core_.layout.Object(place), locator);
  }
  absl::Status Remove(std::string_view locator) override {
    if (IsPackedLocator(locator)) {
      TJ_TRY(core_.packs.Remove(locator));
    } else {
      TJ_ASSIGN_OR_RETURN(const Place place, ParseLocator(locator));
      TJ_TRY(core_.files.Remove(core_.layout.Object(place)));
    }
    ++core_.objects_removed;
    return absl::OkStatus();
  }
  absl::StatusOr<SweepReport> Sweep(absl::Duration age, const IsReferenced& referenced) override;
  absl::StatusOr<ScrubReport> Scrub(std::string_view cursor, int64_t bytes_max) override {
    return ScrubObjects(core_, cursor, bytes_max);
  }
  absl::Status Writable() const override { return core_.disk.Admit(0); }
  StoreStats Stats() const override;

 private:
  absl::StatusOr<Place> NewPlace();
  // With mutex_ held, or before anyone else has the store.
  absl::Status BeginBucket(int64_t number);
  absl::Status CheckClock(absl::Duration age);
  absl::Duration ClockOffset() const {
    return core_.clock.Now() - absl::UnixEpoch() - core_.clock.Elapsed();
  }

  Core core_;
  std::shared_ptr<void> lock_;
  std::mutex mutex_;
  int64_t bucket_ = 0;
  int64_t bucket_objects_ = 0;
  absl::Duration clock_offset_;
  absl::Duration sweep_from_ = -absl::InfiniteDuration();  // By Clock::Elapsed.
};

absl::Status DirectoryStore::Start() {
  Files& files = core_.files;
  const Layout& layout = core_.layout;
  TJ_TRY(MakeDirectories(files, layout.directory()));
  TJ_ASSIGN_OR_RETURN(lock_, files.Lock(layout.Lock()));
  TJ_TRY(files.MakeDirectory(layout.Objects()));
  TJ_TRY(files.MakeDirectory(layout.Partials()));
  TJ_TRY(core_.packs.Start());
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> buckets, ListBuckets(core_));
  TJ_TRY(BeginBucket(buckets.empty() ? 0 : BucketNumber(buckets.back())));
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                      files.List(layout.Bucket(BucketName(bucket_))));
  bucket_objects_ = static_cast<int64_t>(names.size());
  // Also when all of it was there, as in MakeDirectories.
  return core_.disk.SyncDirectory(layout.directory());
}

absl::Status DirectoryStore::BeginBucket(int64_t number) {
  TJ_TRY(core_.files.MakeDirectory(core_.layout.Bucket(BucketName(number))));
  TJ_TRY(core_.disk.SyncDirectory(core_.layout.Objects()));
  bucket_ = number;
  bucket_objects_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<Place> DirectoryStore::NewPlace() {
  TJ_TRY(core_.disk.Admit(0));
  std::lock_guard lock(mutex_);
  if (bucket_objects_ >= kBucketObjectsMax) TJ_TRY(BeginBucket(bucket_ + 1));
  ++bucket_objects_;
  return Place{BucketName(bucket_), NewObjectName()};
}

absl::StatusOr<std::unique_ptr<Writer>> DirectoryStore::OpenPartial(std::string_view upload_id) {
  const std::string name = PartialName(upload_id);
  const std::string record = core_.layout.Record(name);
  std::optional<Claims::Claim> claim = core_.claims.Take(name);
  if (!claim) {
    return base::Error(absl::StatusCode::kAborted, "STATE_NOT_ALLOWED", "",
                       "another writer has this upload");
  }
  TJ_ASSIGN_OR_RETURN(const auto state, PartialRecord::Read(core_.files, record));
  if (state) {
    absl::StatusOr<std::unique_ptr<Writer>> writer = ObjectWriter::Resume(core_, *state, &*claim);
    // The object is finished, or damaged: the upload begins again, and what lies there is left to
    // the sweep.
    const bool lost = absl::IsNotFound(writer.status()) || absl::IsDataLoss(writer.status());
    if (!lost) return writer;
  }
  TJ_TRY(core_.files.Remove(record));
  TJ_ASSIGN_OR_RETURN(const Place place, NewPlace());
  return ObjectWriter::Begin(core_, place, std::move(claim));
}

absl::StatusOr<SweepReport> DirectoryStore::Sweep(absl::Duration age,
                                                  const IsReferenced& referenced) {
  TJ_TRY(CheckClock(age));
  int64_t last_bucket = 0;
  {
    std::lock_guard lock(mutex_);
    last_bucket = bucket_;
  }
  return blob::Sweep(core_, age, referenced).Run(last_bucket);
}

// A file's age is a difference of wall times: after a jump an object may look old before its row is
// written.
absl::Status DirectoryStore::CheckClock(absl::Duration age) {
  std::lock_guard lock(mutex_);
  const absl::Duration offset = ClockOffset();
  if (absl::AbsDuration(offset - clock_offset_) > kJump) {
    clock_offset_ = offset;
    sweep_from_ = core_.clock.Elapsed() + age;
  }
  if (core_.clock.Elapsed() >= sweep_from_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the clock has jumped: nothing is swept until ages mean something again");
}

StoreStats DirectoryStore::Stats() const {
  StoreStats stats;
  stats.objects_written = core_.objects_written;
  stats.bytes_written = core_.bytes_written;
  stats.objects_removed = core_.objects_removed;
  stats.writers_open = core_.writers_open;
  stats.directory_syncs = core_.disk.directory_syncs();
  stats.sync_waiters = core_.disk.sync_waiters();
  stats.free_bytes = core_.disk.FreeBytes();
  stats.read_only = core_.disk.failed();
  return stats;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options,
                                                   const base::Clock& clock) {
  Files& files = options.files == nullptr ? LocalFiles() : *options.files;
  if (options.directory.empty() || options.directory.back() == '/') {
    return base::InvalidField("directory", "must be a path that does not end in /");
  }
  auto store = std::make_unique<DirectoryStore>(options, clock, files);
  TJ_TRY(store->Start());
  return store;
}

}  // namespace tongjian::blob
