#include "common/blob/pack_format.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/blob/crc32c.h"

namespace tongjian::blob {
namespace {

constexpr std::string_view kPackMagic = "TJPACK1\n";
constexpr std::string_view kRecordMagic = "TJRECRD\n";
constexpr size_t kIdSize = 16;
constexpr size_t kSummedSize = 8 + 4 + 8 + 8 + 8 + 16;

void Put(uint64_t value, int size, std::string* out) {
  for (int i = 0; i < size; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t Get(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

absl::Status ForReading() { return absl::UnimplementedError("a part of a file is for reading"); }

class FileSlice : public File {
 public:
  FileSlice(std::unique_ptr<File> file, int64_t offset, int64_t size)
      : file_(std::move(file)), offset_(offset), size_(size) {}

  absl::Status WriteAt(int64_t, std::string_view) override { return ForReading(); }
  absl::StatusOr<std::string> ReadAt(int64_t offset, size_t n) override {
    if (offset >= size_) return std::string();
    const size_t left = static_cast<size_t>(size_ - offset);
    return file_->ReadAt(offset_ + offset, std::min(n, left));
  }
  absl::StatusOr<int64_t> Size() override { return size_; }
  absl::Status Truncate(int64_t) override { return ForReading(); }
  absl::Status PunchHole(int64_t, int64_t) override { return ForReading(); }
  absl::Status Sync() override { return ForReading(); }

 private:
  const std::unique_ptr<File> file_;
  const int64_t offset_;
  const int64_t size_;
};

}  // namespace

int64_t RecordHead::Extent() const {
  return (kRecordHeadSize + size + kPackAlignment - 1) / kPackAlignment * kPackAlignment;
}

std::string RecordHead::Encode(std::string_view pack_id) const {
  TJ_CHECK(pack_id.size() == kIdSize && name.size() == 2 * kIdSize && size >= 0);
  std::string bytes(kRecordMagic);
  Put(static_cast<uint64_t>(state), 4, &bytes);
  Put(static_cast<uint64_t>(size), 8, &bytes);
  Put(static_cast<uint64_t>(absl::ToUnixSeconds(time)), 8, &bytes);
  Put(static_cast<uint64_t>(durable_before), 8, &bytes);
  bytes += absl::HexStringToBytes(name);
  TJ_CHECK(bytes.size() == kSummedSize);
  Put(ExtendCrc32c(ExtendCrc32c(0, pack_id), bytes), 4, &bytes);
  bytes.resize(kRecordHeadSize, '\0');
  return bytes;
}

std::optional<RecordHead> RecordHead::Decode(std::string_view bytes, std::string_view pack_id) {
  if (static_cast<int64_t>(bytes.size()) < kRecordHeadSize || !bytes.starts_with(kRecordMagic))
    return std::nullopt;
  const std::string_view summed = bytes.substr(0, kSummedSize);
  if (Get(bytes, kSummedSize, 4) != ExtendCrc32c(ExtendCrc32c(0, pack_id), summed))
    return std::nullopt;
  RecordHead head;
  head.state = static_cast<RecordState>(Get(bytes, 8, 4));
  head.size = static_cast<int64_t>(Get(bytes, 12, 8));
  head.time = absl::FromUnixSeconds(static_cast<int64_t>(Get(bytes, 20, 8)));
  head.durable_before = static_cast<int64_t>(Get(bytes, 28, 8));
  head.name = absl::BytesToHexString({bytes.data() + 36, kIdSize});
  return head;
}

std::string EncodePackHead(std::string_view pack_id) {
  TJ_CHECK(pack_id.size() == kIdSize);
  std::string bytes = absl::StrCat(std::string(kPackMagic), std::string(pack_id));
  Put(ExtendCrc32c(0, bytes), 4, &bytes);
  bytes.resize(kPackHeadSize / 2, '\0');
  return absl::StrCat(bytes, bytes);
}

absl::StatusOr<std::string> ReadPackHead(File& file) {
  constexpr size_t kSummed = kPackMagic.size() + kIdSize;
  TJ_ASSIGN_OR_RETURN(const std::string bytes, file.ReadAt(0, kPackHeadSize));
  for (const size_t at : {size_t{0}, static_cast<size_t>(kPackHeadSize / 2)}) {
    if (bytes.size() < at + kSummed + 4) break;
    const std::string_view half = std::string_view(bytes).substr(at);
    if (half.starts_with(kPackMagic) &&
        Get(half, kSummed, 4) == ExtendCrc32c(0, half.substr(0, kSummed)))
      return std::string(half.substr(kPackMagic.size(), kIdSize));
  }
  return absl::DataLossError("a pack of stored objects is damaged at its head");
}

absl::StatusOr<PackScan> PackScan::Open(Files& files, const std::string& path, OpenMode mode) {
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files.Open(path, mode));
  TJ_ASSIGN_OR_RETURN(std::string id, ReadPackHead(*file));
  TJ_ASSIGN_OR_RETURN(const int64_t size, file->Size());
  return PackScan(std::move(file), std::move(id), size);
}

absl::StatusOr<std::optional<PackItem>> PackScan::Next() {
  if (offset_ >= size_) return std::nullopt;
  PackItem item{.offset = offset_};
  TJ_ASSIGN_OR_RETURN(std::string bytes, file_->ReadAt(offset_, kRecordHeadSize));
  item.head = RecordHead::Decode(bytes, id_);
  if (item.head) {
    offset_ += item.head->Extent();
  } else {
    item.written = bytes.find_first_not_of('\0') != std::string::npos;
    // Up to where the next one is found.
    do {
      offset_ += kPackAlignment;
      if (offset_ >= size_) break;
      TJ_ASSIGN_OR_RETURN(bytes, file_->ReadAt(offset_, kRecordHeadSize));
    } while (!RecordHead::Decode(bytes, id_));
  }
  item.extent = offset_ - item.offset;
  return item;
}

absl::Status PackScan::Put(int64_t offset, const RecordHead& head) {
  return file_->WriteAt(offset, head.Encode(id_));
}

absl::StatusOr<int64_t> NextRecordLike(File& file, int64_t offset, int64_t end) {
  for (offset += kPackAlignment; offset < end; offset += kPackAlignment) {
    TJ_ASSIGN_OR_RETURN(const std::string bytes, file.ReadAt(offset, kRecordMagic.size()));
    if (bytes == kRecordMagic) return offset;
  }
  return end;
}

absl::StatusOr<int64_t> DurableBefore(Files& files, const std::string& path) {
  absl::StatusOr<PackScan> scan = PackScan::Open(files, path, OpenMode::kRead);
  if (absl::IsDataLoss(scan.status())) return 0;
  TJ_TRY(scan.status());
  int64_t durable = kPackHeadSize;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::optional<PackItem> item, scan->Next());
    if (!item) return durable;
    if (item->head) durable = std::max(durable, item->head->durable_before);
  }
}

std::unique_ptr<File> Slice(std::unique_ptr<File> file, int64_t offset, int64_t size) {
  return std::make_unique<FileSlice>(std::move(file), offset, size);
}

}  // namespace tongjian::blob
