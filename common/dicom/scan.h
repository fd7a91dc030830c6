// Our own bounded look into data-set bytes: what comes before, and instead of, a general parser.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/dataset.h"

namespace tongjian::dicom {

struct ScanLimits {
  int depth_max = 64;
  int64_t elements_max = 1000000;     // Elements and items, fragments of pixel data not counted.
  size_t value_bytes_max = 65536;     // Longer values are passed over, not kept.
  size_t header_bytes_max = 4 << 20;  // All values kept together.
  uint64_t dataset_bytes_max = uint64_t{4} << 30;
  int inflate_ratio_max = 100;
  bool record_fragments = false;    // Fill PixelLocation::fragments, for a frame index.
  int64_t fragments_max = 1000000;  // Only where they are recorded.
};

struct Fragment {
  uint64_t offset = 0;  // Of the fragment's first byte, from the start of the data set.
  uint64_t length = 0;
};

// Where the pixels are. Offsets count from the start of the (inflated) data set; add
// Header::dataset_offset for a file.
struct PixelLocation {
  Tag tag = 0;
  bool encapsulated = false;
  uint64_t offset = 0;  // Of the value, or of the first item where encapsulated.
  uint64_t length =
      0;  // Of the value; of all items with the delimiter where encapsulated and complete.
  std::vector<uint32_t> basic_offsets;  // Basic offset table, where fragments are recorded.
  std::vector<Fragment> fragments;      // Without the offset table's own item.
};

// What a scan learned: attributes of the data set's top level in UTF-8, with the items of the
// sequences that tell who and which order (Request Attributes, Other Patient IDs, issuers). All
// other elements were checked and let go.
struct Header {
  std::string transfer_syntax_uid;
  std::string charset_label;
  bool charset_guessed = false;
  bool charset_damaged = false;
  Dataset attributes;
  std::optional<PixelLocation> pixels;
  uint64_t dataset_offset = 0;  // In the file; 0 where a bare data set was scanned.
  uint64_t dataset_bytes = 0;   // As sent (deflated bytes where deflated).
  // Dialects met, without values: "odd length (0010,0020)", "undefined length UN". At most 20.
  std::vector<std::string> remarks;
  // Part 10 meta header of a file; empty otherwise.
  Dataset meta;

  const std::string& Text(Tag tag) const { return attributes.Text(tag); }
};

// Which top-level attributes a Header keeps, beside those in `more`.
bool IsHeaderTag(Tag tag);

// Scans one bare data set, pushed in chunks of any size. Iterative; memory is bounded by the limits
// whatever is sent. Errors: INVALID_ARGUMENT (malformed: a length past its parent's end, nesting
// over the limit, no tag order needed), RESOURCE_EXHAUSTED (a size limit). After an error every
// later call returns it again. Not safe for concurrent use.
class DatasetScanner {
 public:
  explicit DatasetScanner(std::string_view transfer_syntax_uid, const ScanLimits& limits = {},
                          std::vector<Tag> more = {});
  ~DatasetScanner();
  DatasetScanner(DatasetScanner&&) noexcept;

  absl::Status Push(std::string_view bytes);
  // No more bytes will come: INVALID_ARGUMENT where an element, item or sequence is still open
  // (undefined-length ones at the very end are tolerated with a remark). Fills header().
  absl::Status Finish();
  // True once pixel data has begun: every attribute before it is known.
  bool past_header() const;
  // Complete after Finish.
  const Header& header() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The same for a whole file: preamble and meta header, or a bare data set whose transfer syntax is
// guessed from its first bytes (implicit, explicit little, explicit big endian). Gives
// header().meta and dataset_offset.
class FileScanner {
 public:
  explicit FileScanner(const ScanLimits& limits = {}, std::vector<Tag> more = {});
  ~FileScanner();
  FileScanner(FileScanner&&) noexcept;

  absl::Status Push(std::string_view bytes);
  absl::Status Finish();
  bool past_header() const;
  const Header& header() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Scans the file at `path` from beginning to end. NOT_FOUND where it cannot be opened.
absl::StatusOr<Header> ScanFile(const std::string& path, const ScanLimits& limits = {});

// What a stored object must have whoever sent it: valid SOP class, SOP instance, study and series
// UIDs that agree with `sop_class_uid` and `sop_instance_uid` where those are given (not empty).
// INVALID_ARGUMENT naming the attribute.
absl::Status CheckStorable(const Header& header, std::string_view sop_class_uid,
                           std::string_view sop_instance_uid);

}  // namespace tongjian::dicom
