// How a pack's file is laid out: small objects one behind another, so that many become durable by
// one sync.
//
//   head of the pack       4096 bytes, of two equal halves: "TJPACK1\n", 16 random bytes (the pack's
//                          id), CRC-32C of both
//   records                each at a multiple of 4096: head of the record, content, footer (footer.h)
//
//   head of a record       64 bytes: "TJRECRD\n"
//     state                4, see RecordState
//     size                 8, of what stands behind the head
//     time                 8, seconds since 1970: when it was written, or removed
//     durable before       8, all records that end before this offset were durable when it was
//                          written
//     name                 16
//     CRC-32C              4, of the pack's id and the head up to here
//
// Numbers are little-endian. The random id keeps what a peer sends from passing for a head, should a
// crash leave its bytes where one is looked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/blob/files.h"

namespace tongjian::blob {

inline constexpr int64_t kPackAlignment = kDirectAlignment;
inline constexpr int64_t kPackHeadSize = kPackAlignment;
inline constexpr int64_t kRecordHeadSize = 64;

enum class RecordState : uint32_t {
  kLive = 1,
  kRemoved = 2,    // Who is reading it goes on.
  kReclaimed = 3,  // Its space was given back.
  kVoid = 4,       // Left unfinished by a crash.
};

struct RecordHead {
  RecordState state = RecordState::kLive;
  int64_t size = 0;
  absl::Time time;
  int64_t durable_before = 0;
  std::string name;  // 32 hexadecimal digits.

  // From this record to the next.
  int64_t Extent() const;
  std::string Encode(std::string_view pack_id) const;
  // Nothing when it is no head of this pack.
  static std::optional<RecordHead> Decode(std::string_view bytes, std::string_view pack_id);
};

std::string EncodePackHead(std::string_view pack_id);
// The pack's id, from whichever half is whole. DATA_LOSS when neither is.
absl::StatusOr<std::string> ReadPackHead(File& file);

// What a walk through a pack meets: a record, or bytes that are none.
struct PackItem {
  int64_t offset = 0;
  int64_t extent = 0;
  std::optional<RecordHead> head;
  bool written = true;  // Without a head: whether anything but zeros begins there.
};

// Walks through one pack. For one thread.
class PackScan {
 public:
  // NOT_FOUND when there is no such file, DATA_LOSS when it is no pack.
  static absl::StatusOr<PackScan> Open(Files& files, const std::string& path, OpenMode mode);
  // Nothing at the end, as the file's size was at Open.
  absl::StatusOr<std::optional<PackItem>> Next();
  // Replaces the head of an item.
  absl::Status Put(int64_t offset, const RecordHead& head);
  File& file() { return *file_; }

 private:
  PackScan(std::unique_ptr<File> file, std::string id, int64_t size)
      : file_(std::move(file)), id_(std::move(id)), size_(size) {}

  std::unique_ptr<File> file_;
  std::string id_;
  int64_t size_ = 0;
  int64_t offset_ = kPackHeadSize;
};

// The next place behind `offset` where a record begins or, damaged, may begin: `end` when there is
// none before it.
absl::StatusOr<int64_t> NextRecordLike(File& file, int64_t offset, int64_t end);

// Up to where the records of a pack, or of a copy of one, were durable as far as they say
// themselves; 0 where it is no pack.
absl::StatusOr<int64_t> DurableBefore(Files& files, const std::string& path);

// A part of a file, for reading alone.
std::unique_ptr<File> Slice(std::unique_ptr<File> file, int64_t offset, int64_t size);

}  // namespace tongjian::blob
