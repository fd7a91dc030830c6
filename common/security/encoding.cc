#include "common/security/encoding.h"

#include <algorithm>

#include "absl/strings/escaping.h"

namespace tongjian::security {

std::string EncodeBase64Url(std::string_view bytes) {
  return absl::WebSafeBase64Escape(ToAbsl(bytes));
}

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  // absl skips blanks and takes padding; a signed text has one form only.
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  std::string bytes;
  if (!plain || text.size() % 4 == 1 || !absl::WebSafeBase64Unescape(ToAbsl(text), &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

bool IsPlainId(std::string_view id, size_t size_max) {
  return !id.empty() && id.size() <= size_max && std::all_of(id.begin(), id.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
}

}  // namespace tongjian::security
