// Text from elsewhere on a terminal: it is shown, it does not act.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::program {

// The text with everything that would steer a terminal or turn text around spelled out: control
// characters (C0 but the line feed, DEL, C1) and bytes that are no UTF-8 as \xNN, marks of
// direction (U+061C, U+200E-F, U+202A-E, U+2066-9) as \u{NNNN}. A tab becomes a space.
std::string Printable(std::string_view text);

// The same for JSON, whose text keeps its meaning: \uNNNN. Layout between values stays.
std::string EscapeForJson(std::string_view json);

}  // namespace tongjian::program
