// The house's rules that a program can check (STYLE, sections 2, 3 and 9).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tongjian::tidy {

// Each gives the breaches of one rule as "<path>:<line>: <what>". `path` is relative to the source
// root.

// Every text file: no tab, no carriage return, no left-over task mark, no mark that changes the
// direction of text, no path of one developer's machine.
std::vector<std::string> CheckText(std::string_view path, std::string_view text);
// C++ files: ceilings of size, one include guard, no shell.
std::vector<std::string> CheckCode(std::string_view path, std::string_view text);
// C++ files: common never includes services, a service never another service, what knows no
// medicine nothing that does.
std::vector<std::string> CheckIncludes(std::string_view path, std::string_view text);
// Any file: no empty words for names, no file directly in common, snake_case for C++.
std::vector<std::string> CheckName(std::string_view path);
// Files of services: SQL only in *_store, *_rows and *_list files.
std::vector<std::string> CheckSql(std::string_view path, std::string_view text);

}  // namespace tongjian::tidy
