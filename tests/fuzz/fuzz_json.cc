// Goal: whatever bytes come as DICOM JSON, the reader ends within its limits, and what it takes is
// written and read again as the same; whatever bytes lie in a stored object, its metadata are JSON,
// its bulk is found within it, and its frames are counted. Method: the first byte chooses which.
#include <algorithm>

#include "common/base/check.h"
#include "common/dicom/charset.h"
#include "common/dicom/frames.h"
#include "common/dicom/json.h"
#include "common/dicom/metadata.h"
#include "tests/fuzz/input.h"

namespace tongjian::dicom {
namespace {

void CheckJson(std::string_view bytes) {
  const auto read = ReadJson(bytes);
  if (!read.ok()) return;
  const auto again = ReadJson(WriteJson(*read), {.bytes_max = 16 << 20});
  TJ_CHECK(again.ok() || absl::IsResourceExhausted(again.status()));
  if (!again.ok()) return;
  // Numbers, names and character sets may change their spelling once.
  const std::string settled = WriteJson(*again);
  const auto third = ReadJson(settled, {.bytes_max = 16 << 20});
  TJ_CHECK(third.ok() || absl::IsResourceExhausted(third.status()));
  if (third.ok()) TJ_CHECK(WriteJson(*third) == settled);
}

void CheckObject(std::string_view bytes, std::string_view path) {
  const ReadAt read = [bytes](uint64_t offset, size_t size) -> absl::StatusOr<std::string> {
    return offset >= bytes.size() ? std::string() : std::string(bytes.substr(offset, size));
  };
  std::string out;
  const MetadataOptions options = {
      .bulk_prefix = "b/", .added = {{0x00083002, "1.2"}}, .json_bytes_max = 8 << 20};
  if (AppendMetadata(read, options, out).ok()) {
    TJ_CHECK(SanitizeUtf8(out) == out);
    const auto parsed = ReadJson(
        out, {.bytes_max = 16 << 20, .elements_max = 1 << 20, .value_bytes_max = 16 << 20});
    TJ_CHECK(parsed.ok() && parsed->Text(0x00083002) == "1.2");
  }
  FindBulk(read, path).status().IgnoreError();
  const auto index = IndexFrames(read);
  if (!index.ok()) return;
  TJ_CHECK(index->frames >= 1);
  TJ_CHECK(!index->encapsulated || index->first.size() == static_cast<size_t>(index->frames) + 1);
  for (int64_t n = 0; n < std::min<int64_t>(index->frames, 100); ++n) index->FrameSize(n);
}

}  // namespace
}  // namespace tongjian::dicom

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tongjian::fuzz::Input input(data, size);
  if (input.Byte() % 2 == 0) {
    tongjian::dicom::CheckJson(input.rest());
  } else {
    const std::string_view path = input.Take(input.Byte() % 40);
    tongjian::dicom::CheckObject(input.rest(), path);
  }
  return 0;
}
