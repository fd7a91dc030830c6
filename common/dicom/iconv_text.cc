#include "common/dicom/iconv_text.h"

#include <iconv.h>

#include <cerrno>
#include <map>

#include "common/base/check.h"
#include "common/dicom/charset_guess.h"

namespace tongjian::dicom {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Converters are kept by thread: opening one costs more than a name's conversion.
iconv_t Converter(const std::string& to, const std::string& from) {
  struct Cache {
    std::map<std::pair<std::string, std::string>, iconv_t> open;
    ~Cache() {
      for (const auto& [names, converter] : open) iconv_close(converter);
    }
  };
  thread_local Cache cache;
  const auto [entry, is_new] = cache.open.try_emplace({to, from});
  if (is_new) entry->second = iconv_open(to.c_str(), from.c_str());
  TJ_CHECK(entry->second !=
           reinterpret_cast<iconv_t>(-1));  // The names are constants of this folder.
  iconv(entry->second, nullptr, nullptr, nullptr, nullptr);
  return entry->second;
}

// `skip` tells how many bytes of the input stand for one thing that cannot be converted.
template <typename Skip>
Converted Convert(iconv_t converter, std::string_view in, std::string_view replacement, Skip skip) {
  Converted converted;
  char* next = const_cast<char*>(in.data());
  size_t left = in.size();
  char buffer[1024];
  while (left > 0) {
    char* out = buffer;
    size_t room = sizeof buffer;
    const size_t result = iconv(converter, &next, &left, &out, &room);
    const int error = errno;
    converted.text.append(buffer, sizeof buffer - room);
    if (result != static_cast<size_t>(-1) || error == E2BIG) continue;
    converted.exact = false;
    converted.text.append(replacement);
    const size_t passed = std::min(left, skip(std::string_view(next, left)));
    next += passed;
    left -= passed;
  }
  return converted;
}

}  // namespace

Converted ToUtf8(const std::string& encoding, std::string_view bytes) {
  if (encoding == "UTF-8") {
    Converted converted;
    while (!bytes.empty()) {
      const size_t size = Utf8SequenceSize(bytes);
      converted.text.append(size > 0 ? bytes.substr(0, size) : kReplacement);
      converted.exact &= size > 0;
      bytes.remove_prefix(size > 0 ? size : 1);
    }
    return converted;
  }
  return Convert(Converter("UTF-8", encoding), bytes, kReplacement,
                 [](std::string_view) { return size_t{1}; });
}

Converted FromUtf8(const std::string& encoding, std::string_view utf8) {
  if (encoding == "UTF-8") return {std::string(utf8), true};
  return Convert(Converter(encoding, "UTF-8"), utf8, "?", [](std::string_view rest) {
    const size_t size = Utf8SequenceSize(rest);
    return size > 0 ? size : size_t{1};
  });
}

}  // namespace tongjian::dicom
