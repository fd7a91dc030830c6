#include "common/blob/footer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/blob/crc32c.h"

namespace tongjian::blob {
namespace {

constexpr std::string_view kMagic = "TJBLOB1\n";
constexpr int64_t kTailSize = 8 + 4 + 32 + 4 + 8;
constexpr int64_t kBlockSizeMin = 4096;
constexpr int64_t kBlockSizeMax = int64_t{64} << 20;

void PutLittleEndian(uint64_t value, int size, std::string* out) {
  for (int i = 0; i < size; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t GetLittleEndian(std::string_view bytes, int size) {
  uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

int64_t BlockCount(int64_t size, int64_t block_size) {
  return (size + block_size - 1) / block_size;
}

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(absl::StrCat("a stored object is damaged: ", std::string(what)));
}

// All `size` bytes at `offset`.
absl::StatusOr<std::string> ReadWhole(File& file, int64_t offset, int64_t size) {
  TJ_ASSIGN_OR_RETURN(std::string bytes, file.ReadAt(offset, static_cast<size_t>(size)));
  if (static_cast<int64_t>(bytes.size()) != size) return Damaged("its file is cut");
  return bytes;
}

}  // namespace

std::string Footer::Encode() const {
  TJ_CHECK(static_cast<int64_t>(block_crcs.size()) == BlockCount(size, block_size));
  TJ_CHECK(sha256.size() == 32);
  std::string bytes;
  bytes.reserve(block_crcs.size() * 4 + kTailSize);
  for (uint32_t crc : block_crcs) PutLittleEndian(crc, 4, &bytes);
  PutLittleEndian(static_cast<uint64_t>(size), 8, &bytes);
  PutLittleEndian(static_cast<uint64_t>(block_size), 4, &bytes);
  bytes.append(sha256);
  PutLittleEndian(ExtendCrc32c(0, bytes), 4, &bytes);
  bytes.append(kMagic);
  return bytes;
}

absl::StatusOr<Footer> Footer::Read(File& file) {
  TJ_ASSIGN_OR_RETURN(const int64_t file_size, file.Size());
  if (file_size < kTailSize) return Damaged("its file is cut");
  TJ_ASSIGN_OR_RETURN(const std::string tail, ReadWhole(file, file_size - kTailSize, kTailSize));
  if (std::string_view(tail).substr(kTailSize - kMagic.size()) != kMagic)
    return Damaged("no footer");
  Footer footer;
  footer.size = static_cast<int64_t>(GetLittleEndian(tail, 8));
  footer.block_size = static_cast<int64_t>(GetLittleEndian(std::string_view(tail).substr(8), 4));
  footer.sha256 = tail.substr(12, 32);
  const bool possible = footer.size >= 0 && footer.size <= file_size - kTailSize &&
                        footer.block_size >= kBlockSizeMin && footer.block_size <= kBlockSizeMax;
  if (!possible) return Damaged("its footer is wrong");
  const int64_t crcs_size = 4 * BlockCount(footer.size, footer.block_size);
  if (footer.size + crcs_size + kTailSize != file_size) return Damaged("its footer is wrong");
  TJ_ASSIGN_OR_RETURN(const std::string crcs, ReadWhole(file, footer.size, crcs_size));
  const uint32_t sum = ExtendCrc32c(ExtendCrc32c(0, crcs), std::string_view(tail).substr(0, 44));
  if (sum != GetLittleEndian(std::string_view(tail).substr(44), 4))
    return Damaged("its footer is wrong");
  for (size_t i = 0; i < crcs.size(); i += 4) {
    footer.block_crcs.push_back(
        static_cast<uint32_t>(GetLittleEndian(std::string_view(crcs).substr(i), 4)));
  }
  return footer;
}

void FooterBuilder::Add(std::string_view bytes) {
  hash_.Add(bytes);
  while (!bytes.empty()) {
    const int64_t room = footer_.block_size - footer_.size % footer_.block_size;
    const std::string_view piece = bytes.substr(0, static_cast<size_t>(room));
    block_crc_ = ExtendCrc32c(block_crc_, piece);
    footer_.size += static_cast<int64_t>(piece.size());
    bytes.remove_prefix(piece.size());
    if (footer_.size % footer_.block_size == 0)
      footer_.block_crcs.push_back(std::exchange(block_crc_, 0));
  }
}

Footer FooterBuilder::Finish() {
  if (footer_.size % footer_.block_size != 0) footer_.block_crcs.push_back(block_crc_);
  footer_.sha256 = hash_.Bytes();
  return std::move(footer_);
}

}  // namespace tongjian::blob
