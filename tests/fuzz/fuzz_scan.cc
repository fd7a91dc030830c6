// Goal: whatever bytes come as a data set or file, the scanner ends within its limits, says the
// same however they are cut, and gives only valid UTF-8. Method: the first byte chooses the
// transfer syntax, the second how the bytes are cut; the same input goes through scanner, file
// scanner and the reader of whole data sets, whose result is written and read again.
#include <cstring>

#include "common/base/check.h"
#include "common/dicom/dataset.h"
#include "common/dicom/scan.h"
#include "common/dicom/uid.h"
#include "tests/fuzz/input.h"

namespace tongjian::dicom {
namespace {

constexpr std::string_view kSyntaxes[] = {uids::kImplicitLittleEndian, uids::kExplicitLittleEndian,
                                          uids::kExplicitBigEndian, uids::kDeflatedLittleEndian,
                                          "1.2.840.10008.1.2.4.50"};

ScanLimits SmallLimits() {
  ScanLimits limits;
  limits.elements_max = 20000;
  limits.dataset_bytes_max = 8 << 20;
  limits.record_fragments = true;
  limits.fragments_max = 1000;
  return limits;
}

void CheckText(const Dataset& dataset, int depth) {
  TJ_CHECK(depth <= 65);
  for (const auto& [tag, element] : dataset.elements()) {
    const bool raw = element.vr.starts_with("O") || element.vr == "UN";
    for (const std::string& value : element.values) TJ_CHECK(raw || SanitizeUtf8(value) == value);
    for (const Dataset& item : element.items) CheckText(item, depth + 1);
  }
}

template <class Scanner>
absl::Status Scan(Scanner& scanner, std::string_view bytes, size_t cut) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, cut);
    bytes.remove_prefix(part.size());
    if (const absl::Status pushed = scanner.Push(part); !pushed.ok()) {
      TJ_CHECK(scanner.Push("x") == pushed && scanner.Finish() == pushed);
      return pushed;
    }
  }
  return scanner.Finish();
}

void CheckScans(std::string_view syntax, std::string_view bytes, size_t cut) {
  DatasetScanner whole(syntax, SmallLimits());
  DatasetScanner pieces(syntax, SmallLimits());
  const absl::Status first = Scan(whole, bytes, bytes.size());
  const absl::Status second = Scan(pieces, bytes, cut);
  TJ_CHECK(first.ok() == second.ok());
  // Where a deflated one breaks depends on how much was there to inflate.
  TJ_CHECK(first.code() == second.code() || syntax == uids::kDeflatedLittleEndian);
  if (first.ok()) {
    TJ_CHECK(whole.header().attributes == pieces.header().attributes);
    TJ_CHECK(whole.header().remarks == pieces.header().remarks);
    TJ_CHECK(whole.header().dataset_bytes == bytes.size());
    CheckText(whole.header().attributes, 0);
  }
  FileScanner file(SmallLimits());
  if (Scan(file, bytes, cut).ok()) {
    CheckText(file.header().attributes, 0);
    CheckText(file.header().meta, 0);
    TJ_CHECK(file.header().dataset_offset <= bytes.size());
  }
}

void CheckReading(std::string_view syntax, std::string_view bytes) {
  const absl::StatusOr<ReadResult> read = ReadDataset(bytes, syntax);
  if (!read.ok()) return;
  CheckText(read->dataset, 0);
  const auto written =
      WriteDataset(read->dataset, uids::kExplicitLittleEndian, CharacterSet("ISO_IR 192"));
  // A first group whose low byte is zero is read as the other byte order, whatever was declared.
  if (!written.ok() || written->empty() || written->front() == '\0') return;
  const auto again = ReadDataset(*written, uids::kExplicitLittleEndian, {.bytes_max = 16 << 20});
  TJ_CHECK(again.ok() || absl::IsResourceExhausted(again.status()));
}

}  // namespace
}  // namespace tongjian::dicom

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace dicom = tongjian::dicom;
  tongjian::fuzz::Input input(data, size);
  const std::string_view syntax = dicom::kSyntaxes[input.Byte() % std::size(dicom::kSyntaxes)];
  const size_t cut = input.Byte() + size_t{1};
  dicom::CheckScans(syntax, input.rest(), cut);
  dicom::CheckReading(syntax, input.rest());
  return 0;
}
