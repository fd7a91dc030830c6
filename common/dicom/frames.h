// Where the frames of a stored object are, without decoding any (PS3.5 A.4, PS3.3 C.7.6.3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/head_reader.h"

namespace tongjian::dicom {

// Bytes of a file.
struct Piece {
  uint64_t offset = 0;
  uint64_t length = 0;
};

// A plain value, made once per object and kept.
struct FrameIndex {
  std::string transfer_syntax_uid;
  int64_t frames = 0;

  // Encapsulated: the fragments of frame n (from 0) are pieces[first[n]] up to before
  // pieces[first[n + 1]].
  bool encapsulated = false;
  std::vector<Piece> pieces;
  std::vector<size_t> first;  // frames + 1 of them.

  // Native: frame n begins n * frame_bits behind the value's first bit.
  Piece value;
  uint64_t frame_bits = 0;
  size_t swap = 1;  // As BulkLocation::swap.

  // Bytes of frame n; of a native one of single bits, packed anew from its own first bit.
  uint64_t FrameSize(int64_t n) const;
};

// Finds the frames: by an extended or basic offset table, by one fragment for each, or by how their
// codestreams begin. NOT_FOUND where the object has no pixel data; FAILED_PRECONDITION where its
// attributes do not fit its pixel data, or its fragments do not tell where frames begin;
// UNIMPLEMENTED where the data set is deflated; else as ReadHead.
absl::StatusOr<FrameIndex> IndexFrames(const ReadAt& read);

// The bits [from, from + count) of `bytes` (lowest bit of a byte first, PS3.5 8.2) as bytes of
// their own.
std::string PackBits(std::string_view bytes, size_t from, size_t count);

}  // namespace tongjian::dicom
