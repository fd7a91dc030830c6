// Inflation that trusts no declared size.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "common/base/status.h"

namespace tongjian::dicom {

// Inflates a raw deflate stream pushed in chunks and hands it on in chunks of at most 64 kB.
// RESOURCE_EXHAUSTED once more than `ratio_max` times the input (and a first mebibyte) or
// `bytes_max` has come out; INVALID_ARGUMENT for a broken stream.
class Inflater {
 public:
  using Output = std::function<absl::Status(std::string_view)>;
  Inflater(int ratio_max, uint64_t bytes_max, Output output);
  ~Inflater();

  absl::Status Push(std::string_view bytes);
  // INVALID_ARGUMENT unless the stream has ended.
  absl::Status Finish();

 private:
  struct Stream;
  absl::Status CheckRatio() const;

  const int ratio_max_;
  const uint64_t bytes_max_;
  const Output output_;
  std::unique_ptr<Stream> stream_;
  uint64_t in_ = 0;
  uint64_t out_ = 0;
  bool ended_ = false;
};

}  // namespace tongjian::dicom
