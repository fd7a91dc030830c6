#include "common/blob/maintenance.h"

#include "common/blob/object_reader.h"
#include "common/blob/partial_record.h"

namespace tongjian::blob {
namespace {

constexpr size_t kReadSize = 1 << 20;

// Reads all of one object, and notes when it is damaged.
absl::Status Verify(const absl::StatusOr<std::unique_ptr<Reader>>& reader,
                    const std::string& locator, ScrubReport* report) {
  absl::Status status = reader.status();
  if (status.ok()) {
    ++report->objects;
    while (true) {
      const absl::StatusOr<std::string> bytes = (*reader)->Next(kReadSize);
      status = bytes.status();
      if (!bytes.ok() || bytes->empty()) break;
      report->bytes += static_cast<int64_t>(bytes->size());
    }
  }
  report->cursor = locator;
  if (absl::IsNotFound(status)) return absl::OkStatus();  // Removed meanwhile.
  if (!absl::IsDataLoss(status)) return status;
  report->damaged.push_back(locator);
  return absl::OkStatus();
}

absl::Status ScrubBuckets(Core& core, const Place& after, int64_t bytes_max, ScrubReport* report) {
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> buckets, ListBuckets(core));
  for (const std::string& bucket : buckets) {
    if (bucket < after.bucket) continue;
    TJ_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListBucket(core, bucket));
    for (const std::string& name : names) {
      if (!IsObjectName(name) || (bucket == after.bucket && name <= after.name)) continue;
      const Place place{bucket, name};
      const std::string locator = LocatorOf(place);
      TJ_TRY(Verify(ObjectReader::Open(core.files, core.layout.Object(place), locator), locator,
                    report));
      if (report->bytes >= bytes_max) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

// The locator of bytes that should be a record and are none.
std::string NamelessLocator(const std::string& pack, int64_t offset) {
  return PackedLocator({pack, offset, std::string(32, '0')});
}

absl::Status ScrubPack(Core& core, const std::string& pack, int64_t after, int64_t bytes_max,
                       ScrubReport* report) {
  const bool growing = core.packs.Growing(pack);
  absl::StatusOr<PackScan> scan =
      PackScan::Open(core.files, core.packs.Path(pack), OpenMode::kRead);
  if (absl::IsNotFound(scan.status())) return absl::OkStatus();
  if (absl::IsDataLoss(scan.status())) {
    TJ_ASSIGN_OR_RETURN(const FileInfo info, core.files.Info(core.packs.Path(pack)));
    if (info.size > kPackHeadSize) report->damaged.push_back(NamelessLocator(pack, 0));
    return absl::OkStatus();
  }
  TJ_TRY(scan.status());
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::optional<PackItem> item, scan->Next());
    if (!item) return absl::OkStatus();
    if (item->offset <= after) continue;
    if (!item->head && item->written && !growing)
      report->damaged.push_back(NamelessLocator(pack, item->offset));
    if (!item->head || item->head->state != RecordState::kLive) continue;
    // What is being written is not whole yet, and not durable: the next round finds it.
    const std::string locator = PackedLocator({pack, item->offset, item->head->name});
    if (growing && core.packs.Pending(pack, item->offset)) continue;
    TJ_TRY(Verify(core.packs.OpenReader(locator), locator, report));
    if (report->bytes >= bytes_max) return absl::OkStatus();
  }
}

absl::Status ScrubPacks(Core& core, const PackedPlace& after, int64_t bytes_max,
                        ScrubReport* report) {
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> packs, core.packs.List());
  for (const std::string& pack : packs) {
    if (pack < after.pack) continue;
    TJ_TRY(ScrubPack(core, pack, pack == after.pack ? after.offset : 0, bytes_max, report));
    if (report->bytes >= bytes_max) return absl::OkStatus();
  }
  return absl::OkStatus();
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
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> packs, core_.packs.List());
  for (const std::string& pack : packs) TJ_TRY(SweepPack(pack));
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

// A pack goes when nothing in it is in use, the space of a record when nobody can be reading it any
// more.
absl::Status Sweep::SweepPack(const std::string& pack) {
  const bool growing = core_.packs.Growing(pack);  // Before the walk: what it does not see is there.
  const std::string path = core_.packs.Path(pack);
  absl::StatusOr<PackScan> scan = PackScan::Open(core_.files, path, OpenMode::kWrite);
  if (absl::IsNotFound(scan.status())) return absl::OkStatus();
  if (absl::IsDataLoss(scan.status())) return SweepHeadless(path, growing);
  TJ_TRY(scan.status());
  bool in_use = false;
  std::vector<PackItem> spent;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::optional<PackItem> item, scan->Next());
    if (!item) break;
    TJ_TRY(SweepRecord(*scan, pack, *item, &in_use, &spent));
  }
  if (!in_use && !growing) return core_.files.Remove(path);
  return Reclaim(*scan, spent);
}

absl::Status Sweep::Reclaim(PackScan& scan, const std::vector<PackItem>& spent) {
  if (spent.empty()) return absl::OkStatus();
  // First that they are removed, or power loss could leave live heads without what stood behind.
  TJ_TRY(core_.disk.Sync(scan.file()));
  for (const PackItem& item : spent) {
    RecordHead head = *item.head;
    head.state = RecordState::kReclaimed;
    TJ_TRY(scan.Put(item.offset, head));
    if (item.extent <= kPackAlignment) continue;
    TJ_TRY(scan.file().PunchHole(item.offset + kPackAlignment, item.extent - kPackAlignment));
  }
  return absl::OkStatus();
}

// One whose head is not whole: begun when the power went, or damaged with all it holds, which is
// kept for whoever mends it.
absl::Status Sweep::SweepHeadless(const std::string& path, bool growing) {
  TJ_ASSIGN_OR_RETURN(const FileInfo info, core_.files.Info(path));
  if (growing || info.size > kPackHeadSize) return absl::OkStatus();
  ++report_.unfinished_removed;
  return core_.files.Remove(path);
}

absl::Status Sweep::SweepRecord(PackScan& scan, const std::string& pack, const PackItem& item,
                                bool* in_use, std::vector<PackItem>* spent) {
  if (!item.head) {
    *in_use |= item.written;  // Damaged, or being written.
    return absl::OkStatus();
  }
  RecordHead head = *item.head;
  const bool old = now_ - head.time > age_;
  if (head.state == RecordState::kLive) {
    ++report_.objects_seen;
    *in_use = true;
    if (!old) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const bool named,
                        referenced_(PackedLocator({pack, item.offset, head.name})));
    if (named) return absl::OkStatus();
    head.state = RecordState::kRemoved;
    head.time = now_;
    ++report_.orphans_removed;
    report_.bytes_removed += head.size;
    return scan.Put(item.offset, head);
  }
  if (head.state != RecordState::kRemoved) return absl::OkStatus();
  *in_use |= !old;
  if (old) spent->push_back(item);
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
  PackedPlace after_packed;
  if (IsPackedLocator(cursor)) {
    TJ_ASSIGN_OR_RETURN(after_packed, ParsePackedLocator(cursor));
  } else if (!cursor.empty()) {
    TJ_ASSIGN_OR_RETURN(after, ParseLocator(cursor));
  }
  if (!IsPackedLocator(cursor)) TJ_TRY(ScrubBuckets(core, after, bytes_max, &report));
  if (report.bytes < bytes_max) TJ_TRY(ScrubPacks(core, after_packed, bytes_max, &report));
  if (report.bytes < bytes_max) report.cursor.clear();
  return report;
}

}  // namespace tongjian::blob
