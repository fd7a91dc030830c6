// Goal: whatever stands in a settings file, a flag or a variable, it is read as it looks or refused
// with a message. Method: the text is read as TOML; what is read is written in the file's syntax
// and read again. Its lines are then flags and values of settings of every kind.
#include <map>

#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/config/settings.h"
#include "common/config/toml.h"
#include "common/config/value.h"
#include "tests/fuzz/input.h"

namespace tongjian::config {
namespace {

void CheckToml(std::string_view text) {
  const absl::StatusOr<std::vector<TomlItem>> items = ParseToml(text);
  if (!items.ok()) {
    TJ_CHECK(!items.status().message().empty());
    return;
  }
  std::map<std::string, int> names;
  for (const TomlItem& item : *items) {
    TJ_CHECK(++names[item.name] == 1);
    TJ_CHECK(item.is_list || item.values.size() == 1);
    for (const std::string& value : item.values) {
      const auto again = ParseToml("key = " + TomlString(value) + "\n");
      TJ_CHECK(again.ok() && again->size() == 1 && again->front().values.front() == value);
    }
  }
}

// What is read must show as something that reads as the same.
void CheckValues(const std::string& text) {
  if (const auto duration = ReadDuration(text, {}); duration.ok()) {
    const auto again = ReadDuration(ShowDuration(*duration), {});
    TJ_CHECK(again.ok() && *again == *duration);
  }
  if (const auto size = ReadSize(text, {}); size.ok()) {
    const auto again = ReadSize(ShowSize(*size), {});
    TJ_CHECK(again.ok() && again->bytes == size->bytes);
  }
  if (const auto number = ReadInt(text, {.min = -5, .max = 5}); number.ok())
    TJ_CHECK(*number >= -5 && *number <= 5);
  (void)ReadBool(text);
  (void)Nearest(text, {"rpc.listen", "dicom.port"});
}

void CheckSettings(std::string_view text) {
  std::string name = "a";
  int64_t number = 1;
  bool flag = false;
  absl::Duration duration = absl::Seconds(1);
  ByteSize size = KiB(1);
  std::vector<std::string> list;
  Settings settings("fuzz");
  settings.Add("name", &name, "A text", {.size_max = 100});
  settings.Add("part.number", &number, "A number", {.min = 0, .max = 10});
  settings.Add("part.flag", &flag, "A flag");
  settings.Add("part.duration", &duration, "A duration");
  settings.Add("part.size", &size, "A size");
  settings.Add("part.list", &list, "A list", {.count_max = 10});
  std::vector<std::string> arguments;
  Environment environment;
  for (const std::string_view line :
       std::vector<std::string>(absl::StrSplit(std::string(text.substr(0, 4096)), '\n'))) {
    if (line.starts_with("config") || line.starts_with("--config")) continue;  // No file is opened.
    if (line.starts_with("TONGJIAN_") && line.find('=') != std::string_view::npos) {
      environment[std::string(line.substr(0, line.find('=')))] = line.substr(line.find('=') + 1);
    } else {
      arguments.emplace_back(line);
    }
  }
  environment.erase("TONGJIAN_CONFIG");
  if (!settings.Parse(arguments, environment).ok()) return;
  TJ_CHECK(number >= 0 && number <= 10 && list.size() <= 10 && name.size() <= 100);
  TJ_CHECK(!settings.Describe().empty() && !settings.Help().empty());
}

}  // namespace
}  // namespace tongjian::config

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace config = tongjian::config;
  const std::string text(reinterpret_cast<const char*>(data), size);
  config::CheckToml(text);
  config::CheckValues(text);
  config::CheckSettings(text);
  return 0;
}
