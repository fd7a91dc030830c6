#include "common/web/http.h"

namespace tongjian::web {

std::string Request::Header(std::string_view name) const {
  const std::vector<std::string> values = headers(name);
  return values.empty() ? std::string() : values.front();
}

std::string Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

Response TextResponse(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::string(text) + "\n";
  return response;
}

}  // namespace tongjian::web
