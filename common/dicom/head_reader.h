// A look into the front of a stored object by ranged reads: as much as is needed, and no more.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/dicom/element_parser.h"

namespace tongjian::dicom {

// Up to `size` bytes of a Part 10 file from `offset`; fewer only at its end.
using ReadAt = std::function<absl::StatusOr<std::string>(uint64_t offset, size_t size)>;

// What takes the elements of the data set and says when it has enough.
class HeadVisitor : public ElementVisitor {
 public:
  // Before the first element. Offsets of heads count from the data set's beginning; add
  // `dataset_offset` for the file's.
  virtual void Start(std::string_view transfer_syntax_uid, uint64_t dataset_offset) = 0;
  virtual bool done() const = 0;
};

// Feeds the visitor from the first element until it is done or the file ends. INVALID_ARGUMENT
// where the file is malformed before that, RESOURCE_EXHAUSTED over a limit of the parser's; else
// what `read` returns. A deflated data set is inflated on the way, its offsets being those of what
// comes out.
absl::Status ReadHead(const ReadAt& read, HeadVisitor& visitor);

}  // namespace tongjian::dicom
