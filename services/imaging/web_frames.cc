#include "services/imaging/web_frames.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/metadata.h"
#include "common/dicom/uid.h"
#include "services/imaging/web_body.h"

namespace tongjian::imaging {
namespace {

constexpr size_t kFramesPerRequestMax = 10'000;
constexpr std::string_view kPixelData = "7FE00010";

// "1,4,5"; numbers from 1, each once or more.
absl::StatusOr<std::vector<int64_t>> ParseList(std::string_view list) {
  std::vector<int64_t> numbers;
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    int64_t number = 0;
    const auto [last, error] = std::from_chars(list.data(), list.data() + end, number);
    if (error != std::errc() || last != list.data() + end || number < 1)
      return base::InvalidField("frames", "frames are numbers from 1, with commas between");
    if (numbers.size() >= kFramesPerRequestMax)
      return base::InvalidField("frames", "too many frames in one request");
    numbers.push_back(number);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  if (numbers.empty()) return base::InvalidField("frames", "name a frame");
  return numbers;
}

// What IndexFrames cannot tell is no fault of the request: it cannot be given in any form but the
// whole object.
bool IsWholeOnly(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsUnimplemented(status) ||
         absl::IsInvalidArgument(status);
}

web::Response NotAcceptable(absl::string_view why) {
  return web::TextResponse(406, std::string_view(why.data(), why.size()));
}

absl::Status SendFrame(blob::Reader& reader, const dicom::FrameIndex& index, int64_t n,
                       web::BodyWriter& writer) {
  if (index.encapsulated) {
    const auto at = static_cast<size_t>(n);
    for (size_t piece = index.first[at]; piece < index.first[at + 1]; ++piece) {
      TJ_TRY(SendRange(reader, index.pieces[piece].offset, index.pieces[piece].length, 1, writer));
    }
    return absl::OkStatus();
  }
  const uint64_t from = static_cast<uint64_t>(n) * index.frame_bits;
  if (from % 8 == 0 && index.frame_bits % 8 == 0) {
    return SendRange(reader, index.value.offset + from / 8, index.frame_bits / 8, index.swap,
                     writer);
  }
  // Frames of single bits follow one another without a gap (PS3.5 8.1.1).
  const uint64_t first = from / 8, last = (from + index.frame_bits + 7) / 8;
  TJ_ASSIGN_OR_RETURN(const std::string bytes,
                      reader.Read(static_cast<int64_t>(index.value.offset + first),
                                  static_cast<size_t>(last - first)));
  if (bytes.size() != last - first) return absl::DataLossError("the object ends too early");
  return writer.Write(dicom::PackBits(bytes, from % 8, index.frame_bits));
}

// The frames' bytes lie within the object, whatever its tables say.
bool Fits(const dicom::FrameIndex& index, int64_t n, int64_t object_size) {
  const auto size = static_cast<uint64_t>(object_size);
  const auto inside = [size](const dicom::Piece& piece) {
    return piece.offset <= size && piece.length <= size - piece.offset;
  };
  if (!index.encapsulated) return inside(index.value);
  const auto at = static_cast<size_t>(n);
  for (size_t piece = index.first[at]; piece < index.first[at + 1]; ++piece) {
    if (!inside(index.pieces[piece])) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const dicom::FrameIndex>> FrameIndexes::Of(
    const std::string& locator, blob::Reader& reader) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(locator); found != kept_.end()) {
      order_.splice(order_.end(), order_, found->second.place);
      return found->second.index;
    }
  }
  TJ_ASSIGN_OR_RETURN(dicom::FrameIndex made, dicom::IndexFrames(ReadAtOf(reader)));
  auto index = std::make_shared<const dicom::FrameIndex>(std::move(made));
  Keep(locator, index);
  return index;
}

void FrameIndexes::Keep(const std::string& locator,
                        std::shared_ptr<const dicom::FrameIndex> index) {
  const std::lock_guard lock(mutex_);
  if (kept_.contains(locator)) return;
  const auto weight = [](const dicom::FrameIndex& of) { return of.pieces.size() + 16; };
  pieces_ += weight(*index);
  order_.push_back(locator);
  kept_[locator] = {std::move(index), std::prev(order_.end())};
  while (pieces_ > kPiecesMax && order_.size() > 1) {
    const auto oldest = kept_.find(order_.front());
    pieces_ -= weight(*oldest->second.index);
    kept_.erase(oldest);
    order_.pop_front();
  }
}

absl::StatusOr<WebFrames::Open> WebFrames::OpenAt(rpc::Call& call, const WebPlace& place) {
  TJ_ASSIGN_OR_RETURN(WebFound found, FindPlace(database_, call.scope(), place));
  TJ_TRY(views_.Record(call, found.study));
  TJ_ASSIGN_OR_RETURN(std::shared_ptr<blob::Reader> reader, OpenInstance(blobs_, found.instance));
  return Open{std::move(found.instance), std::move(reader)};
}

absl::StatusOr<web::Response> WebFrames::Frames(const std::shared_ptr<rpc::Call>& call,
                                                const web::Request& request, const WebPlace& place,
                                                std::string_view list) {
  TJ_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, ParseList(list));
  TJ_ASSIGN_OR_RETURN(const Open open, OpenAt(*call, place));
  const auto shape =
      FrameShape(AcceptOf(request), open.instance.transfer_syntax_uid, numbers.size() == 1);
  if (!shape) return NotAcceptable("the frames are not stored in a form that is asked for");
  const auto index = indexes_.Of(open.instance.locator, *open.reader);
  if (IsWholeOnly(index.status())) return NotAcceptable(index.status().message());
  TJ_TRY(index.status());
  for (const int64_t number : numbers) {
    if (number > (*index)->frames) return base::NotFound("frame");
  }
  return SendFrames(open, *index, numbers, *shape);
}

absl::StatusOr<web::Response> WebFrames::SendFrames(const Open& open,
                                                    std::shared_ptr<const dicom::FrameIndex> index,
                                                    const std::vector<int64_t>& numbers,
                                                    const WebShape& shape) {
  for (const int64_t number : numbers) {
    if (!Fits(*index, number - 1, open.reader->size()))
      return NotAcceptable("the object's offset table points outside of it");
  }
  // Native frames leave as little endian, whatever was around them.
  const std::string syntax = index->encapsulated ? open.instance.transfer_syntax_uid
                             : shape.transfer_syntax.empty()
                                 ? std::string(dicom::uids::kExplicitLittleEndian)
                                 : shape.transfer_syntax;
  const std::string type = WithSyntax(shape.media_type, syntax);
  web::Response response;
  response.length = 0;
  for (const int64_t number : numbers)
    response.length += static_cast<int64_t>(index->FrameSize(number - 1));
  if (!shape.multipart) {
    response.content_type = type;
    response.stream = [reader = open.reader, index, number = numbers.front()](auto& writer) {
      return SendFrame(*reader, *index, number - 1, writer);
    };
    return response;
  }
  const WebParts parts(shape.media_type);
  response.content_type = parts.Type();
  const size_t heads = parts.Head(type, true).size() +
                       (numbers.size() - 1) * parts.Head(type, false).size() + parts.End().size();
  response.length += static_cast<int64_t>(heads);
  response.stream = [reader = open.reader, index, numbers, parts,
                     type](web::BodyWriter& writer) -> absl::Status {
    for (size_t i = 0; i < numbers.size(); ++i) {
      TJ_TRY(writer.Write(parts.Head(type, i == 0)));
      TJ_TRY(SendFrame(*reader, *index, numbers[i] - 1, writer));
    }
    return writer.Write(parts.End());
  };
  return response;
}

absl::StatusOr<web::Response> WebFrames::Bulk(const std::shared_ptr<rpc::Call>& call,
                                              const web::Request& request, const WebPlace& place,
                                              std::string_view path) {
  const std::vector<web::MediaType> accepted = AcceptOf(request);
  TJ_ASSIGN_OR_RETURN(const Open open, OpenAt(*call, place));
  if (path == kPixelData && dicom::IsEncapsulated(open.instance.transfer_syntax_uid)) {
    const auto index = indexes_.Of(open.instance.locator, *open.reader);
    if (IsWholeOnly(index.status())) return NotAcceptable(index.status().message());
    TJ_TRY(index.status());
    // Fragments mean nothing as one row of bytes: each frame is a part, as it is stored.
    std::vector<int64_t> numbers(static_cast<size_t>((*index)->frames));
    std::iota(numbers.begin(), numbers.end(), 1);
    const WebShape shape = {true, std::string(FrameMediaType(open.instance.transfer_syntax_uid)),
                            ""};
    return SendFrames(open, *index, numbers, shape);
  }
  const auto shape = BulkShape(accepted);
  if (!shape) return NotAcceptable("bulk data are given as application/octet-stream");
  const auto bulk = dicom::FindBulk(ReadAtOf(*open.reader), path);
  if (absl::IsUnimplemented(bulk.status())) return NotAcceptable(bulk.status().message());
  TJ_TRY(bulk.status());
  const std::string type(shape->media_type);
  web::Response response;
  response.length = static_cast<int64_t>(bulk->length);
  if (!shape->multipart) {
    response.content_type = type;
    response.stream = [reader = open.reader, bulk = *bulk](web::BodyWriter& writer) {
      return SendRange(*reader, bulk.offset, bulk.length, bulk.swap, writer);
    };
    return response;
  }
  const WebParts parts(type);
  response.content_type = parts.Type();
  response.length += static_cast<int64_t>(parts.Head(type, true).size() + parts.End().size());
  response.stream = [reader = open.reader, bulk = *bulk, parts,
                     type](web::BodyWriter& writer) -> absl::Status {
    TJ_TRY(writer.Write(parts.Head(type, true)));
    TJ_TRY(SendRange(*reader, bulk.offset, bulk.length, bulk.swap, writer));
    return writer.Write(parts.End());
  };
  return response;
}

}  // namespace tongjian::imaging
