#include <algorithm>
#include <cstdio>
#include <vector>

#include "common/dicom/part10.h"
#include "common/dicom/scan.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

absl::Status NotDicom(std::string_view why) {
  return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_OBJECT", "",
                     "no DICOM file: " + std::string(why));
}

uint32_t Little(std::string_view bytes, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

bool IsLetters(std::string_view vr) {
  return std::all_of(vr.begin(), vr.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// For a data set that comes without meta header: by its first tag, which is in a low group whatever
// the byte order.
absl::StatusOr<std::string> GuessTransferSyntax(std::string_view first) {
  if (first.size() < 8) return NotDicom("too short");
  const uint32_t group = Little(first, 0, 2);
  const bool is_explicit = IsLetters(first.substr(4, 2));
  if (is_explicit && (group == 0x0008 || group == 0x0010 || group == 0x0004)) {
    return std::string(uids::kExplicitLittleEndian);
  }
  if (is_explicit && (group == 0x0800 || group == 0x1000))
    return std::string(uids::kExplicitBigEndian);
  if ((group == 0x0008 || group == 0x0010) && Little(first, 4, 4) <= 0xFFFF) {
    return std::string(uids::kImplicitLittleEndian);
  }
  return NotDicom("neither a meta header nor a first element");
}

}  // namespace

class FileScanner::Impl {
 public:
  Impl(const ScanLimits& limits, std::vector<Tag> more) : limits_(limits), more_(std::move(more)) {}

  absl::Status Push(std::string_view bytes) {
    if (!failure_.ok()) return failure_;
    if (dataset_) return failure_ = dataset_->Push(bytes);
    start_.append(bytes);
    return failure_ = TakeStart(false);
  }

  absl::Status Finish() {
    if (failure_.ok() && !dataset_) failure_ = TakeStart(true);
    if (failure_.ok()) failure_ = dataset_->Finish();
    if (!failure_.ok()) return failure_;
    header_ = dataset_->header();
    header_.meta = meta_;
    header_.dataset_offset = dataset_offset_;
    if (!has_preamble_) header_.remarks.push_back("no preamble");
    return failure_;
  }

  bool past_header() const { return dataset_ && dataset_->past_header(); }
  const Header& header() const { return header_; }

 private:
  // Waits until the start is whole (or the file at its end), then goes over to the data set.
  absl::Status TakeStart(bool at_end) {
    TJ_ASSIGN_OR_RETURN(std::optional<FileStart> found, ReadFileStart(start_, at_end));
    if (!found) return absl::OkStatus();
    const std::string_view start = start_;
    has_preamble_ = found->has_preamble;
    dataset_offset_ = found->dataset_offset;
    meta_ = std::move(found->meta);
    std::string transfer_syntax = meta_.Text(Tag{0x00020010});
    if (transfer_syntax.empty()) {
      TJ_ASSIGN_OR_RETURN(transfer_syntax, GuessTransferSyntax(start.substr(dataset_offset_)));
    } else if (!ValidUid(transfer_syntax)) {
      return NotDicom("the transfer syntax is no UID");
    }
    dataset_ = std::make_unique<DatasetScanner>(transfer_syntax, limits_, more_);
    const absl::Status status = dataset_->Push(start.substr(dataset_offset_));
    start_ = std::string();
    return status;
  }

  const ScanLimits limits_;
  const std::vector<Tag> more_;
  std::string start_;
  bool has_preamble_ = false;
  Dataset meta_;
  size_t dataset_offset_ = 0;
  std::unique_ptr<DatasetScanner> dataset_;
  Header header_;
  absl::Status failure_;
};

FileScanner::FileScanner(const ScanLimits& limits, std::vector<Tag> more)
    : impl_(std::make_unique<Impl>(limits, std::move(more))) {}
FileScanner::~FileScanner() = default;
FileScanner::FileScanner(FileScanner&&) noexcept = default;

absl::Status FileScanner::Push(std::string_view bytes) { return impl_->Push(bytes); }
absl::Status FileScanner::Finish() { return impl_->Finish(); }
bool FileScanner::past_header() const { return impl_->past_header(); }
const Header& FileScanner::header() const { return impl_->header(); }

absl::StatusOr<Header> ScanFile(const std::string& path, const ScanLimits& limits) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) return base::NotFound("file");
  FileScanner scanner(limits);
  std::vector<char> buffer(1 << 18);
  size_t size = 0;
  while ((size = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
    TJ_TRY(scanner.Push({buffer.data(), size}));
  }
  if (std::ferror(file.get()))
    return base::Unavailable("READ_FAILED", "file could not be read to its end");
  TJ_TRY(scanner.Finish());
  return scanner.header();
}

}  // namespace tongjian::dicom
