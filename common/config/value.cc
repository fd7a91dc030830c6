#include "common/config/value.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/toml.h"

namespace tongjian::config {
namespace {

struct Unit {
  const char* name;
  int shift;
};
constexpr Unit kUnits[] = {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}};

absl::Status MustBe(const std::string& what) {
  return base::InvalidField("", absl::StrCat("must be ", what));
}

std::string OneOf(const std::vector<std::string>& allowed) {
  return absl::StrCat("one of ", absl::StrJoin(allowed, ", "));
}

bool Contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Both ends of a range, an end at the type's own limit left out.
std::string Range(bool has_min, const std::string& min, bool has_max, const std::string& max) {
  if (has_min && has_max) return absl::StrCat(min, " to ", max);
  if (has_min) return absl::StrCat("at least ", min);
  return has_max ? absl::StrCat("at most ", max) : "";
}

// How many letters must be changed, added or taken away (Levenshtein).
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

absl::StatusOr<std::string> ReadText(const std::string& text, const TextLimits& limits) {
  if (text.size() > limits.size_max)
    return MustBe(absl::StrCat("at most ", limits.size_max, " bytes"));
  const bool unset = text.empty() && !limits.required;
  if (!limits.allowed.empty() && !unset && !Contains(limits.allowed, text)) {
    return MustBe(OneOf(limits.allowed));
  }
  return text;
}

absl::StatusOr<int64_t> ReadInt(const std::string& text, const IntLimits& limits) {
  int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value)) return MustBe("a whole number");
  if (value < limits.min || value > limits.max) return MustBe(Allowed(limits));
  return value;
}

absl::StatusOr<bool> ReadBool(const std::string& text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return MustBe("true or false");
}

absl::StatusOr<absl::Duration> ReadDuration(const std::string& text, const DurationLimits& limits) {
  absl::Duration value;
  int64_t days = 0;
  if (absl::EndsWith(text, "d") && absl::SimpleAtoi(text.substr(0, text.size() - 1), &days)) {
    value = absl::Hours(24) * days;
  } else if (!absl::ParseDuration(text, &value) || value == absl::InfiniteDuration() ||
             value == -absl::InfiniteDuration()) {
    return MustBe("a duration such as 500ms, 30s, 5m, 2h or 7d");
  }
  if (value < limits.min || value > limits.max) return MustBe(Allowed(limits));
  return value;
}

absl::StatusOr<ByteSize> ReadSize(const std::string& text, const SizeLimits& limits) {
  std::string digits = text;
  int shift = 0;
  for (const Unit& unit : kUnits) {
    if (absl::EndsWith(text, unit.name)) {
      digits.resize(text.size() - 3);
      shift = unit.shift;
    }
  }
  int64_t number = 0;
  const bool plain = absl::SimpleAtoi(digits, &number) && number >= 0;
  if (!plain || number > (std::numeric_limits<int64_t>::max() >> shift)) {
    return MustBe("a size such as 512, 64KiB, 16MiB, 2GiB or 1TiB");
  }
  const ByteSize value{number << shift};
  if (value.bytes < limits.min.bytes || value.bytes > limits.max.bytes)
    return MustBe(Allowed(limits));
  return value;
}

absl::StatusOr<std::vector<std::string>> ReadList(const std::vector<std::string>& values,
                                                  const ListLimits& limits) {
  if (values.size() > limits.count_max)
    return MustBe(absl::StrCat("at most ", limits.count_max, " values"));
  for (const std::string& value : values) {
    if (value.empty()) return MustBe("a list without empty values");
    if (!limits.allowed.empty() && !Contains(limits.allowed, value)) return MustBe(Allowed(limits));
  }
  return values;
}

std::string Allowed(const TextLimits& limits) {
  return limits.allowed.empty() ? "" : OneOf(limits.allowed);
}

std::string Allowed(const IntLimits& limits) {
  const IntLimits none;
  return Range(limits.min != none.min, absl::StrCat(limits.min), limits.max != none.max,
               absl::StrCat(limits.max));
}

std::string Allowed(const DurationLimits& limits) {
  const DurationLimits none;
  return Range(true, absl::FormatDuration(limits.min), limits.max != none.max,
               absl::FormatDuration(limits.max));
}

std::string Allowed(const SizeLimits& limits) {
  const SizeLimits none;
  return Range(limits.min.bytes > 0, ShowSize(limits.min), limits.max.bytes != none.max.bytes,
               ShowSize(limits.max));
}

std::string Allowed(const ListLimits& limits) {
  return limits.allowed.empty() ? "" : absl::StrCat("any of ", absl::StrJoin(limits.allowed, ", "));
}

std::string ShowDuration(absl::Duration value) { return absl::FormatDuration(value); }

std::string ShowSize(ByteSize value) {
  for (const Unit& unit : kUnits) {
    const int64_t number = value.bytes >> unit.shift;
    if (number > 0 && number << unit.shift == value.bytes) return absl::StrCat(number, unit.name);
  }
  return absl::StrCat(value.bytes);
}

std::string ShowList(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(TomlString(value));
  return absl::StrCat("[", absl::StrJoin(quoted, ", "), "]");
}

std::string Nearest(std::string_view name, const std::vector<std::string>& known) {
  std::string nearest;
  size_t fewest = std::numeric_limits<size_t>::max();
  for (const std::string& candidate : known) {
    if (const size_t distance = Distance(name, candidate); distance < fewest) {
      fewest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace tongjian::config
