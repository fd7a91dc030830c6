#include "common/dicom/head_reader.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "common/dicom/inflater.h"
#include "common/dicom/part10.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kFirstRead = 32 << 10;
constexpr size_t kReadMax = 1 << 20;
constexpr int kInflateRatioMax = 100;
constexpr uint64_t kInflatedMax = uint64_t{4} << 30;
constexpr Tag kTransferSyntaxUid = 0x00020010;

// Reads on with growing steps: most heads are within the first.
class Steps {
 public:
  explicit Steps(const ReadAt& read) : read_(read) {}
  absl::StatusOr<std::string> Next() {
    TJ_ASSIGN_OR_RETURN(std::string bytes, read_(offset_, size_));
    at_end_ = bytes.size() < size_;
    offset_ += bytes.size();
    size_ = std::min(size_ * 4, kReadMax);
    return bytes;
  }
  bool at_end() const { return at_end_; }

 private:
  const ReadAt& read_;
  uint64_t offset_ = 0;
  size_t size_ = kFirstRead;
  bool at_end_ = false;
};

absl::Status NotDicom(std::string_view why) {
  return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_OBJECT", "",
                     "no DICOM file: " + std::string(why));
}

}  // namespace

absl::Status ReadHead(const ReadAt& read, HeadVisitor& visitor) {
  Steps steps(read);
  TJ_ASSIGN_OR_RETURN(std::string bytes, steps.Next());
  TJ_ASSIGN_OR_RETURN(std::optional<FileStart> start, ReadFileStart(bytes, steps.at_end()));
  while (!start) {
    TJ_ASSIGN_OR_RETURN(const std::string more, steps.Next());
    bytes += more;
    TJ_ASSIGN_OR_RETURN(start, ReadFileStart(bytes, steps.at_end()));
  }
  std::string transfer_syntax = start->meta.Text(kTransferSyntaxUid);
  // Of a bare data set the parser finds the coding by its first bytes.
  if (transfer_syntax.empty()) transfer_syntax = uids::kExplicitLittleEndian;
  if (!ValidUid(transfer_syntax)) return NotDicom("the transfer syntax is no UID");
  visitor.Start(transfer_syntax, start->dataset_offset);

  ElementParser parser(CodingOf(transfer_syntax), {}, visitor);
  std::unique_ptr<Inflater> inflater;
  if (transfer_syntax == uids::kDeflatedLittleEndian) {
    inflater =
        std::make_unique<Inflater>(kInflateRatioMax, kInflatedMax, [&](std::string_view chunk) {
          return visitor.done() ? absl::CancelledError() : parser.Push(chunk);
        });
  }
  bytes.erase(0, start->dataset_offset);
  while (true) {
    const absl::Status pushed = inflater ? inflater->Push(bytes) : parser.Push(bytes);
    if (visitor.done()) return absl::OkStatus();
    TJ_TRY(pushed);
    if (steps.at_end()) break;
    TJ_ASSIGN_OR_RETURN(bytes, steps.Next());
  }
  if (inflater) TJ_TRY(inflater->Finish());
  return parser.Finish();
}

}  // namespace tongjian::dicom
