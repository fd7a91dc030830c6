// Multipart bodies (RFC 2046 5.1), read as they come: a part is never in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::web {

// The headers of one part; names in lower case.
struct PartHead {
  std::vector<std::pair<std::string, std::string>> headers;
  // The first value; empty where there is none.
  const std::string& Header(std::string_view name) const;
};

// Takes the parts, in order: Begin, Data as often as it comes, End. An error ends the reading and
// is what Push returns.
class PartTaker {
 public:
  virtual ~PartTaker() = default;
  virtual absl::Status Begin(const PartHead& head) = 0;
  virtual absl::Status Data(std::string_view bytes) = 0;
  virtual absl::Status End() = 0;
};

struct MultipartLimits {
  size_t head_bytes_max = 8192;  // Of one part's headers.
  int64_t parts_max = 100'000;
};

// The boundary that a multipart Content-Type names: 1 to 70 characters. INVALID_ARGUMENT where it
// names none.
absl::StatusOr<std::string> BoundaryOf(std::string_view content_type);

// Reads one body, pushed in pieces of any size. Memory: one piece, one part's headers and the
// boundary. INVALID_ARGUMENT where it is no such body, RESOURCE_EXHAUSTED over a limit; after an
// error every call returns it again. `taker` must outlive it.
class MultipartReader {
 public:
  MultipartReader(std::string_view boundary, const MultipartLimits& limits, PartTaker& taker);

  absl::Status Push(std::string_view bytes);
  // No more will come: INVALID_ARGUMENT unless the last boundary has been seen.
  absl::Status Finish();

 private:
  enum class State { kPreamble, kDelimiter, kHead, kBody, kEpilogue };
  // One step with what is in rest_; false when more bytes are needed.
  absl::StatusOr<bool> Step();
  absl::StatusOr<bool> StepBody();
  absl::StatusOr<bool> StepDelimiter();
  absl::StatusOr<bool> StepHead();

  const std::string delimiter_;  // With the line end before it.
  const MultipartLimits limits_;
  PartTaker& taker_;
  State state_ = State::kPreamble;
  std::string buffer_;
  std::string_view rest_;  // Of buffer_, while it is pushed.
  int64_t parts_ = 0;
  absl::Status failure_;
};

}  // namespace tongjian::web
