#include "common/blob/partial_record.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/blob/crc32c.h"

namespace tongjian::blob {
namespace {

constexpr int kSlots = 2;
constexpr int64_t kSlotSize = 512;

// "<locator> <size> <sha256> <crc32c of all before>\n", filled up with spaces.
std::string Encode(const PartialState& state) {
  std::string line = absl::StrCat(LocatorOf(state.place), " ", state.size, " ",
                                  absl::BytesToHexString(state.sha256), " ");
  absl::StrAppend(&line, absl::Hex(ExtendCrc32c(0, line), absl::kZeroPad8), "\n");
  line.resize(kSlotSize, ' ');
  return line;
}

std::optional<PartialState> Decode(std::string_view slot) {
  const std::vector<std::string> words =
      absl::StrSplit(std::string(slot.substr(0, slot.find('\n'))), ' ');
  PartialState state;
  uint32_t crc = 0;
  if (words.size() != 4 || !absl::SimpleHexAtoi(words[3], &crc)) return std::nullopt;
  const std::string_view summed =
      slot.substr(0, words[0].size() + words[1].size() + words[2].size() + 3);
  if (ExtendCrc32c(0, summed) != crc) return std::nullopt;
  absl::StatusOr<Place> place = ParseLocator(words[0]);
  if (!place.ok() || !absl::SimpleAtoi(words[1], &state.size)) return std::nullopt;
  state.place = *std::move(place);
  state.sha256 = absl::HexStringToBytes(words[2]);
  return state;
}

struct Slots {
  std::optional<PartialState> newest;
  int newest_slot = kSlots - 1;
};

absl::StatusOr<Slots> ReadSlots(File& file) {
  Slots slots;
  TJ_ASSIGN_OR_RETURN(const std::string bytes, file.ReadAt(0, kSlots * kSlotSize));
  for (int i = 0; i < kSlots; ++i) {
    const size_t at = static_cast<size_t>(i * kSlotSize);
    if (at >= bytes.size()) break;
    std::optional<PartialState> state = Decode(std::string_view(bytes).substr(at, kSlotSize));
    if (!state || (slots.newest && state->size <= slots.newest->size)) continue;
    slots.newest = std::move(state);
    slots.newest_slot = i;
  }
  return slots;
}

}  // namespace

absl::StatusOr<std::optional<PartialState>> PartialRecord::Read(Files& files,
                                                                const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file = files.Open(path, OpenMode::kRead);
  if (absl::IsNotFound(file.status())) return std::nullopt;
  TJ_TRY(file.status());
  TJ_ASSIGN_OR_RETURN(Slots slots, ReadSlots(**file));
  return std::move(slots.newest);
}

absl::StatusOr<std::unique_ptr<PartialRecord>> PartialRecord::Open(Files& files, Disk& disk,
                                                                   const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file = files.Open(path, OpenMode::kWrite);
  if (absl::IsNotFound(file.status())) file = files.Open(path, OpenMode::kCreateNew);
  TJ_TRY(file.status());
  TJ_ASSIGN_OR_RETURN(const Slots slots, ReadSlots(**file));
  std::unique_ptr<PartialRecord> record(new PartialRecord(disk, path, *std::move(file)));
  // The slot that holds the newest state is the last to be overwritten.
  record->next_slot_ = (slots.newest_slot + 1) % kSlots;
  return record;
}

absl::Status PartialRecord::Write(const PartialState& state) {
  TJ_TRY(file_->WriteAt(next_slot_ * kSlotSize, Encode(state)));
  TJ_TRY(disk_.Sync(*file_));
  next_slot_ = (next_slot_ + 1) % kSlots;
  if (name_durable_) return absl::OkStatus();
  TJ_TRY(disk_.SyncDirectory(path_.substr(0, path_.rfind('/'))));
  name_durable_ = true;
  return absl::OkStatus();
}

}  // namespace tongjian::blob
