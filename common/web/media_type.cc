#include "common/web/media_type.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace tongjian::web {
namespace {

constexpr size_t kTypesMax = 64;
constexpr size_t kParametersMax = 16;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes what stands before the next `separator` that is not within quotes, and the separator.
std::string_view TakeUntil(std::string_view& text, char separator) {
  bool quoted = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (quoted && text[at] == '\\') {
      ++at;
    } else if (!quoted && text[at] == separator) {
      break;
    }
  }
  at = std::min(at, text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

std::string Unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string plain;
  for (size_t at = 1; at + 1 < value.size(); ++at) {
    if (value[at] == '\\' && at + 2 < value.size()) ++at;
    plain.push_back(value[at]);
  }
  return plain;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  absl::AsciiStrToLower(&lower);
  return lower;
}

}  // namespace

const std::string& MediaType::Parameter(std::string_view name) const {
  static const std::string none;
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return none;
}

std::optional<MediaType> ParseMediaType(std::string_view text) {
  MediaType media;
  media.type = Lower(Trim(TakeUntil(text, ';')));
  if (media.type.empty()) return std::nullopt;
  while (!text.empty() && media.parameters.size() < kParametersMax) {
    std::string_view parameter = TakeUntil(text, ';');
    const std::string name = Lower(Trim(TakeUntil(parameter, '=')));
    const std::string value = Unquote(Trim(parameter));
    if (name.empty()) continue;
    if (name == "q") {
      double quality = 0;
      if (absl::SimpleAtod(value, &quality) && quality >= 0 && quality <= 1)
        media.quality = quality;
    } else {
      media.parameters.emplace_back(name, value);
    }
  }
  return media;
}

std::vector<MediaType> ParseAccept(const std::vector<std::string>& headers) {
  std::vector<MediaType> types;
  for (const std::string& header : headers) {
    std::string_view rest = header;
    while (!rest.empty() && types.size() < kTypesMax) {
      if (auto media = ParseMediaType(TakeUntil(rest, ','))) types.push_back(*std::move(media));
    }
  }
  std::stable_sort(types.begin(), types.end(),
                   [](const MediaType& a, const MediaType& b) { return a.quality > b.quality; });
  return types;
}

bool Covers(std::string_view range, std::string_view type) {
  if (range == "*/*" || range == "*" || range == type) return true;
  return range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
}

}  // namespace tongjian::web
