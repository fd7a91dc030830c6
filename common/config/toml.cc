#include "common/config/toml.h"

#include <cstdint>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tongjian::config {
namespace {

bool IsBare(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
}

void AppendUtf8(uint32_t point, std::string* out) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | point >> 6));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else if (point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | point >> 12));
    out->push_back(static_cast<char>(0x80 | (point >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | point >> 18));
    out->push_back(static_cast<char>(0x80 | (point >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

// A recursive-descent reader over the text.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);  // Some editors' mark of UTF-8.
  }

  absl::StatusOr<std::vector<TomlItem>> Run() {
    while (SkipBlank(), !rest_.empty()) {
      TJ_TRY(rest_.front() == '[' ? Section() : KeyValue());
      TJ_TRY(EndOfLine());
    }
    return std::move(items_);
  }

 private:
  absl::Status Section() {
    Take();
    if (Next() == '[') return Wrong("tables in arrays are not used here");
    TJ_ASSIGN_OR_RETURN(section_, Key());
    if (!Take(']')) return Wrong("a section ends with ']'");
    if (!sections_.insert(section_).second) {
      return Wrong(absl::StrCat("section [", section_, "] is there twice"));
    }
    return absl::OkStatus();
  }

  absl::Status KeyValue() {
    TomlItem item;
    item.line = line_;
    TJ_ASSIGN_OR_RETURN(const std::string key, Key());
    item.name = section_.empty() ? key : absl::StrCat(section_, ".", key);
    if (!Take('=')) return Wrong("expected `key = value`");
    SkipSpaces();
    if (Next() == '[') {
      item.is_list = true;
      TJ_TRY(List(&item.values));
    } else {
      TJ_ASSIGN_OR_RETURN(std::string value, Scalar());
      item.values.push_back(std::move(value));
    }
    if (!names_.insert(item.name).second) return Wrong(absl::StrCat(item.name, " is there twice"));
    items_.push_back(std::move(item));
    return absl::OkStatus();
  }

  // Bare words joined by dots, spaces around each.
  absl::StatusOr<std::string> Key() {
    std::string key;
    while (true) {
      SkipSpaces();
      size_t size = 0;
      while (size < rest_.size() && IsBare(rest_[size])) ++size;
      if (size == 0) return Wrong("a key is letters, digits, '-' and '_', sections joined by '.'");
      key.append(rest_.substr(0, size));
      rest_.remove_prefix(size);
      SkipSpaces();
      if (!Take('.')) return key;
      key.push_back('.');
    }
  }

  absl::Status List(std::vector<std::string>* values) {
    Take();
    while (true) {
      SkipBlank();
      if (Take(']')) return absl::OkStatus();
      if (rest_.empty()) return Wrong("a list has no end");
      TJ_ASSIGN_OR_RETURN(std::string value, Scalar());
      values->push_back(std::move(value));
      SkipBlank();
      if (Next() != ']' && !Take(',')) return Wrong("expected ',' or ']' in a list");
    }
  }

  absl::StatusOr<std::string> Scalar() {
    if (rest_.starts_with("\"\"\"") || rest_.starts_with("\'\'\'")) {
      return Wrong("text over several lines is not used here");
    }
    if (Next() == '"') return Basic();
    if (Next() == '\'') return Literal();
    size_t size = 0;
    while (size < rest_.size() && (IsBare(rest_[size]) || rest_[size] == '+')) ++size;
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    if (word == "true" || word == "false") return word;
    return Integer(std::move(word));
  }

  absl::StatusOr<std::string> Integer(std::string word) {
    const std::string_view digits =
        std::string_view(word).substr(word.starts_with('-') || word.starts_with('+') ? 1 : 0);
    const bool plain = digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits.empty() || !plain || (digits.size() > 1 && digits[0] == '0')) {
      return Wrong("a value is \"text\" in quotes, a whole number, true, false or a list of these");
    }
    return word;
  }

  absl::StatusOr<std::string> Literal() {
    const size_t end = rest_.find_first_of("'\n", 1);
    if (end == std::string_view::npos || rest_[end] == '\n') return Wrong("a quote has no end");
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  absl::StatusOr<std::string> Basic() {
    Take();
    std::string text;
    while (!rest_.empty() && Next() != '\n') {
      const char c = Take();
      if (c == '"') return text;
      if (c == '\\') {
        TJ_TRY(Escape(&text));
      } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
        return Wrong("a control character in text is written \\u00XX");
      } else {
        text.push_back(c);
      }
    }
    return Wrong("a quote has no end");
  }

  absl::Status Escape(std::string* text) {
    static constexpr std::string_view kLetters = "btnfr\"\\", kMeanings = "\b\t\n\f\r\"\\";
    const char letter = rest_.empty() ? '\0' : Take();
    if (const size_t at = kLetters.find(letter); at != std::string_view::npos) {
      text->push_back(kMeanings[at]);
      return absl::OkStatus();
    }
    const size_t digits = letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    if (digits == 0 || rest_.size() < digits) return Wrong("no such escape in text");
    uint32_t point = 0;
    for (size_t i = 0; i < digits; ++i) {
      const auto digit = static_cast<unsigned char>(Take());
      if (!absl::ascii_isxdigit(digit)) return Wrong("no such escape in text");
      point = point << 4 | (absl::ascii_isdigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return Wrong("no such character");
    AppendUtf8(point, text);
    return absl::OkStatus();
  }

  absl::Status EndOfLine() {
    SkipSpaces();
    SkipComment();
    if (Next() == '\r') Take();
    if (rest_.empty() || Next() == '\n') return absl::OkStatus();
    return Wrong("more on the line than one setting");
  }

  char Next() const { return rest_.empty() ? '\0' : rest_.front(); }
  char Take() {
    const char c = rest_.front();
    if (c == '\n') ++line_;
    rest_.remove_prefix(1);
    return c;
  }
  bool Take(char expected) {
    if (Next() != expected || rest_.empty()) return false;
    Take();
    return true;
  }
  void SkipSpaces() {
    while (Next() == ' ' || Next() == '\t') Take();
  }
  void SkipComment() {
    if (Next() != '#') return;
    while (!rest_.empty() && Next() != '\n') Take();
  }
  // Spaces, comments and line ends.
  void SkipBlank() {
    while (Next() == ' ' || Next() == '\t' || Next() == '\r' || Next() == '\n' || Next() == '#') {
      SkipComment();
      if (!rest_.empty()) Take();
    }
  }
  absl::Status Wrong(std::string_view what) const {
    return base::InvalidField("", absl::StrCat("line ", line_, ": ", std::string(what)));
  }

  std::string_view rest_;
  int line_ = 1;
  std::string section_;
  std::set<std::string> sections_;
  std::set<std::string> names_;
  std::vector<TomlItem> items_;
};

}  // namespace

absl::StatusOr<std::vector<TomlItem>> ParseToml(std::string_view text) {
  return Parser(text).Run();
}

std::string TomlString(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      absl::StrAppend(&quoted, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "\"";
}

}  // namespace tongjian::config
