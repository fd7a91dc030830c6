#include "common/web/multipart.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "common/base/status.h"
#include "common/web/media_type.h"

namespace tongjian::web {
namespace {

constexpr size_t kBoundaryMax = 70;
constexpr size_t kHeadersMax = 32;
// Spaces that may stand behind a boundary.
constexpr size_t kPaddingMax = 256;
constexpr std::string_view kLineEnd = "\r\n";

absl::Status Malformed(std::string_view what) {
  return base::Error(absl::StatusCode::kInvalidArgument, "", "body",
                     "the multipart body is malformed: " + std::string(what));
}

size_t Find(std::string_view in, std::string_view what) {
  const void* const found = memmem(in.data(), in.size(), what.data(), what.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - in.data());
}

// How many bytes at the end of `text` may be the beginning of `delimiter`, which begins with the
// only CR in it.
size_t PossibleStart(std::string_view text, std::string_view delimiter) {
  const size_t tail = std::min(text.size(), delimiter.size() - 1);
  const size_t at = text.substr(text.size() - tail).rfind(delimiter.front());
  return at == std::string_view::npos ? 0 : tail - at;
}

absl::StatusOr<PartHead> ParseHead(std::string_view text) {
  PartHead head;
  while (!text.empty()) {
    const size_t end = std::min(Find(text, kLineEnd), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + kLineEnd.size(), text.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return Malformed("a header without a name");
    if (head.headers.size() >= kHeadersMax) return Malformed("too many headers of one part");
    std::string name(line.substr(0, colon)), value(line.substr(colon + 1));
    absl::AsciiStrToLower(&name);
    absl::StripAsciiWhitespace(&value);
    head.headers.emplace_back(std::move(name), std::move(value));
  }
  return head;
}

}  // namespace

const std::string& PartHead::Header(std::string_view name) const {
  static const std::string none;
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return none;
}

absl::StatusOr<std::string> BoundaryOf(std::string_view content_type) {
  const auto media = ParseMediaType(content_type);
  const std::string boundary = media ? media->Parameter("boundary") : "";
  if (boundary.empty() || boundary.size() > kBoundaryMax ||
      boundary.find_first_of("\r\n") != std::string::npos) {
    return base::Error(absl::StatusCode::kInvalidArgument, "", "Content-Type",
                       "Content-Type names no boundary of 1 to 70 characters");
  }
  return boundary;
}

MultipartReader::MultipartReader(std::string_view boundary, const MultipartLimits& limits,
                                 PartTaker& taker)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits), taker_(taker) {
  buffer_ = kLineEnd;  // The first boundary may stand at the very beginning.
}

absl::Status MultipartReader::Push(std::string_view bytes) {
  if (!failure_.ok() || state_ == State::kEpilogue) return failure_;
  buffer_.append(bytes);
  rest_ = buffer_;
  while (true) {
    const absl::StatusOr<bool> went_on = Step();
    if (!went_on.ok()) return failure_ = went_on.status();
    if (!*went_on) break;
  }
  buffer_.erase(0, buffer_.size() - rest_.size());
  return absl::OkStatus();
}

absl::Status MultipartReader::Finish() {
  if (failure_.ok() && state_ != State::kEpilogue)
    failure_ = Malformed("it ends before its last boundary");
  return failure_;
}

absl::StatusOr<bool> MultipartReader::Step() {
  switch (state_) {
    case State::kPreamble:
    case State::kBody:
      return StepBody();
    case State::kDelimiter:
      return StepDelimiter();
    case State::kHead:
      return StepHead();
    case State::kEpilogue:
      break;
  }
  rest_.remove_prefix(rest_.size());
  return false;
}

absl::StatusOr<bool> MultipartReader::StepBody() {
  const size_t at = Find(rest_, delimiter_);
  const bool found = at != std::string_view::npos;
  const std::string_view data =
      rest_.substr(0, found ? at : rest_.size() - PossibleStart(rest_, delimiter_));
  if (state_ == State::kBody && !data.empty()) TJ_TRY(taker_.Data(data));
  rest_.remove_prefix(data.size());
  if (!found) return false;
  if (state_ == State::kBody) TJ_TRY(taker_.End());
  rest_.remove_prefix(delimiter_.size());
  state_ = State::kDelimiter;
  return true;
}

absl::StatusOr<bool> MultipartReader::StepDelimiter() {
  if (rest_.size() < 2) return false;
  if (rest_.starts_with("--")) {
    state_ = State::kEpilogue;
    return true;
  }
  const size_t end = std::min(rest_.find_first_not_of(" \t"), rest_.size());
  if (end > kPaddingMax) return Malformed("too much behind a boundary");
  if (rest_.size() < end + 2) return false;
  if (rest_.substr(end, 2) != kLineEnd)
    return Malformed("a boundary is not followed by a line end");
  rest_.remove_prefix(end + 2);
  if (++parts_ > limits_.parts_max) {
    return base::Error(absl::StatusCode::kResourceExhausted, "", "body",
                       "more than " + std::to_string(limits_.parts_max) + " parts");
  }
  state_ = State::kHead;
  return true;
}

absl::StatusOr<bool> MultipartReader::StepHead() {
  size_t size = 0, skip = kLineEnd.size();
  if (!rest_.starts_with(kLineEnd)) {
    size = Find(rest_, "\r\n\r\n");
    skip = 4;
  }
  if (size == std::string_view::npos || rest_.size() < skip) {
    // Its end may be there in part already.
    if (rest_.size() < limits_.head_bytes_max + skip) return false;
    size = rest_.size();
  }
  if (size > limits_.head_bytes_max) {
    return base::Error(absl::StatusCode::kResourceExhausted, "", "body",
                       "a part's headers are too long");
  }
  TJ_ASSIGN_OR_RETURN(const PartHead head, ParseHead(rest_.substr(0, size)));
  rest_.remove_prefix(size + skip);
  TJ_TRY(taker_.Begin(head));
  state_ = State::kBody;
  return true;
}

}  // namespace tongjian::web
