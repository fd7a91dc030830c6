// Text forms that tokens, principals and certificates share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace tongjian::security {

// Base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
std::string EncodeBase64Url(std::string_view bytes);
// Nothing when a character, padding or length is wrong.
std::optional<std::string> DecodeBase64Url(std::string_view text);

// The characters of well-formed UTF-8 that holds no control character; 0 for anything else.
size_t CountCharacters(std::string_view text);

// Whether `id` may be used as an identifier from outside: 1 to `size_max` bytes of such text.
bool IsPlainId(std::string_view id, size_t size_max);

// Debian's absl has its own string_view type.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace tongjian::security
