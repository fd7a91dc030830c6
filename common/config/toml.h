// The part of TOML 1.0 that settings need.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace tongjian::config {

// One `key = value`. `name` has the section in front: "imaging.quiet-time".
struct TomlItem {
  std::string name;
  std::vector<std::string>
      values;  // Of a scalar: one. Strings decoded, numbers and booleans as written.
  bool is_list = false;
  int line = 0;
};

// Reads sections, dotted keys, comments, strings on one line (basic with escapes, literal),
// integers, booleans and arrays of those. Anything else TOML allows, and a name given twice, is
// refused: a setting must not be read otherwise than it looks. INVALID_ARGUMENT with the line
// number, never with a value.
absl::StatusOr<std::vector<TomlItem>> ParseToml(std::string_view text);

// `text` as a basic string in double quotes.
std::string TomlString(std::string_view text);

}  // namespace tongjian::config
