#include "services/imaging/web_accept.h"

#include <algorithm>
#include <array>

#include "common/dicom/uid.h"

namespace tongjian::imaging {
namespace {

constexpr std::string_view kOctets = "application/octet-stream";
constexpr std::string_view kDicom = "application/dicom";
constexpr std::string_view kRelated = "multipart/related";

struct FrameType {
  std::string_view transfer_syntax_uid;
  std::string_view media_type;
};
constexpr std::array kFrameTypes = {
    FrameType{"1.2.840.10008.1.2.4.50", "image/jpeg"},
    FrameType{"1.2.840.10008.1.2.4.51", "image/jpeg"},
    FrameType{"1.2.840.10008.1.2.4.57", "image/jpeg"},
    FrameType{"1.2.840.10008.1.2.4.70", "image/jpeg"},
    FrameType{"1.2.840.10008.1.2.4.80", "image/jls"},
    FrameType{"1.2.840.10008.1.2.4.81", "image/jls"},
    FrameType{"1.2.840.10008.1.2.4.90", "image/jp2"},
    FrameType{"1.2.840.10008.1.2.4.91", "image/jp2"},
    FrameType{"1.2.840.10008.1.2.4.92", "image/jpx"},
    FrameType{"1.2.840.10008.1.2.4.93", "image/jpx"},
    FrameType{"1.2.840.10008.1.2.4.100", "video/mpeg"},
    FrameType{"1.2.840.10008.1.2.4.101", "video/mpeg"},
    FrameType{"1.2.840.10008.1.2.4.102", "video/mp4"},
    FrameType{"1.2.840.10008.1.2.4.103", "video/mp4"},
    FrameType{"1.2.840.10008.1.2.4.104", "video/mp4"},
    FrameType{"1.2.840.10008.1.2.4.105", "video/mp4"},
    FrameType{"1.2.840.10008.1.2.4.106", "video/mp4"},
    FrameType{"1.2.840.10008.1.2.4.107", "video/H265"},
    FrameType{"1.2.840.10008.1.2.4.108", "video/H265"},
    FrameType{"1.2.840.10008.1.2.4.110", "image/jxl"},
    FrameType{"1.2.840.10008.1.2.4.111", "image/jxl"},
    FrameType{"1.2.840.10008.1.2.4.112", "image/jxl"},
    FrameType{"1.2.840.10008.1.2.4.201", "image/jphc"},
    FrameType{"1.2.840.10008.1.2.4.202", "image/jphc"},
    FrameType{"1.2.840.10008.1.2.4.203", "image/jphc"},
    FrameType{"1.2.840.10008.1.2.5", "image/dicom-rle"},
};

// Of a part: what a "multipart/related; type=..." asks for; everything where it does not say.
std::string PartType(const web::MediaType& media) {
  const std::string& type = media.Parameter("type");
  return type.empty() ? "*/*" : type;
}

bool IsMultipart(const web::MediaType& media) {
  return media.type == kRelated || media.type == "multipart/*";
}

std::string SyntaxOf(const web::MediaType& media) {
  const std::string& syntax = media.Parameter("transfer-syntax");
  return syntax == "*" ? "" : syntax;
}

bool Named(const web::MediaType& media) { return media.Parameter("transfer-syntax") != ""; }

// Whether frames stored so are what a range with this transfer syntax parameter asks for.
bool SyntaxFits(const web::MediaType& media, std::string_view range, std::string_view stored) {
  const std::string wanted = SyntaxOf(media);
  const bool native = !dicom::IsEncapsulated(stored);
  if (!wanted.empty()) {
    // Native frames are the same bytes in all of these.
    const bool wants_native = wanted == dicom::uids::kExplicitLittleEndian ||
                              wanted == dicom::uids::kImplicitLittleEndian;
    return wanted == stored || (native && wants_native);
  }
  // Bytes without a transfer syntax are uncompressed; "*" means: as they are.
  return native || Named(media) || range != kOctets;
}

// The media type by which frames stored so are given to one that takes `range`; empty for none.
std::string TypeWithin(std::string_view range, std::string_view stored) {
  const std::string_view own =
      dicom::IsEncapsulated(stored) ? FrameMediaType(stored) : std::string_view(kOctets);
  if (range == kOctets) return std::string(kOctets);
  return web::Covers(range, own) ? std::string(own) : "";
}

}  // namespace

std::vector<web::MediaType> AcceptOf(const web::Request& request) {
  std::vector<std::string> values = request.headers("Accept");
  if (const std::string asked = request.Query("accept"); !asked.empty()) values = {asked};
  std::vector<web::MediaType> accepted = web::ParseAccept(values);
  std::erase_if(accepted, [](const web::MediaType& media) { return media.quality == 0; });
  return accepted;
}

std::vector<WebShape> ObjectShapes(const std::vector<web::MediaType>& accepted,
                                   bool single_allowed) {
  std::vector<WebShape> shapes;
  if (accepted.empty()) return {{true, std::string(kDicom), ""}};
  for (const web::MediaType& media : accepted) {
    if (IsMultipart(media)) {
      if (web::Covers(PartType(media), kDicom))
        shapes.push_back({true, std::string(kDicom), SyntaxOf(media)});
    } else if (media.type == "*/*") {
      shapes.push_back({true, std::string(kDicom), SyntaxOf(media)});
    } else if (single_allowed && web::Covers(media.type, kDicom)) {
      shapes.push_back({false, std::string(kDicom), SyntaxOf(media)});
    }
  }
  return shapes;
}

std::optional<WebShape> FrameShape(const std::vector<web::MediaType>& accepted,
                                   std::string_view transfer_syntax_uid, bool single_allowed) {
  if (accepted.empty()) return WebShape{true, TypeWithin("*/*", transfer_syntax_uid), ""};
  for (const web::MediaType& media : accepted) {
    const bool multipart = IsMultipart(media) || media.type == "*/*";
    if (!multipart && !single_allowed) continue;
    const std::string range = IsMultipart(media) ? PartType(media) : media.type;
    std::string type = TypeWithin(range, transfer_syntax_uid);
    if (type.empty() || !SyntaxFits(media, range, transfer_syntax_uid)) continue;
    return WebShape{multipart, std::move(type), SyntaxOf(media)};
  }
  return std::nullopt;
}

std::optional<WebShape> BulkShape(const std::vector<web::MediaType>& accepted) {
  if (accepted.empty()) return WebShape{false, std::string(kOctets), ""};
  for (const web::MediaType& media : accepted) {
    if (IsMultipart(media) && web::Covers(PartType(media), kOctets))
      return WebShape{true, std::string(kOctets), ""};
    if (!IsMultipart(media) && web::Covers(media.type, kOctets))
      return WebShape{false, std::string(kOctets), ""};
  }
  return std::nullopt;
}

bool TakesJson(const std::vector<web::MediaType>& accepted) {
  return accepted.empty() ||
         std::any_of(accepted.begin(), accepted.end(), [](const web::MediaType& media) {
           return web::Covers(media.type, "application/dicom+json") ||
                  web::Covers(media.type, "application/json");
         });
}

std::string_view FrameMediaType(std::string_view transfer_syntax_uid) {
  const auto* const found = std::find_if(
      kFrameTypes.begin(), kFrameTypes.end(),
      [&](const FrameType& type) { return type.transfer_syntax_uid == transfer_syntax_uid; });
  return found == kFrameTypes.end() ? kOctets : found->media_type;
}

}  // namespace tongjian::imaging
