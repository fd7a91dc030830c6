#include "common/web/framing.h"

#include <charconv>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tongjian::web {
namespace {

constexpr size_t kAuthorityMax = 255;

// The length that is stated, -1 for none, -2 for nonsense.
int64_t LengthOf(const httplib::Request& request) {
  const size_t count = request.get_header_value_count("Content-Length");
  if (count == 0) return -1;
  const std::string text = request.get_header_value("Content-Length");
  int64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return count == 1 && whole && length >= 0 && text.front() != '-' ? length : -2;
}

// Host or host:port, nothing that could mean more within an address.
bool IsAuthority(std::string_view text) {
  return !text.empty() && text.size() <= kAuthorityMax &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") ==
             std::string_view::npos;
}

}  // namespace

FramingVerdict CheckFraming(const httplib::Request& request, int64_t body_max) {
  const bool chunked = request.has_header("Transfer-Encoding");
  const int64_t length = LengthOf(request);
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST")
    return {405, "this method is not served"};
  if (length == -2 || (chunked && length != -1))
    return {400, "the length of the request is not clear"};
  if (request.method != "POST")
    return {chunked || length > 0 ? 400 : 0, "a request by this method has no body"};
  if (chunked &&
      (request.get_header_value_count("Transfer-Encoding") != 1 ||
       !absl::EqualsIgnoreCase(request.get_header_value("Transfer-Encoding"), "chunked")))
    return {501, "the only transfer encoding served is chunked"};
  if (!chunked && length == -1) return {411, "say how long the body is, or send it in chunks"};
  if (length > body_max) return {413, "the body is too large"};
  if (request.has_header("Content-Encoding")) return {415, "bodies are taken uncompressed"};
  return {};
}

bool MayGoOnAfter(const httplib::Request& request) {
  return (request.method == "GET" || request.method == "HEAD") &&
         !request.has_header("Transfer-Encoding") && LengthOf(request) <= 0 &&
         LengthOf(request) != -2;
}

absl::Status ReadBody(const httplib::ContentReader* reader, int64_t body_max,
                      absl::FunctionRef<absl::Status(std::string_view)> take) {
  if (reader == nullptr) return absl::OkStatus();
  absl::Status status;
  int64_t left = body_max;
  const bool whole = (*reader)([&](const char* data, size_t size) {
    left -= static_cast<int64_t>(size);
    status = left < 0 ? absl::ResourceExhaustedError("the body is too large")
                      : take(std::string_view(data, size));
    return status.ok();
  });
  if (!status.ok()) return status;
  if (!whole) return absl::InvalidArgumentError("the body broke off");
  return absl::OkStatus();
}

std::string OriginOf(const httplib::Request& request, bool secure) {
  const std::string proto = request.get_header_value("X-Forwarded-Proto");
  if (absl::EqualsIgnoreCase(proto, "https")) secure = true;
  std::string authority = request.get_header_value("X-Forwarded-Host");
  if (!IsAuthority(authority)) authority = request.get_header_value("Host");
  if (!IsAuthority(authority)) return {};
  return absl::StrCat(secure ? "https://" : "http://", authority);
}

}  // namespace tongjian::web
