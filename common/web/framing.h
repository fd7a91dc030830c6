// What of a request's framing is believed, and its body taken piece by piece. Internal to
// common/web.
#pragma once

#include <httplib.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace tongjian::web {

struct FramingVerdict {
  int status = 0;  // 0: go on; else the answer.
  std::string_view why;
};

// Methods and framings that are served: no body but of POST, and there one length or chunks,
// uncompressed, within `body_max`.
FramingVerdict CheckFraming(const httplib::Request& request, int64_t body_max);

// Whether the connection is known to stand at the next request behind this one: not behind a body.
bool MayGoOnAfter(const httplib::Request& request);

// As Request::body. `reader`: null where the request has none.
absl::Status ReadBody(const httplib::ContentReader* reader, int64_t body_max,
                      absl::FunctionRef<absl::Status(std::string_view)> take);

// As Request::origin.
std::string OriginOf(const httplib::Request& request, bool secure);

}  // namespace tongjian::web
