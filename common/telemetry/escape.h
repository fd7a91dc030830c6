// Text made safe for one line of JSON that a person reads in a terminal.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::telemetry {

// Appends `text` in double quotes as a JSON string. Escaped: what JSON demands, all control
// characters (C0, C1, DEL), line and paragraph separators and the marks that change the direction
// of text. Bytes that are not UTF-8 become U+FFFD. At most `size_max` bytes of `text` are taken; a
// cut is shown by "…".
void AppendJsonString(std::string_view text, size_t size_max, std::string* out);

}  // namespace tongjian::telemetry
