// A request and its answer, as handlers see them: plain, without the HTTP library.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace tongjian::web {

// One request. Lives as long as its handler runs; what an answer streams later must be copied.
struct Request {
  std::string method;                  // "GET", "POST"...; HEAD comes as GET.
  std::string path;                    // Without the query; escapes undone.
  std::vector<std::string> arguments;  // What stood for the {} of the route, in order.
  std::vector<std::pair<std::string, std::string>> query;  // In the order of keys; escapes undone.
  std::string remote_address;                              // Numeric, without port.
  std::string certificate_pem;  // Of the client; empty where it showed none.
  // Scheme, host and port by which the client reached us, as a front proxy or the request says: for
  // absolute addresses in answers to this very client, for nothing else.
  std::string origin;

  // All values of a header, in order; names compare without case.
  std::function<std::vector<std::string>(std::string_view name)> headers;
  // Hands over the body piece by piece. INVALID_ARGUMENT where it breaks off or is not framed as
  // HTTP says, RESOURCE_EXHAUSTED beyond the server's limit, else what `take` returns. To be called
  // once.
  std::function<absl::Status(absl::FunctionRef<absl::Status(std::string_view)> take)> body;

  // The first value of a header or of a query parameter; empty where there is none.
  std::string Header(std::string_view name) const;
  std::string Query(std::string_view name) const;
};

// Where a streamed answer goes.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // CANCELLED once the client has gone, or is too slow, or the server stops: return it then.
  virtual absl::Status Write(std::string_view bytes) = 0;
};

// An answer: `body`, or a `stream` that is called once behind the headers, on the request's thread.
// An error of it breaks the connection off, so that no client takes half for the whole; what it
// holds is freed either way, and also when it is never called (HEAD, a client that has gone).
struct Response {
  int status = 200;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::function<absl::Status(BodyWriter&)> stream;
  int64_t length = -1;  // Bytes of the stream where they are known; else it goes out in chunks.
};

// A short answer in plain text.
Response TextResponse(int status, std::string_view text);

}  // namespace tongjian::web
