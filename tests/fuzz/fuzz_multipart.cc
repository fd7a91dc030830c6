// Goal: whatever bytes come as a multipart body, the reader ends, gives the same parts however they
// are cut, and never a byte that was not in the body. Method: the first byte chooses how the rest
// is cut; whole and in pieces must agree. The same bytes are read as an Accept header and a
// Content-Type.
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/web/media_type.h"
#include "common/web/multipart.h"
#include "tests/fuzz/input.h"

namespace tongjian::web {
namespace {

class Collector : public PartTaker {
 public:
  absl::Status Begin(const PartHead& head) override {
    TJ_CHECK(!open_);
    open_ = true;
    for (const auto& [name, value] : head.headers) text += "[" + name + ":" + value + "]";
    return absl::OkStatus();
  }
  absl::Status Data(std::string_view bytes) override {
    TJ_CHECK(open_ && !bytes.empty());
    text += bytes;
    size += bytes.size();
    return absl::OkStatus();
  }
  absl::Status End() override {
    TJ_CHECK(open_);
    open_ = false;
    text += "|";
    return absl::OkStatus();
  }

  std::string text;
  size_t size = 0;

 private:
  bool open_ = false;
};

absl::Status Read(std::string_view body, size_t cut, Collector& into) {
  MultipartReader reader("b", {.head_bytes_max = 256, .parts_max = 50}, into);
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, cut);
    body.remove_prefix(piece.size());
    if (const absl::Status pushed = reader.Push(piece); !pushed.ok()) {
      TJ_CHECK(reader.Push("x") == pushed && reader.Finish() == pushed);
      return pushed;
    }
  }
  return reader.Finish();
}

void CheckBody(std::string_view body, size_t cut) {
  Collector whole, pieces;
  const absl::Status first = Read(body, body.size() + 1, whole);
  const absl::Status second = Read(body, cut, pieces);
  TJ_CHECK(first.ok() == second.ok());
  TJ_CHECK(whole.size <= body.size() && pieces.size <= body.size());
  if (first.ok()) TJ_CHECK(whole.text == pieces.text);
}

void CheckTypes(std::string_view text) {
  TJ_CHECK(ParseAccept({std::string(text), std::string(text)}).size() <= 64);
  for (const MediaType& media : ParseAccept({std::string(text)})) {
    TJ_CHECK(!media.type.empty() && media.quality >= 0 && media.quality <= 1);
  }
  const auto boundary = BoundaryOf(text);
  TJ_CHECK(!boundary.ok() || (!boundary->empty() && boundary->size() <= 70));
}

}  // namespace
}  // namespace tongjian::web

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tongjian::fuzz::Input input(data, size);
  const size_t cut = input.Byte() + size_t{1};
  tongjian::web::CheckBody(input.rest(), cut);
  tongjian::web::CheckTypes(input.rest());
  return 0;
}
