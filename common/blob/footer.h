// What stands behind the content of an object's file, so that every read can be verified.
//
//   content
//   CRC-32C of each block of content        4 bytes each
//   size of the content                     8
//   size of a block                         4
//   SHA-256 of the content                  32
//   CRC-32C of the footer up to here        4
//   "TJBLOB1\n"                             8
//
// Numbers are little-endian. It stands behind, not before, so that the content can be streamed
// while its hash is not known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/blob/digest.h"
#include "common/blob/files.h"

namespace tongjian::blob {

struct Footer {
  int64_t size = 0;
  // What a look at a part of an object has to read and verify; objects of earlier versions have a mebibyte.
  int64_t block_size = int64_t{64} << 10;
  std::vector<uint32_t> block_crcs;
  std::string sha256;  // 32 bytes.

  std::string Encode() const;
  // DATA_LOSS when the file's end is not a footer that fits it.
  static absl::StatusOr<Footer> Read(File& file);
};

// Takes content piece by piece and makes its footer.
class FooterBuilder {
 public:
  void Add(std::string_view bytes);
  int64_t size() const { return footer_.size; }
  // The hash of what was added so far.
  std::string Sha256Bytes() const { return hash_.Bytes(); }
  Footer Finish();

 private:
  Footer footer_;
  uint32_t block_crc_ = 0;
  Sha256 hash_;
};

}  // namespace tongjian::blob
