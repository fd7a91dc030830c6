#include "common/store/statement.h"

#include <algorithm>
#include <cctype>

namespace tongjian::store {
namespace {

bool IsNameCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

}  // namespace

void AppendSignature(std::span<const Value> values, std::string& key) {
  constexpr char kLetters[] = {'t', 'i', 'r', 't'};  // in the order of Value's alternatives
  for (const Value& value : values) key += kLetters[value.index()];
}

std::vector<std::string> ParameterNames(std::string_view sql) {
  std::vector<std::string> names;
  char quote = 0;
  for (size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ':' && i + 1 < sql.size()) {
      size_t end = i + 1;
      while (end < sql.size() && IsNameCharacter(sql[end])) ++end;
      const std::string name(sql.substr(i + 1, end - i - 1));
      if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
      i = name.empty() ? i + 1 : end - 1;
    }
  }
  return names;
}

}  // namespace tongjian::store
