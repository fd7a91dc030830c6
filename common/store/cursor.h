// A place in a stream, as opaque text. Internal to common/store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tongjian::store {

struct Cursor {
  std::string epoch;
  std::string stream;
  int64_t position = 0;
};

std::string EncodeCursor(const Cursor& cursor);
// Nothing when `text` is no cursor.
std::optional<Cursor> DecodeCursor(std::string_view text);

}  // namespace tongjian::store
