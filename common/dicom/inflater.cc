#include "common/dicom/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <string>

#include "common/base/check.h"

namespace tongjian::dicom {

struct Inflater::Stream {
  z_stream z{};
  std::array<unsigned char, 65536> buffer;
};

Inflater::Inflater(int ratio_max, uint64_t bytes_max, Output output)
    : ratio_max_(ratio_max),
      bytes_max_(bytes_max),
      output_(std::move(output)),
      stream_(std::make_unique<Stream>()) {
  TJ_CHECK(inflateInit2(&stream_->z, -MAX_WBITS) == Z_OK);
}

Inflater::~Inflater() { inflateEnd(&stream_->z); }

absl::Status Inflater::CheckRatio() const {
  constexpr uint64_t kFree = 1 << 20;
  if (out_ <= bytes_max_ && out_ <= kFree + in_ * static_cast<uint64_t>(ratio_max_))
    return absl::OkStatus();
  return base::Error(absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
                     "deflated data set of " + std::to_string(in_) + " bytes inflates beyond " +
                         std::to_string(ratio_max_) + ":1 or " + std::to_string(bytes_max_) +
                         " bytes");
}

absl::Status Inflater::Push(std::string_view bytes) {
  while (!bytes.empty() && !ended_) {
    const size_t take = std::min<size_t>(bytes.size(), 65536);
    z_stream& z = stream_->z;
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    z.avail_in = static_cast<uInt>(take);
    in_ += take;
    bytes.remove_prefix(take);
    do {
      z.next_out = stream_->buffer.data();
      z.avail_out = static_cast<uInt>(stream_->buffer.size());
      const int result = inflate(&z, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_OBJECT", "",
                           "deflated data set is broken");
      }
      const size_t made = stream_->buffer.size() - z.avail_out;
      out_ += made;
      TJ_TRY(CheckRatio());
      TJ_TRY(output_({reinterpret_cast<const char*>(stream_->buffer.data()), made}));
      ended_ = result == Z_STREAM_END;
    } while (!ended_ && z.avail_out == 0);
  }
  return absl::OkStatus();  // What follows the end is padding.
}

absl::Status Inflater::Finish() {
  if (ended_) return absl::OkStatus();
  return base::Error(absl::StatusCode::kInvalidArgument, "MALFORMED_OBJECT", "",
                     "deflated data set ends early");
}

}  // namespace tongjian::dicom
