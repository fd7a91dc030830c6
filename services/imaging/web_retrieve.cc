#include "services/imaging/web_retrieve.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/json.h"
#include "common/dicom/metadata.h"
#include "common/dicom/tag.h"
#include "common/dicom/uid.h"
#include "common/telemetry/log.h"
#include "services/imaging/web_accept.h"
#include "services/imaging/web_body.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

constexpr dicom::Tag kAvailableTransferSyntax = 0x00083002;
constexpr size_t kJsonPieceSize = 128 << 10;

// Calls `use` with the instances of the place: the one it names, or all below it.
absl::Status Each(store::Database& database, const WebFound& found, const WebPlace& place,
                  absl::FunctionRef<absl::Status(const Instance&)> use) {
  if (!place.instance.empty()) return use(found.instance);
  return EachInstance(database, found.study, place.series, use);
}

bool SyntaxFits(const std::string& wanted, const Instance& instance) {
  return wanted.empty() || wanted == instance.transfer_syntax_uid;
}

web::Response NotAcceptable(std::string_view why) { return web::TextResponse(406, why); }

std::string UrlOf(const std::string& root, const Study& study, const Instance& instance) {
  return root + "/studies/" + study.study_instance_uid + "/series/" + instance.series_instance_uid +
         "/instances/" + instance.sop_instance_uid;
}

// What the rows alone say of an object that cannot be read.
std::string Placeholder(const Study& study, const Instance& instance) {
  dicom::Dataset known;
  known.Set(tags::kSpecificCharacterSet, "ISO_IR 192");
  known.Set(tags::kSopClassUid, instance.sop_class_uid);
  known.Set(tags::kSopInstanceUid, instance.sop_instance_uid);
  known.Set(tags::kInstanceAvailability, "UNAVAILABLE");
  known.Set(tags::kStudyInstanceUid, study.study_instance_uid);
  known.Set(tags::kSeriesInstanceUid, instance.series_instance_uid);
  known.Set(tags::kInstanceNumber, std::to_string(instance.number));
  return dicom::WriteJson(known);
}

}  // namespace

std::string WebRoot(const web::Request& request) { return request.origin + "/dicom-web"; }

absl::StatusOr<web::Response> WebRetrieve::Objects(const std::shared_ptr<rpc::Call>& call,
                                                   const web::Request& request,
                                                   const WebPlace& place) const {
  const std::vector<WebShape> shapes = ObjectShapes(AcceptOf(request), !place.instance.empty());
  if (shapes.empty()) return NotAcceptable("objects are given as application/dicom");
  TJ_ASSIGN_OR_RETURN(const WebFound found, FindPlace(database_, call->scope(), place));
  int64_t fits = 0, others = 0;
  const WebShape* shape = nullptr;
  for (const WebShape& candidate : shapes) {
    shape = &candidate;
    fits = others = 0;
    TJ_TRY(Each(database_, found, place, [&](const Instance& instance) {
      ++(SyntaxFits(candidate.transfer_syntax, instance) ? fits : others);
      return absl::OkStatus();
    }));
    if (fits > 0) break;
  }
  if (fits == 0)
    return NotAcceptable("nothing here is stored in the transfer syntax that is asked for");
  TJ_TRY(views_.Record(*call, found.study));
  if (!shape->multipart) return Single(call, found);

  const WebParts parts(shape->media_type);
  web::Response response;
  response.content_type = parts.Type();
  if (others > 0) {
    response.status = 206;
    response.headers.emplace_back("Warning",
                                  "299 tongjian \"" + std::to_string(others) +
                                      " instances are stored in another transfer syntax\"");
  }
  response.stream = [this, call, found, place, syntax = shape->transfer_syntax,
                     parts](web::BodyWriter& writer) {
    return SendAll(*call, found, place, syntax, parts, writer);
  };
  return response;
}

absl::Status WebRetrieve::SendAll(rpc::Call& call, const WebFound& found, const WebPlace& place,
                                  const std::string& syntax, const WebParts& parts,
                                  web::BodyWriter& writer) const {
  bool first = true;
  TJ_TRY(Each(database_, found, place, [&](const Instance& instance) -> absl::Status {
    if (!SyntaxFits(syntax, instance)) return absl::OkStatus();
    TJ_TRY(call.StillHolds());
    TJ_ASSIGN_OR_RETURN(const auto reader, OpenInstance(blobs_, instance));
    TJ_TRY(writer.Write(
        parts.Head(WithSyntax("application/dicom", instance.transfer_syntax_uid), first)));
    first = false;
    return SendObject(*reader, writer);
  }));
  return writer.Write(parts.End());
}

absl::StatusOr<web::Response> WebRetrieve::Single(const std::shared_ptr<rpc::Call>&,
                                                  const WebFound& found) const {
  TJ_ASSIGN_OR_RETURN(std::shared_ptr<blob::Reader> reader, OpenInstance(blobs_, found.instance));
  web::Response response;
  response.content_type = WithSyntax("application/dicom", found.instance.transfer_syntax_uid);
  response.length = reader->size();
  response.stream = [reader](web::BodyWriter& writer) { return SendObject(*reader, writer); };
  return response;
}

absl::StatusOr<web::Response> WebRetrieve::Metadata(const std::shared_ptr<rpc::Call>& call,
                                                    const web::Request& request,
                                                    const WebPlace& place) const {
  if (!TakesJson(AcceptOf(request)))
    return NotAcceptable("metadata are given as application/dicom+json");
  TJ_ASSIGN_OR_RETURN(const WebFound found, FindPlace(database_, call->scope(), place));
  TJ_TRY(views_.Record(*call, found.study));
  web::Response response;
  response.content_type = "application/dicom+json";
  response.stream = [this, call, found, place,
                     root = WebRoot(request)](web::BodyWriter& writer) -> absl::Status {
    std::string out = "[";
    bool first = true;
    TJ_TRY(Each(database_, found, place, [&](const Instance& instance) -> absl::Status {
      if (!first) out.push_back(',');
      first = false;
      TJ_TRY(AppendInstance(instance, found.study, root, out));
      if (out.size() < kJsonPieceSize) return absl::OkStatus();
      TJ_TRY(call->StillHolds());
      TJ_TRY(writer.Write(out));
      out.clear();
      return absl::OkStatus();
    }));
    out.push_back(']');
    return writer.Write(out);
  };
  return response;
}

absl::Status WebRetrieve::AppendInstance(const Instance& instance, const Study& study,
                                         const std::string& root, std::string& out) const {
  const size_t before = out.size();
  dicom::MetadataOptions options;
  options.bulk_prefix = UrlOf(root, study, instance) + "/bulkdata/";
  options.added = {{kAvailableTransferSyntax, instance.transfer_syntax_uid}};
  const absl::StatusOr<std::unique_ptr<blob::Reader>> reader = OpenInstance(blobs_, instance);
  const absl::Status written =
      reader.ok() ? dicom::AppendMetadata(ReadAtOf(**reader), options, out) : reader.status();
  if (written.ok()) return absl::OkStatus();
  telemetry::Log(telemetry::Level::kError, "instance_unreadable",
                 {{"study", study.id}, {"error", written}});
  out.resize(before);
  out += Placeholder(study, instance);
  return absl::OkStatus();
}

absl::StatusOr<web::Response> WebRetrieve::ByUri(const std::shared_ptr<rpc::Call>& call,
                                                 const web::Request& request) const {
  if (request.Query("requestType") != "WADO")
    return base::InvalidField("requestType", "the only one is WADO");
  TJ_ASSIGN_OR_RETURN(const WebPlace place,
                      WebPlaceOf({request.Query("studyUID"), request.Query("seriesUID"),
                                  request.Query("objectUID")}));
  const std::string type = request.Query("contentType");
  // Without a type the standard means a JPEG of the picture, and renderings are not made here.
  const auto asked = web::ParseAccept({type});
  const bool takes = std::any_of(asked.begin(), asked.end(), [](const web::MediaType& media) {
    return web::Covers(media.type, "application/dicom");
  });
  if (!takes) return NotAcceptable("objects are given with contentType=application/dicom");
  TJ_ASSIGN_OR_RETURN(const WebFound found, FindPlace(database_, call->scope(), place));
  const std::string syntax = request.Query("transferSyntax");
  if (!syntax.empty() && syntax != "*" && syntax != found.instance.transfer_syntax_uid)
    return NotAcceptable("the object is not stored in the transfer syntax that is asked for");
  TJ_TRY(views_.Record(*call, found.study));
  return Single(call, found);
}

}  // namespace tongjian::imaging
