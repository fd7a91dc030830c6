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

size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++count) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x20 || lead == 0x7f) return 0;
    const size_t size = lead < 0x80       ? 1
                        : lead >> 5 == 6  ? 2
                        : lead >> 4 == 14 ? 3
                        : lead >> 3 == 30 ? 4
                                          : 0;
    if (size == 0 || i + size > text.size()) return 0;
    for (size_t k = 1; k < size; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return 0;
    }
    i += size;
  }
  return count;
}

bool IsPlainId(std::string_view id, size_t size_max) {
  return id.size() <= size_max && CountCharacters(id) > 0;
}

}  // namespace tongjian::security
