// An object's attributes without its bulk, as DICOM JSON, written straight from its bytes
// (PS3.18 10.4.1.1.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/head_reader.h"

namespace tongjian::dicom {

struct MetadataOptions {
  // What a large value's BulkDataURI is: this, and behind it the value's path ("7FE00010",
  // "54000100/0/54001010").
  std::string bulk_prefix;
  // Elements of one text value that are written too, in the order of their tags; the object's own
  // are then left out.
  std::vector<std::pair<Tag, std::string>> added;
  size_t json_bytes_max = 64 << 20;
};

// Appends one JSON object to `out`: all that stands before the pixel data, in UTF-8, with the words
// of the object's own character set. Large values are only named, by BulkDataURI; those that
// viewers want at once (waveforms, lookup tables) stand inline up to a bound. Errors as ReadHead;
// RESOURCE_EXHAUSTED beyond json_bytes_max. `out` is then of no use behind where it was.
absl::Status AppendMetadata(const ReadAt& read, const MetadataOptions& options, std::string& out);

// Where a value is, by the path of its BulkDataURI.
struct BulkLocation {
  uint64_t offset = 0;  // In the file.
  uint64_t length = 0;
  std::string vr;
  std::string transfer_syntax_uid;
  size_t swap = 1;  // Bytes of a unit whose order is to be turned for little endian; 1: none.
};
// NOT_FOUND where the object has no such value, or one in fragments; UNIMPLEMENTED where the data
// set is deflated.
absl::StatusOr<BulkLocation> FindBulk(const ReadAt& read, std::string_view path);

// The bytes of a unit in a value of this representation; 1 where it has no byte order.
size_t UnitSize(std::string_view vr);
// Turns the bytes of each whole unit.
void TurnUnits(std::string& bytes, size_t unit);

}  // namespace tongjian::dicom
