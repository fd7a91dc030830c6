#include "common/blob/maintenance.h"

#include "common/blob/object_reader.h"
#include "common/blob/partial_record.h"

namespace tongjian::blob {
namespace {

constexpr size_t kReadSize = 1 << 20;

// Reads all of one object; OK, DATA_LOSS or another failure.
absl::Status Verify(Core& core, const Place& place, ScrubReport* report) {
  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader,
                      ObjectReader::Open(core.files, core.layout.Object(place), LocatorOf(place)));
  ++report->objects;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::string bytes, reader->Next(kReadSize));
    report->bytes += static_cast<int64_t>(bytes.size());
    if (bytes.empty()) return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ListBuckets(Core& core) {
  TJ_ASSIGN_OR_RETURN(std::vector<std::string> names, core.files.List(core.layout.Objects()));
  std::erase_if(names, [](const std::string& name) { return !IsBucketName(name); });
  return names;
}

absl::StatusOr<std::vector<std::string>> ListBucket(Core& core, const std::string& bucket) {
  absl::StatusOr<std::vector<std::string>> names = core.files.List(core.layout.Bucket(bucket));
  if (absl::IsNotFound(names.status())) return std::vector<std::string>();
  return names;
}

absl::StatusOr<SweepReport> Sweep::Run(int64_t last_bucket) {
  TJ_TRY(SweepPartials());
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> buckets, ListBuckets(core_));
  for (const std::string& bucket : buckets) {
    TJ_TRY(SweepBucket(bucket, BucketNumber(bucket) < last_bucket - 1));
  }
  return report_;
}

absl::Status Sweep::SweepPartials() {
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                      core_.files.List(core_.layout.Partials()));
  for (const std::string& name : names) TJ_TRY(SweepPartial(name));
  return absl::OkStatus();
}

absl::Status Sweep::SweepPartial(const std::string& name) {
  const auto claim = core_.claims.Take(name);
  const std::string path = core_.layout.Record(name);
  TJ_ASSIGN_OR_RETURN(const auto state, PartialRecord::Read(core_.files, path));
  if (!claim) {
    // An upload goes on; its file may have been untouched for long before, and free again when its
    // bucket is swept.
    if (state) kept_partials_.insert(LocatorOf(state->place));
    return absl::OkStatus();
  }
  if (state) {
    const std::string part = core_.layout.Object(state->place) + kPartial;
    const absl::StatusOr<FileInfo> info = core_.files.Info(part);
    if (info.ok() && now_ - info->modified <= core_.options.partial_age_max) {
      kept_partials_.insert(LocatorOf(state->place));
      return absl::OkStatus();
    }
    if (!info.ok() && !absl::IsNotFound(info.status())) return info.status();
  }
  // Too old, finished, or never made durable. The unfinished object goes with its bucket's sweep.
  ++report_.unfinished_removed;
  return core_.files.Remove(path);
}

absl::Status Sweep::SweepBucket(const std::string& bucket, bool removable) {
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListBucket(core_, bucket));
  for (const std::string& name : names) {
    const Place place{bucket, name.substr(0, name.find('.'))};
    if (!IsObjectName(place.name)) continue;
    if (name == place.name) TJ_TRY(SweepObject(place));
    if (name == place.name + kUnfinished) TJ_TRY(SweepUnfinished(place, kUnfinished));
    if (name == place.name + kPartial) TJ_TRY(SweepUnfinished(place, kPartial));
  }
  if (!names.empty() || !removable) return absl::OkStatus();
  return core_.files.RemoveDirectory(core_.layout.Bucket(bucket));
}

absl::Status Sweep::SweepObject(const Place& place) {
  ++report_.objects_seen;
  int64_t size = 0;
  const std::string path = core_.layout.Object(place);
  TJ_ASSIGN_OR_RETURN(const bool old, IsOlder(path, age_, &size));
  if (!old) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const bool named, referenced_(LocatorOf(place)));
  if (named) return absl::OkStatus();
  TJ_TRY(core_.files.Remove(path));
  ++report_.orphans_removed;
  report_.bytes_removed += size;
  return absl::OkStatus();
}

absl::Status Sweep::SweepUnfinished(const Place& place, const char* suffix) {
  if (kept_partials_.count(LocatorOf(place)) > 0) return absl::OkStatus();
  const auto claim = core_.claims.Take(LocatorOf(place));
  if (!claim) return absl::OkStatus();
  int64_t size = 0;
  const std::string path = core_.layout.Object(place) + suffix;
  TJ_ASSIGN_OR_RETURN(const bool old, IsOlder(path, age_, &size));
  if (!old) return absl::OkStatus();
  TJ_TRY(core_.files.Remove(path));
  ++report_.unfinished_removed;
  report_.bytes_removed += size;
  return absl::OkStatus();
}

absl::StatusOr<bool> Sweep::IsOlder(const std::string& path, absl::Duration age, int64_t* size) {
  const absl::StatusOr<FileInfo> info = core_.files.Info(path);
  if (absl::IsNotFound(info.status())) return false;
  TJ_TRY(info.status());
  *size = info->size;
  return now_ - info->modified > age;
}

absl::StatusOr<ScrubReport> ScrubObjects(Core& core, std::string_view cursor, int64_t bytes_max) {
  ScrubReport report;
  Place after;
  if (!cursor.empty()) {
    TJ_ASSIGN_OR_RETURN(after, ParseLocator(cursor));
  }
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> buckets, ListBuckets(core));
  for (const std::string& bucket : buckets) {
    if (bucket < after.bucket) continue;
    TJ_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListBucket(core, bucket));
    for (const std::string& name : names) {
      if (!IsObjectName(name) || (bucket == after.bucket && name <= after.name)) continue;
      const Place place{bucket, name};
      const absl::Status status = Verify(core, place, &report);
      if (absl::IsDataLoss(status)) {
        report.damaged.push_back(LocatorOf(place));
      } else if (!absl::IsNotFound(status)) {  // Removed meanwhile.
        TJ_TRY(status);
      }
      report.cursor = LocatorOf(place);
      if (report.bytes >= bytes_max) return report;
    }
  }
  report.cursor.clear();
  return report;
}

}  // namespace tongjian::blob
