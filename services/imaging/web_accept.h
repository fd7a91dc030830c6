// What a DICOMweb client can take, and what of it can be given as it is stored (PS3.18 8.7).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/web/http.h"
#include "common/web/media_type.h"

namespace tongjian::imaging {

// What the client listed: in its Accept headers, else in the query parameter "accept"; empty where
// it does not say.
std::vector<web::MediaType> AcceptOf(const web::Request& request);

// How one answer goes out.
struct WebShape {
  bool multipart = false;
  std::string media_type;       // Of the single part, or of each.
  std::string transfer_syntax;  // That the client insists on; empty: as stored.
};

// Whole objects: multipart/related of application/dicom, or that alone where `single_allowed`. All
// the shapes the client takes, the best first.
std::vector<WebShape> ObjectShapes(const std::vector<web::MediaType>& accepted,
                                   bool single_allowed);

// Frames of an object of this transfer syntax, as stored; nothing where the client takes nothing
// that they are. Native ones are bytes in little endian, whatever the data set around them is
// written in.
std::optional<WebShape> FrameShape(const std::vector<web::MediaType>& accepted,
                                   std::string_view transfer_syntax_uid, bool single_allowed);

// Bulk data: bytes, alone unless the client would rather have parts.
std::optional<WebShape> BulkShape(const std::vector<web::MediaType>& accepted);

// Whether JSON is among what the client takes. Whatever else stands there is no reason to refuse
// it.
bool TakesJson(const std::vector<web::MediaType>& accepted);

// The media type of one encapsulated frame; application/octet-stream where there is none of its own
// (PS3.18 table 8.7.3-5).
std::string_view FrameMediaType(std::string_view transfer_syntax_uid);

}  // namespace tongjian::imaging
