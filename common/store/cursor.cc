#include "common/store/cursor.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tongjian::store {
namespace {

constexpr char kForm[] = "1";  // the first form of a cursor

}  // namespace

std::string EncodeCursor(const Cursor& cursor) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(kForm, ":", cursor.epoch, ":", cursor.position, ":", cursor.stream));
}

std::optional<Cursor> DecodeCursor(std::string_view text) {
  std::string plain;
  if (!absl::WebSafeBase64Unescape(absl::string_view(text.data(), text.size()), &plain)) {
    return std::nullopt;
  }
  const std::vector<std::string> parts = absl::StrSplit(plain, absl::MaxSplits(':', 3));
  Cursor cursor;
  if (parts.size() != 4 || parts[0] != kForm || !absl::SimpleAtoi(parts[2], &cursor.position) ||
      cursor.position < 0) {
    return std::nullopt;
  }
  cursor.epoch = parts[1];
  cursor.stream = parts[3];
  return cursor;
}

}  // namespace tongjian::store
