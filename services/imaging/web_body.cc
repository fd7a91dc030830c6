#include "services/imaging/web_body.h"

#include <algorithm>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/dicom/metadata.h"
#include "common/telemetry/log.h"

namespace tongjian::imaging {
namespace {

// A multiple of every unit that is turned.
constexpr size_t kPieceSize = 256 << 10;

}  // namespace

WebParts::WebParts(std::string_view media_type)
    : media_type_(media_type), boundary_("tongjian-" + base::RandomHex(16)) {}

std::string WebParts::Type() const {
  return "multipart/related; type=\"" + media_type_ + "\"; boundary=" + boundary_;
}

std::string WebParts::Head(std::string_view content_type, bool first) const {
  std::string head = first ? "--" : "\r\n--";
  head.append(boundary_).append("\r\nContent-Type: ").append(content_type).append("\r\n\r\n");
  return head;
}

std::string WebParts::End() const { return "\r\n--" + boundary_ + "--\r\n"; }

std::string WithSyntax(std::string_view media_type, std::string_view transfer_syntax_uid) {
  return std::string(media_type) + "; transfer-syntax=" + std::string(transfer_syntax_uid);
}

absl::StatusOr<std::unique_ptr<blob::Reader>> OpenInstance(blob::Store& blobs,
                                                           const Instance& instance) {
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<blob::Reader> reader, blobs.OpenReader(instance.locator));
  if (reader->receipt().sha256 != instance.digest)
    return absl::DataLossError("the object is not the one stored");
  return reader;
}

dicom::ReadAt ReadAtOf(blob::Reader& reader) {
  return [&reader](uint64_t offset, size_t size) -> absl::StatusOr<std::string> {
    if (offset >= static_cast<uint64_t>(reader.size())) return std::string();
    return reader.Read(static_cast<int64_t>(offset), size);
  };
}

absl::Status SendObject(blob::Reader& reader, web::BodyWriter& writer) {
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::string bytes, reader.Next(kPieceSize));
    if (bytes.empty()) return absl::OkStatus();
    TJ_TRY(writer.Write(bytes));
  }
}

absl::Status SendRange(blob::Reader& reader, uint64_t offset, uint64_t length, size_t swap,
                       web::BodyWriter& writer) {
  while (length > 0) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(length, kPieceSize));
    TJ_ASSIGN_OR_RETURN(std::string bytes, reader.Read(static_cast<int64_t>(offset), size));
    if (bytes.size() != size) return absl::DataLossError("the object ends too early");
    dicom::TurnUnits(bytes, swap);
    TJ_TRY(writer.Write(bytes));
    offset += size;
    length -= size;
  }
  return absl::OkStatus();
}

}  // namespace tongjian::imaging
