// Where small objects go: into packs (pack_format.h), the last of which grows.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/blob/buffer.h"
#include "common/blob/disk.h"
#include "common/blob/layout.h"
#include "common/blob/pack_format.h"
#include "common/blob/store.h"

namespace tongjian::blob {

// Safe for concurrent use; what it is given must outlive it. A pack of an earlier run is never
// written to again, except for the heads of its records.
class Packs {
 public:
  Packs(Files& files, Disk& disk, const Layout& layout, const base::Clock& clock)
      : files_(files), disk_(disk), layout_(layout), clock_(clock) {}

  // Makes the directory, and marks what a crash left unfinished.
  absl::Status Start();

  // Makes one object durable, together with those that others append meanwhile; returns its
  // locator. `record`: kRecordHeadSize bytes of room, content, footer; it is spent.
  absl::StatusOr<std::string> Append(std::string_view name, Buffer record);
  // As Store::OpenReader and Store::Remove.
  absl::StatusOr<std::unique_ptr<Reader>> OpenReader(std::string_view locator);
  absl::Status Remove(std::string_view locator);

  // The names of all packs, in order.
  absl::StatusOr<std::vector<std::string>> List();
  // Whether records may still be added to it.
  bool Growing(const std::string& pack);
  // Whether that record is being written.
  bool Pending(const std::string& pack, int64_t offset);
  std::string Path(const std::string& pack) const { return layout_.Pack(pack); }

 private:
  struct Pack;
  struct Room;
  absl::StatusOr<Room> Reserve(int64_t extent);
  absl::Status Begin();
  absl::Status Prepare(Pack& pack);
  absl::Status Write(const Room& room, std::string_view record);
  absl::Status Heal(const std::string& name);
  absl::Status RemoveHeadless(const PackedPlace& place);
  RecordHead VoidHead(int64_t extent) const;
  int64_t RecordsFrom(const std::string& pack, int64_t offset);
  void Settle(const Room& room, bool written);
  // With mutex_ held: the pack of that name when it may grow.
  std::shared_ptr<Pack> Find(const std::string& name) const;

  Files& files_;
  Disk& disk_;
  const Layout& layout_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<Pack> current_;
  std::weak_ptr<Pack> previous_;
  int64_t next_number_ = 0;
};

}  // namespace tongjian::blob
