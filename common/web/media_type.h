// Media types as Accept and Content-Type state them (RFC 9110 8.3, 12.5.1), read leniently: viewers
// leave out quotes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tongjian::web {

struct MediaType {
  std::string type;  // Lower case: "multipart/related", "*/*".
  std::vector<std::pair<std::string, std::string>>
      parameters;      // Names in lower case, values without quotes.
  double quality = 1;  // 0 to 1; 0: not wanted.

  // The value of a parameter; empty where there is none.
  const std::string& Parameter(std::string_view name) const;
};

// One of them, with its parameters; nothing where it has no type.
std::optional<MediaType> ParseMediaType(std::string_view text);

// All that Accept headers list, the best first and equally good ones in the order they came; at
// most 64 are looked at. Empty where the client does not say.
std::vector<MediaType> ParseAccept(const std::vector<std::string>& headers);

// Whether `range` ("*/*", "image/*", or a type itself) takes in `type`.
bool Covers(std::string_view range, std::string_view type);

}  // namespace tongjian::web
