#include "common/web/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace tongjian::web {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Taken {
  std::string type;
  std::string bytes;
  bool ended = false;
};

class Collector : public PartTaker {
 public:
  absl::Status Begin(const PartHead& head) override {
    parts.push_back({head.Header("content-type"), "", false});
    return absl::OkStatus();
  }
  absl::Status Data(std::string_view bytes) override {
    parts.back().bytes += bytes;
    return bytes == refused ? absl::AbortedError("no") : absl::OkStatus();
  }
  absl::Status End() override {
    parts.back().ended = true;
    return absl::OkStatus();
  }
  std::vector<std::string> Bodies() const {
    std::vector<std::string> bodies;
    for (const Taken& part : parts) bodies.push_back(part.bytes + (part.ended ? "" : " (open)"));
    return bodies;
  }

  std::vector<Taken> parts;
  std::string refused = "what nobody sends";
};

absl::Status Read(std::string_view body, Collector& into, size_t cut = 1 << 20,
                  MultipartLimits limits = {}) {
  MultipartReader reader("sep", limits, into);
  for (size_t at = 0; at < body.size(); at += cut) TJ_TRY(reader.Push(body.substr(at, cut)));
  return reader.Finish();
}

constexpr char kTwo[] =
    "a preamble\r\n--sep\r\nContent-Type: application/dicom\r\nX-Other: "
    "1\r\n\r\none\r\ntwo\r\n--sep \t\r\n"
    "\r\n\r\n--se\r\n--sept is data? no\r\n";

TEST(Multipart, GivesPartsByteForByteHoweverTheyAreCut) {
  const std::string body =
      "--sep\r\nContent-Type: application/dicom\r\n\r\none\r\n--se\r\r\n-\r\n--sep \t\r\n\r\n"
      "\r\n\r\n--sep\r\nCONTENT-TYPE:x/y\r\n\r\n\r\n--sep--\r\nwhatever --sep";
  for (size_t cut = 1; cut < body.size() + 2; ++cut) {
    Collector into;
    ASSERT_TRUE(Read(body, into, cut).ok()) << cut;
    EXPECT_THAT(into.Bodies(), ElementsAre("one\r\n--se\r\r\n-", "\r\n", "")) << cut;
    EXPECT_EQ(into.parts[0].type, "application/dicom");
    EXPECT_EQ(into.parts[1].type, "");
    EXPECT_EQ(into.parts[2].type, "x/y");
  }
}

TEST(Multipart, PassesOverAPreambleAndEndsAtTheLastBoundary) {
  Collector into;
  EXPECT_TRUE(Read("not a part\r\n--sep\r\n\r\nx\r\n--sep--", into).ok());
  EXPECT_THAT(into.Bodies(), ElementsAre("x"));
}

TEST(Multipart, RefusesWhatIsNoWholeBody) {
  for (const std::string& body :
       {std::string(), std::string("--sep--x").substr(0, 5),
        std::string("--other\r\n\r\nx\r\n--other--"), std::string("--sep\r\n\r\nx"),
        std::string("--sep\r\n\r\nx\r\n--sep"), std::string("--sep\r\nContent-Type: a/b\r\n"),
        std::string("--sep\r\nno colon\r\n\r\nx\r\n--sep--"),
        std::string("--sep\r\n: nameless\r\n\r\nx\r\n--sep--"), std::string(kTwo)}) {
    for (const size_t cut : {size_t{1}, size_t{7}, size_t{4096}}) {
      Collector into;
      EXPECT_EQ(Read(body, into, cut).code(), absl::StatusCode::kInvalidArgument) << body;
    }
  }
}

TEST(Multipart, HoldsHeadersAndPartsToTheirLimits) {
  Collector into;
  const std::string endless = "--sep\r\nX: " + std::string(100'000, 'a');
  EXPECT_EQ(Read(endless, into).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Read(endless, into, 100).code(), absl::StatusCode::kResourceExhausted);
  std::string many = "--sep\r\n";
  for (int i = 0; i < 100; ++i) many += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(Read(many + "\r\nx\r\n--sep--", into).code(), absl::StatusCode::kInvalidArgument);
  std::string parts;
  for (int i = 0; i < 4; ++i) parts += "--sep\r\n\r\nx\r\n";
  EXPECT_TRUE(Read(parts + "--sep--", into, 1 << 20, {.parts_max = 4}).ok());
  EXPECT_EQ(Read(parts + "--sep--", into, 1 << 20, {.parts_max = 3}).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Read("--sep" + std::string(1000, ' '), into).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Multipart, KeepsOnlyWhatMayBeABoundary) {
  // A body of ten megabytes in pieces: each piece is handed on at once but for a possible beginning
  // of the boundary.
  Collector into;
  MultipartReader reader("sep", {}, into);
  ASSERT_TRUE(reader.Push("--sep\r\n\r\n").ok());
  size_t sent = 0;
  for (int i = 0; i < 2560; ++i) {
    const std::string piece = std::string(4093, 'x') + "\r\n-";
    ASSERT_TRUE(reader.Push(piece).ok());
    sent += piece.size();
    ASSERT_GE(into.parts[0].bytes.size() + 6, sent);
  }
}

TEST(Multipart, GivesTheTakersErrorAndStaysThere) {
  Collector into;
  into.refused = "bad";
  MultipartReader reader("sep", {}, into);
  EXPECT_EQ(reader.Push("--sep\r\n\r\nbad\r\n--sep").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(reader.Push("\r\n\r\ngood\r\n--sep--").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(reader.Finish().code(), absl::StatusCode::kAborted);
}

TEST(Boundary, IsTakenFromTheContentTypeWithOrWithoutQuotes) {
  EXPECT_EQ(*BoundaryOf("multipart/related; type=\"application/dicom\"; boundary=\"a b;c\""),
            "a b;c");
  EXPECT_EQ(*BoundaryOf("multipart/related;boundary=xyz;type=application/dicom"), "xyz");
  for (const char* type : {"", "multipart/related", "multipart/related; boundary=",
                           "multipart/related; boundary=\"a\r\nb\""}) {
    EXPECT_FALSE(BoundaryOf(type).ok()) << type;
  }
  EXPECT_FALSE(BoundaryOf("multipart/related; boundary=" + std::string(71, 'x')).ok());
}

}  // namespace
}  // namespace tongjian::web
