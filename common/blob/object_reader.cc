#include "common/blob/object_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/blob/crc32c.h"

namespace tongjian::blob {

absl::StatusOr<std::unique_ptr<Reader>> ObjectReader::Open(Files& files, const std::string& path,
                                                           std::string_view locator) {
  absl::StatusOr<std::unique_ptr<File>> file = files.Open(path, OpenMode::kRead);
  if (absl::IsNotFound(file.status())) return base::NotFound("stored object");
  TJ_TRY(file.status());
  return Open(*std::move(file), locator);
}

absl::StatusOr<std::unique_ptr<Reader>> ObjectReader::Open(std::unique_ptr<File> file,
                                                           std::string_view locator) {
  TJ_ASSIGN_OR_RETURN(Footer footer, Footer::Read(*file));
  Receipt receipt{std::string(locator), footer.size, Sha256Text(footer.sha256)};
  return std::unique_ptr<Reader>(
      new ObjectReader(std::move(file), std::move(footer), std::move(receipt)));
}

absl::StatusOr<std::string> ObjectReader::Read(int64_t offset, size_t n) {
  if (offset < 0 || offset > size()) {
    return absl::OutOfRangeError(
        absl::StrCat("offset ", offset, " is not in an object of ", size(), " bytes"));
  }
  const int64_t end =
      offset +
      std::min<int64_t>(static_cast<int64_t>(std::min<size_t>(n, INT64_MAX)), size() - offset);
  std::string bytes;
  bytes.reserve(static_cast<size_t>(end - offset));
  while (offset < end) {
    const int64_t index = offset / footer_.block_size;
    TJ_TRY(LoadBlock(index));
    const int64_t from = offset - index * footer_.block_size;
    const int64_t count =
        std::min<int64_t>(static_cast<int64_t>(block_.size()) - from, end - offset);
    bytes.append(block_, static_cast<size_t>(from), static_cast<size_t>(count));
    offset += count;
  }
  return bytes;
}

absl::StatusOr<std::string> ObjectReader::Next(size_t n) {
  TJ_CHECK(n > 0);
  TJ_ASSIGN_OR_RETURN(std::string bytes, Read(next_, n));
  hash_.Add(bytes);
  next_ += static_cast<int64_t>(bytes.size());
  // With the last bytes, not after them: who stops at the size he knows has them verified too.
  if (next_ == size()) TJ_TRY(VerifyHash());
  return bytes;
}

absl::Status ObjectReader::LoadBlock(int64_t index) {
  if (index == block_index_) return absl::OkStatus();
  block_index_ = -1;
  const int64_t offset = index * footer_.block_size;
  const auto n = static_cast<size_t>(std::min(footer_.block_size, footer_.size - offset));
  TJ_ASSIGN_OR_RETURN(block_, file_->ReadAt(offset, n));
  if (block_.size() != n ||
      ExtendCrc32c(0, block_) != footer_.block_crcs[static_cast<size_t>(index)]) {
    return absl::DataLossError(
        absl::StrCat("stored object ", receipt_.locator, " is damaged in block ", index));
  }
  block_index_ = index;
  return absl::OkStatus();
}

absl::Status ObjectReader::VerifyHash() {
  if (hash_.Bytes() == footer_.sha256) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("stored object ", receipt_.locator, " has another hash than written"));
}

absl::Status Verify(Reader& reader) {
  constexpr size_t kReadSize = 1 << 20;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::string bytes, reader.Next(kReadSize));
    if (bytes.empty()) return absl::OkStatus();
  }
}

}  // namespace tongjian::blob
