#include "common/blob/packs.h"

#include <algorithm>
#include <limits>

#include "absl/strings/escaping.h"
#include "common/base/check.h"
#include "common/base/id.h"
#include "common/blob/object_reader.h"

namespace tongjian::blob {
namespace {

// The next pack is begun when one has grown so far.
constexpr int64_t kPackBytesMax = int64_t{256} << 20;
constexpr char kNoName[] = "00000000000000000000000000000000";

}  // namespace

// The pack that grows. All but `file` under Packs::mutex_.
struct Packs::Pack {
  std::string name;
  std::string path;
  std::string id;
  std::unique_ptr<File> file;
  int64_t end = kPackHeadSize;
  std::set<int64_t> pending;  // Offsets of records that are not durable yet.
  bool closed = false;        // A record could not be written.
};

// A record's place.
struct Packs::Room {
  std::shared_ptr<Pack> pack;
  int64_t offset = 0;
  int64_t durable_before = 0;
};

absl::Status Packs::Start() {
  TJ_TRY(files_.MakeDirectory(layout_.Packs()));
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> packs, List());
  if (packs.empty()) return absl::OkStatus();
  next_number_ = BucketNumber(packs.back()) + 1;
  // The last two that have records: Begin sees to it that others had no writers. Packs without
  // any, left where one could not be begun, are passed over however many they are.
  int healed = 0;
  for (auto pack = packs.rbegin(); pack != packs.rend() && healed < 2; ++pack) {
    TJ_ASSIGN_OR_RETURN(const FileInfo info, files_.Info(Path(*pack)));
    if (info.size <= kPackHeadSize) continue;
    TJ_TRY(Heal(*pack));
    ++healed;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Packs::List() {
  TJ_ASSIGN_OR_RETURN(std::vector<std::string> names, files_.List(layout_.Packs()));
  std::erase_if(names, [](const std::string& name) { return !IsBucketName(name); });
  return names;
}

// What was not durable when the process or the machine stopped is void if it is not whole, so that
// from here on anything that is not whole is damage. Nobody was told that it was stored.
absl::Status Packs::Heal(const std::string& name) {
  absl::StatusOr<PackScan> scan = PackScan::Open(files_, Path(name), OpenMode::kWrite);
  // Its own head was never durable: nothing in it was.
  if (absl::IsDataLoss(scan.status())) return absl::OkStatus();
  TJ_TRY(scan.status());
  std::vector<PackItem> items;
  int64_t durable_before = kPackHeadSize;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::optional<PackItem> item, scan->Next());
    if (!item) break;
    if (item->head) durable_before = std::max(durable_before, item->head->durable_before);
    items.push_back(*item);
  }
  for (const PackItem& item : items) {
    if (item.offset < durable_before || (!item.head && !item.written)) continue;
    if (item.head && item.head->state != RecordState::kLive) continue;
    if (item.head) {
      const absl::StatusOr<std::unique_ptr<Reader>> reader =
          OpenReader(PackedLocator({name, item.offset, item.head->name}));
      const absl::Status whole = reader.ok() ? Verify(**reader) : reader.status();
      if (whole.ok()) continue;
      if (!absl::IsDataLoss(whole)) return whole;
    }
    TJ_TRY(scan->Put(item.offset, VoidHead(item.extent)));
  }
  return disk_.Sync(scan->file());
}

absl::Status Packs::Begin() {
  // Two at most have records being written, so that Start knows where to look.
  if (!previous_.expired())
    return base::Unavailable("OVERLOADED", "a pack waits for the disk since the last one was full");
  auto pack = std::make_shared<Pack>();
  pack->name = BucketName(next_number_);
  pack->path = Path(pack->name);
  pack->id = absl::HexStringToBytes(base::RandomHex(16));
  TJ_ASSIGN_OR_RETURN(pack->file, files_.Open(pack->path, OpenMode::kCreateNew));
  ++next_number_;
  if (absl::Status prepared = Prepare(*pack); !prepared.ok()) {
    // Where this fails too, the sweep removes it, and Start passes over it.
    files_.Remove(pack->path).IgnoreError();
    return prepared;
  }
  previous_ = current_;
  current_ = std::move(pack);
  return absl::OkStatus();
}

// Makes a new pack's head and name durable, and opens it for records.
absl::Status Packs::Prepare(Pack& pack) {
  TJ_TRY(pack.file->WriteAt(0, EncodePackHead(pack.id)));
  TJ_TRY(disk_.Sync(*pack.file));
  TJ_TRY(disk_.SyncDirectory(layout_.Packs()));
  TJ_ASSIGN_OR_RETURN(pack.file, files_.Open(pack.path, OpenMode::kDirect));
  return absl::OkStatus();
}

absl::StatusOr<Packs::Room> Packs::Reserve(int64_t extent) {
  std::lock_guard lock(mutex_);
  const bool full = current_ == nullptr || current_->closed || current_->end + extent > kPackBytesMax;
  if (full) TJ_TRY(Begin());
  const std::set<int64_t>& pending = current_->pending;
  const Room room{current_, current_->end, pending.empty() ? current_->end : *pending.begin()};
  current_->pending.insert(room.offset);
  current_->end += extent;
  return room;
}

void Packs::Settle(const Room& room, bool written) {
  std::lock_guard lock(mutex_);
  // What could not be written leaves a gap that stays pending: no record goes behind it that would
  // call it durable.
  if (written) room.pack->pending.erase(room.offset);
  room.pack->closed |= !written;
}

absl::StatusOr<std::string> Packs::Append(std::string_view name, Buffer record) {
  TJ_CHECK(IsObjectName(name) && static_cast<int64_t>(record.size()) > kRecordHeadSize);
  RecordHead head{.size = static_cast<int64_t>(record.size()) - kRecordHeadSize,
                  .time = clock_.Now(),
                  .name = std::string(name)};
  TJ_TRY(disk_.Admit(head.Extent()));
  TJ_ASSIGN_OR_RETURN(const Room room, Reserve(head.Extent()));
  head.durable_before = room.durable_before;
  head.Encode(room.pack->id).copy(record.data(), kRecordHeadSize);
  record.Resize(static_cast<size_t>(head.Extent()));
  const absl::Status written = Write(room, record.view());
  Settle(room, written.ok());
  TJ_TRY(written);
  return PackedLocator({room.pack->name, room.offset, head.name});
}

absl::Status Packs::Write(const Room& room, std::string_view record) {
  TJ_TRY(room.pack->file->WriteAt(room.offset, record));
  return disk_.SyncShared(*room.pack->file, room.pack->path);
}

absl::StatusOr<std::unique_ptr<Reader>> Packs::OpenReader(std::string_view locator) {
  TJ_ASSIGN_OR_RETURN(const PackedPlace place, ParsePackedLocator(locator));
  absl::StatusOr<std::unique_ptr<File>> file = files_.Open(Path(place.pack), OpenMode::kRead);
  if (absl::IsNotFound(file.status())) return base::NotFound("stored object");
  TJ_TRY(file.status());
  TJ_ASSIGN_OR_RETURN(const std::string id, ReadPackHead(**file));
  TJ_ASSIGN_OR_RETURN(const std::string bytes, (*file)->ReadAt(place.offset, kRecordHeadSize));
  const std::optional<RecordHead> head = RecordHead::Decode(bytes, id);
  if (!head || head->state == RecordState::kVoid)
    return absl::DataLossError("a stored object is damaged at its head");
  if (head->name != place.name || head->state != RecordState::kLive)
    return base::NotFound("stored object");
  return ObjectReader::Open(Slice(*std::move(file), place.offset + kRecordHeadSize, head->size),
                            locator);
}

absl::Status Packs::Remove(std::string_view locator) {
  TJ_ASSIGN_OR_RETURN(const PackedPlace place, ParsePackedLocator(locator));
  absl::StatusOr<std::unique_ptr<File>> file = files_.Open(Path(place.pack), OpenMode::kWrite);
  if (absl::IsNotFound(file.status())) return absl::OkStatus();
  TJ_TRY(file.status());
  TJ_ASSIGN_OR_RETURN(const std::string id, ReadPackHead(**file));
  TJ_ASSIGN_OR_RETURN(const std::string bytes, (*file)->ReadAt(place.offset, kRecordHeadSize));
  std::optional<RecordHead> head = RecordHead::Decode(bytes, id);
  if (!head) return RemoveHeadless(place);
  if (head->name != place.name || head->state != RecordState::kLive)
    return absl::OkStatus();
  head->state = RecordState::kRemoved;
  head->time = clock_.Now();
  return (*file)->WriteAt(place.offset, head->Encode(id));
}

// A record whose head is damaged: void from here to where another may begin.
absl::Status Packs::RemoveHeadless(const PackedPlace& place) {
  const int64_t limit = RecordsFrom(place.pack, place.offset);  // Before the walk.
  TJ_ASSIGN_OR_RETURN(PackScan scan, PackScan::Open(files_, Path(place.pack), OpenMode::kWrite));
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::optional<PackItem> item, scan.Next());
    if (!item || item->offset > place.offset) return absl::OkStatus();
    if (item->offset < place.offset) continue;
    if (item->head || !item->written) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const int64_t end,
                        NextRecordLike(scan.file(), item->offset,
                                       std::min(limit, item->offset + item->extent)));
    return scan.Put(item->offset, VoidHead(end - item->offset));
  }
}

RecordHead Packs::VoidHead(int64_t extent) const {
  return {.state = RecordState::kVoid,
          .size = extent - kRecordHeadSize,
          .time = clock_.Now(),
          .name = kNoName};
}

// The first offset behind this one at which a record is being written, or can be from now on.
int64_t Packs::RecordsFrom(const std::string& pack, int64_t offset) {
  std::lock_guard lock(mutex_);
  const std::shared_ptr<Pack> found = Find(pack);
  if (found == nullptr) return std::numeric_limits<int64_t>::max();
  const auto pending = found->pending.upper_bound(offset);
  return pending == found->pending.end() ? found->end : *pending;
}

std::shared_ptr<Packs::Pack> Packs::Find(const std::string& name) const {
  if (current_ != nullptr && current_->name == name) return current_;
  std::shared_ptr<Pack> previous = previous_.lock();
  return previous != nullptr && previous->name == name ? previous : nullptr;
}

bool Packs::Growing(const std::string& pack) {
  std::lock_guard lock(mutex_);
  return Find(pack) != nullptr;
}

bool Packs::Pending(const std::string& pack, int64_t offset) {
  std::lock_guard lock(mutex_);
  const std::shared_ptr<Pack> found = Find(pack);
  return found != nullptr && found->pending.contains(offset);
}

}  // namespace tongjian::blob
