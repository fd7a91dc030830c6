#include "tests/unit/tidy/rules.h"

#include <algorithm>
#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tongjian::tidy {
namespace {

constexpr size_t kSourceLinesMax = 500;
constexpr size_t kHeaderLinesMax = 220;
constexpr size_t kFunctionLinesMax = 70;
constexpr size_t kColumnsMax = 140;

// Folders of common that know medicine's wire formats, and the one that starts everything.
constexpr const char* kMedicine[] = {"acquisition", "dicom", "hl7", "terminology", "runtime"};

using Lines = std::vector<std::string>;

Lines Split(std::string_view text) { return absl::StrSplit(std::string(text), '\n'); }

std::string At(std::string_view path, size_t index, std::string_view what) {
  return absl::StrCat(std::string(path), ":", index + 1, ": ", std::string(what));
}

bool IsHeader(std::string_view path) { return path.ends_with(".h"); }
bool IsTest(std::string_view path) { return path.starts_with("tests/"); }

// Whether a line is worth the slow look of a regular expression.
bool HasAny(const std::string& line, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return line.find(word) != std::string::npos; });
}

// The line without its comment and, when asked, without what stands in quotes.
std::string Code(const std::string& line, bool keep_text) {
  std::string code;
  char quote = '\0';
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\0' && line.compare(i, 2, "//") == 0) break;
    if (quote != '\0' && c == '\\') {
      if (keep_text) code += line.substr(i, 2);
      ++i;
      continue;
    }
    if (c == '"' || (c == '\'' && quote != '"')) {
      if (quote == '\0') {
        quote = c;
      } else if (quote == c) {
        quote = '\0';
      }
      code.push_back(c);
    } else if (quote == '\0' || keep_text) {
      code.push_back(c);
    }
  }
  return code;
}

// How wide a line is: bytes that begin a character.
size_t Columns(const std::string& line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// "imaging" of "services/imaging/module.cc".
std::string Folder(std::string_view path) {
  const Lines parts = absl::StrSplit(std::string(path), '/');
  return parts.size() > 2 ? parts[1] : "";
}

bool KnowsMedicine(const std::string& folder) {
  return std::find(std::begin(kMedicine), std::end(kMedicine), folder) != std::end(kMedicine);
}

// Functions at the left margin, as clang-format lays them out: from the line that begins one to its
// closing brace.
void CheckFunctions(std::string_view path, const Lines& lines, std::vector<std::string>* found) {
  size_t begin = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == "}") {
      if (i - begin + 1 > kFunctionLinesMax) {
        found->push_back(At(path, begin, absl::StrCat("a function of ", i - begin + 1, " lines")));
      }
    } else if (!lines[i].empty() && lines[i][0] != ' ' && lines[i][0] != '}' &&
               lines[i][0] != ')') {
      begin = i;
    }
  }
}

}  // namespace

std::vector<std::string> CheckText(std::string_view path, std::string_view text) {
  static const std::regex task_mark(
      "\\b(TO"
      "DO|FIX"
      "ME)\\b");
  static const std::regex machine_path(
      "(^|[^A-Za-z0-9_.])/(wo"
      "rk|fa"
      "rm|ro"
      "ot)/");
  static const std::regex direction("\xE2\x80[\xAA-\xAE]|\xE2\x81[\xA6-\xA9]");
  std::vector<std::string> found;
  const Lines lines = Split(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    if (line.find('\t') != std::string::npos) found.push_back(At(path, i, "a tab"));
    if (line.find('\r') != std::string::npos) found.push_back(At(path, i, "a carriage return"));
    if (HasAny(line, {"TO"
                      "DO",
                      "FIX"
                      "ME"}) &&
        std::regex_search(line, task_mark))
      found.push_back(At(path, i, "a task left over"));
    if (HasAny(line, {"/wo"
                      "rk/",
                      "/fa"
                      "rm/",
                      "/ro"
                      "ot/"}) &&
        std::regex_search(line, machine_path))
      found.push_back(At(path, i, "a path of one machine"));
    if (HasAny(line, {"\xE2\x80", "\xE2\x81"}) && std::regex_search(line, direction))
      found.push_back(At(path, i, "a mark of text direction"));
  }
  if (!text.empty() && text.back() != '\n')
    found.push_back(At(path, lines.size() - 1, "no newline at the end"));
  return found;
}

std::vector<std::string> CheckCode(std::string_view path, std::string_view text) {
  static const std::regex shell(
      "(^|[^A-Za-z0-9_.>])(sys"
      "tem|po"
      "pen)\\s*\\(");
  static const std::regex shell_path("exec[lv]p?e?\\s*\\(\\s*\"(/bin/)?(ba)?sh\"");
  static const std::regex empty_word(
      "\\b(class|struct) \\w*(Mana"
      "ger|Hel"
      "per|Uti"
      "ls?|Mi"
      "sc)\\b");
  std::vector<std::string> found;
  const Lines lines = Split(text);
  const size_t lines_max = IsHeader(path) ? kHeaderLinesMax : kSourceLinesMax;
  if (lines.size() - 1 > lines_max) {
    found.push_back(
        At(path, lines_max, absl::StrCat(lines.size() - 1, " lines, ", lines_max, " at most")));
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (Columns(lines[i]) > kColumnsMax)
      found.push_back(At(path, i, absl::StrCat("wider than ", kColumnsMax)));
    if (!HasAny(lines[i], {"sys"
                           "tem",
                           "po"
                           "pen",
                           "exec", "class ", "struct "}))
      continue;
    const std::string code = Code(lines[i], false);
    if (std::regex_search(code, shell) || std::regex_search(Code(lines[i], true), shell_path)) {
      found.push_back(At(path, i, "a shell"));
    }
    if (std::regex_search(code, empty_word)) {
      found.push_back(At(path, i, "a class with an empty name"));
    }
  }
  if (IsHeader(path) && text.find("\n#pragma once\n") == std::string_view::npos &&
      !text.starts_with("#pragma once\n")) {
    found.push_back(At(path, 0, "no #pragma once"));
  }
  if (!IsTest(path)) CheckFunctions(path, lines, &found);
  return found;
}

std::vector<std::string> CheckIncludes(std::string_view path, std::string_view text) {
  static const std::regex include("^\\s*#include \"([^\"]+)\"");
  std::vector<std::string> found;
  const Lines lines = Split(text);
  const std::string folder = Folder(path);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find("#include") == std::string::npos) continue;
    std::smatch match;
    if (!std::regex_search(lines[i], match, include)) continue;
    const std::string target = match[1];
    const bool to_service = absl::StartsWith(target, "services/");
    if (path.starts_with("common/")) {
      if (to_service || absl::StartsWith(target, "tests/")) {
        found.push_back(At(path, i, "common includes " + target));
      }
      const bool to_medicine = absl::StartsWith(target, "common/") && KnowsMedicine(Folder(target));
      if (to_medicine && !KnowsMedicine(folder)) {
        found.push_back(At(path, i, folder + " knows no medicine but includes " + target));
      }
      const bool leaves_base = absl::StartsWith(target, "common/") && Folder(target) != "base";
      if (folder == "base" && leaves_base) found.push_back(At(path, i, "base includes " + target));
    }
    if (path.starts_with("services/")) {
      // The program that holds all services knows how to construct them; a command may drive one
      // without a server.
      const bool command = path.ends_with("_command.cc");
      const bool own = Folder(target) == folder ||
                       (folder == "tongjian" && (command || absl::EndsWith(target, "/module.h")));
      if (to_service && !own) found.push_back(At(path, i, "a service includes another: " + target));
      if (absl::StartsWith(target, "tests/"))
        found.push_back(At(path, i, "a service includes " + target));
    }
  }
  return found;
}

std::vector<std::string> CheckName(std::string_view path) {
  static const std::regex empty_word(
      "(^|[/_])(uti"
      "ls?|hel"
      "pers?|mana"
      "gers?|mi"
      "sc)([/_.]|$)");
  static const std::regex snake_case("(^|/)[a-z0-9_]+\\.(cc|h)$");
  std::vector<std::string> found;
  const std::string name(path);
  if (std::regex_search(name, empty_word)) found.push_back(At(path, 0, "an empty word for a name"));
  const bool is_code = absl::EndsWith(name, ".cc") || absl::EndsWith(name, ".h");
  if (is_code && !std::regex_search(name, snake_case))
    found.push_back(At(path, 0, "not snake_case"));
  if (absl::StartsWith(name, "common/") && Folder(name).empty()) {
    found.push_back(At(path, 0, "a file directly in common"));
  }
  return found;
}

std::vector<std::string> CheckSql(std::string_view path, std::string_view text) {
  static const std::regex sql(
      "\"\\s*(select .*\\bfrom|insert into|update \\w+ set|delete from|create table) ");
  static const std::regex home("_(store|rows|list)[a-z_]*\\.(cc|h)$");
  std::vector<std::string> found;
  if (!path.starts_with("services/") || std::regex_search(std::string(path), home)) return found;
  const Lines lines = Split(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (std::regex_search(Code(lines[i], true), sql))
      found.push_back(At(path, i, "SQL outside a store"));
  }
  return found;
}

}  // namespace tongjian::tidy
