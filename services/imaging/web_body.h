// Bytes of stored objects as bodies of DICOMweb answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/dicom/head_reader.h"
#include "common/web/http.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// A multipart/related body: Type() is its Content-Type, and it is Head, bytes, Head, bytes..., End.
class WebParts {
 public:
  // `media_type`: of the parts.
  explicit WebParts(std::string_view media_type);

  std::string Type() const;
  // What stands before a part's bytes, with the line end that closes the part before.
  // `content_type`: with its parameters.
  std::string Head(std::string_view content_type, bool first) const;
  std::string End() const;

 private:
  const std::string media_type_;
  const std::string boundary_;
};

// "application/dicom; transfer-syntax=1.2...": viewers compare spellings, and read pixels wrongly
// where it is missing.
std::string WithSyntax(std::string_view media_type, std::string_view transfer_syntax_uid);

// The stored object of an instance: DATA_LOSS where it is not the one stored.
absl::StatusOr<std::unique_ptr<blob::Reader>> OpenInstance(blob::Store& blobs,
                                                           const Instance& instance);
// Valid as long as `reader`.
dicom::ReadAt ReadAtOf(blob::Reader& reader);

// The whole object; DATA_LOSS, before its last bytes, where they are not those that were stored.
absl::Status SendObject(blob::Reader& reader, web::BodyWriter& writer);
// Some bytes of it, whose units of `swap` bytes are turned.
absl::Status SendRange(blob::Reader& reader, uint64_t offset, uint64_t length, size_t swap,
                       web::BodyWriter& writer);

}  // namespace tongjian::imaging
