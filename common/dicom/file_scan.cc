#include <algorithm>
#include <cstdio>
#include <vector>

#include "common/base/check.h"
#include "common/dicom/element_parser.h"
#include "common/dicom/scan.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kPreambleSize = 128;
constexpr size_t kMetaMax = 65536;

absl::Status NotDicom(std::string_view why) {
  return base::Error(absl::StatusCode::kInvalidArgument, "DICOM_MALFORMED", "", "no DICOM file: " + std::string(why));
}

uint32_t Little(std::string_view bytes, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

bool IsLetters(std::string_view vr) {
  return std::all_of(vr.begin(), vr.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// How far group 2 reaches in `bytes`. Its own group length is often wrong, so the elements are walked.
struct MetaExtent {
  bool complete = false;
  bool is_explicit = true;
  size_t size = 0;
};

MetaExtent MeasureMeta(std::string_view bytes) {
  MetaExtent extent;
  size_t at = 0;
  for (;;) {
    extent.size = at;
    if (at + 8 > bytes.size()) return extent;
    if (Little(bytes, at, 2) != 0x0002) {
      extent.complete = true;
      return extent;
    }
    const std::string_view vr = bytes.substr(at + 4, 2);
    if (at == 0) extent.is_explicit = IsLetters(vr);
    uint64_t next = 0;
    if (!IsLetters(vr)) {
      next = at + 8 + uint64_t{Little(bytes, at + 4, 4)};
    } else if (vr[0] == 'O' || vr == "UN" || vr == "UT" || vr == "SQ") {
      if (at + 12 > bytes.size()) return extent;
      next = at + 12 + uint64_t{Little(bytes, at + 8, 4)};
    } else {
      next = at + 8 + uint64_t{Little(bytes, at + 6, 2)};
    }
    if (next > bytes.size()) return extent;
    at = static_cast<size_t>(next);
  }
}

// For a data set that comes without meta header: by its first tag, which is in a low group whatever the byte order.
absl::StatusOr<std::string> GuessTransferSyntax(std::string_view first) {
  if (first.size() < 8) return NotDicom("too short");
  const uint32_t group = Little(first, 0, 2);
  const bool is_explicit = IsLetters(first.substr(4, 2));
  if (is_explicit && (group == 0x0008 || group == 0x0010 || group == 0x0004)) {
    return std::string(uids::kExplicitLittleEndian);
  }
  if (is_explicit && (group == 0x0800 || group == 0x1000)) return std::string(uids::kExplicitBigEndian);
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
    const std::string_view start = start_;
    if (start.size() < kPreambleSize + 12 && !at_end) return absl::OkStatus();
    has_preamble_ = start.size() >= kPreambleSize + 4 && start.substr(kPreambleSize, 4) == "DICM";
    const size_t meta_at = has_preamble_ ? kPreambleSize + 4 : start.starts_with("DICM") ? 4 : 0;
    const MetaExtent extent = MeasureMeta(start.substr(meta_at));
    if (!extent.complete && !at_end) {
      if (start.size() > kMetaMax) return NotDicom("meta header over 64 kB");
      return absl::OkStatus();
    }
    const std::string_view meta = start.substr(meta_at, extent.size);
    if (!meta.empty()) {
      TJ_ASSIGN_OR_RETURN(ReadResult read, ReadDataset(meta, extent.is_explicit ? uids::kExplicitLittleEndian
                                                                                : uids::kImplicitLittleEndian));
      meta_ = std::move(read.dataset);
    }
    dataset_offset_ = meta_at + extent.size;
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
  uint64_t dataset_offset_ = 0;
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
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return base::NotFound("file");
  FileScanner scanner(limits);
  std::vector<char> buffer(1 << 18);
  size_t size = 0;
  while ((size = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
    TJ_TRY(scanner.Push({buffer.data(), size}));
  }
  if (std::ferror(file.get())) return base::Unavailable("READ_FAILED", "file could not be read to its end");
  TJ_TRY(scanner.Finish());
  return scanner.header();
}

}  // namespace tongjian::dicom
