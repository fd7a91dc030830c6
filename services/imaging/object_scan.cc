#include "services/imaging/object_scan.h"

#include <algorithm>
#include <limits>

#include "common/base/status.h"

namespace tongjian::imaging {
namespace {

constexpr size_t kReadSize = 256 << 10;

uint32_t LittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i > 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

}  // namespace

void DatasetDigest::Update(std::string_view bytes) {
  if (!started_) {
    const size_t taken = std::min(kLeadSize - lead_.size(), bytes.size());
    lead_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (lead_.size() < kLeadSize) return;
    TakeLead();
  }
  const size_t skipped = static_cast<size_t>(std::min<uint64_t>(skip_, bytes.size()));
  skip_ -= skipped;
  hash_.Update(bytes.substr(skipped));
}

void DatasetDigest::TakeLead() {
  started_ = true;
  const std::string_view lead = lead_;
  // (0002,0000) UL 4: how long the rest of the meta header is. A file without it is hashed whole.
  constexpr std::string_view kGroupLength("\x02\x00\x00\x00UL\x04\x00", 8);
  if (lead.size() == kLeadSize && lead.substr(128, 4) == "DICM" &&
      lead.substr(132, 8) == kGroupLength) {
    skip_ = LittleEndian(lead.substr(140));
    offset_ = kLeadSize + skip_;
  } else {
    hash_.Update(lead);
  }
}

std::string DatasetDigest::FinishText(uint64_t dataset_offset, const std::string& otherwise) {
  if (!started_) TakeLead();
  return offset_ == dataset_offset ? hash_.FinishText() : otherwise;
}

absl::StatusOr<WrittenObject> ScanObject(blob::Reader& reader, const dicom::ScanLimits& limits) {
  dicom::FileScanner scanner(limits);
  DatasetDigest digest;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::string bytes, reader.Next(kReadSize));
    if (bytes.empty()) break;
    TJ_TRY(scanner.Push(bytes));
    digest.Update(bytes);
  }
  TJ_TRY(scanner.Finish());
  WrittenObject object = {.receipt = reader.receipt(), .header = scanner.header()};
  object.dataset_digest = digest.FinishText(object.header.dataset_offset, object.receipt.sha256);
  return object;
}

absl::StatusOr<std::string> DatasetDigestOf(blob::Store& blobs, std::string_view locator) {
  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<blob::Reader> reader, blobs.OpenReader(locator));
  dicom::ScanLimits limits;  // It has passed those of its arrival.
  limits.dataset_bytes_max = std::numeric_limits<uint64_t>::max() / 2;
  absl::StatusOr<WrittenObject> object = ScanObject(*reader, limits);
  if (absl::IsInvalidArgument(object.status()) || absl::IsResourceExhausted(object.status()))
    return reader->receipt().sha256;
  TJ_TRY(object.status());
  return std::move(object->dataset_digest);
}

}  // namespace tongjian::imaging
