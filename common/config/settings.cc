#include "common/config/settings.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/config/setting.h"
#include "common/config/toml.h"
#include "common/config/value.h"

namespace tongjian::config {
namespace {

constexpr char kPrefix[] = "TONGJIAN_";
constexpr size_t kFileBytesMax = 1 << 20;

using Values = std::vector<std::string>;

// What the command line holds, by setting name, and the first word that is no setting.
struct Flags {
  std::map<std::string, Values> given;
  std::string unknown;
};

bool PlainName(std::string_view name) {
  bool word = false;  // Whether the name may end or go on with '-' or '.' here.
  for (char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && !(word && (c == '-' || c == '.'))) return false;
    word = letter;
  }
  return word;
}

Values SplitList(const std::string& text) { return absl::StrSplit(text, ',', absl::SkipEmpty()); }

// Last first; and "--name=" in two words, for CLI11 would take the next flag as its value.
Values AsCli11Wants(const std::vector<Setting>& settings, const Values& args) {
  Values words;
  for (const std::string& arg : args) {
    const auto takes_nothing = [&](const Setting& setting) {
      return setting.shape != Shape::kSwitch && arg == absl::StrCat("--", setting.name, "=");
    };
    if (std::any_of(settings.begin(), settings.end(), takes_nothing)) {
      words.push_back(arg.substr(0, arg.size() - 1));
      words.emplace_back();
    } else {
      words.push_back(arg);
    }
  }
  std::reverse(words.begin(), words.end());
  return words;
}

// CLI11 takes the words apart; everything is text here, so that flags, environment and file are
// read by the same code.
absl::StatusOr<Flags> ReadFlags(const std::vector<Setting>& settings, const Values& args) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::map<std::string, CLI::Option*> options;
  Flags flags;
  try {
    for (const Setting& setting : settings) {
      const std::string flag = absl::StrCat("--", setting.name);
      CLI::Option* option = setting.shape == Shape::kSwitch
                                ? app.add_flag(flag)
                                : app.add_option(flag)->type_size(1)->expected(1);
      if (setting.shape == Shape::kList) {
        option->take_all();
        option->allow_extra_args(false);
      } else {
        option->multi_option_policy(CLI::MultiOptionPolicy::Throw);
      }
      options[setting.name] = option;
    }
    app.parse(AsCli11Wants(settings, args));
    for (const auto& [name, option] : options) {
      if (option->count() > 0) flags.given[name] = option->results();
    }
    if (const Values left = app.remaining(); !left.empty()) flags.unknown = left.front();
  } catch (const CLI::Error& error) {
    return base::InvalidField("", absl::StrCat("command line: ", error.what()));
  }
  return flags;
}

Setting Scalar(std::string_view name, std::string_view help, std::string placeholder,
               std::string allowed) {
  Setting setting;
  setting.name = name;
  setting.help = help;
  setting.placeholder = std::move(placeholder);
  setting.allowed = std::move(allowed);
  return setting;
}

// Reads one value by `read` into `target`.
template <class T, class Read>
auto Setter(T* target, Read read) {
  return [target, read](const Values& values) -> absl::Status {
    if (values.size() != 1) return base::InvalidField("", "must be one value");
    TJ_ASSIGN_OR_RETURN(*target, read(values.front()));
    return absl::OkStatus();
  };
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return base::Error(absl::StatusCode::kNotFound, "NOT_FOUND", "config",
                       absl::StrCat("cannot read the settings file ", path));
  }
  std::string text(kFileBytesMax + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  if (stream.bad() || text.size() > kFileBytesMax) {
    return base::InvalidField("config",
                              absl::StrCat(path, " is not a settings file (1 MiB at most)"));
  }
  return text;
}

}  // namespace

struct Settings::State {
  std::string command;
  std::string wanted_file;  // The default of --config.
  std::string file;
  bool help = false;
  bool describe = false;
  std::vector<Setting> settings;

  void Add(Setting setting) {
    TJ_CHECK(PlainName(setting.name));
    for (const Setting& other : settings) TJ_CHECK(other.Variable() != setting.Variable());
    setting.default_text = setting.show();
    settings.push_back(std::move(setting));
  }

  Setting* Find(std::string_view name) {
    for (Setting& setting : settings) {
      if (setting.name == name) return &setting;
    }
    return nullptr;
  }

  // Called for the file, then the environment, then the flags, so that the last one wins.
  absl::Status Set(Setting& setting, const Values& values, const std::string& source) {
    const absl::Status status = setting.set(values);
    if (!status.ok()) {
      std::string got;
      if (!setting.secret && values.size() == 1)
        got = absl::StrCat(", not ", TomlString(values[0]));
      return base::InvalidField(
          setting.name, absl::StrCat(setting.name, " (", source, ") ", status.message(), got));
    }
    setting.source = source;
    return absl::OkStatus();
  }

  absl::Status Unknown(const std::string& what, std::string_view name, const Values& known) {
    const std::string nearest = Nearest(name, known);
    return base::InvalidField(std::string(name),
                              absl::StrCat(what, nearest.empty() ? "" : "; did you mean ", nearest,
                                           nearest.empty() ? "" : "?"));
  }

  absl::Status TakeFile(const std::string& path) {
    TJ_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    absl::StatusOr<std::vector<TomlItem>> items = ParseToml(text);
    if (!items.ok())
      return base::InvalidField("config", absl::StrCat(path, ", ", items.status().message()));
    for (const TomlItem& item : *items) {
      const std::string source = absl::StrCat("file, line ", item.line);
      Setting* setting = Find(item.name);
      if (setting == nullptr || !setting->file_key) {
        return Unknown(absl::StrCat(path, ", line ", item.line, ": unknown setting ", item.name),
                       item.name, Names("", true));
      }
      if (item.is_list && setting->shape != Shape::kList) {
        return base::InvalidField(
            item.name, absl::StrCat(item.name, " (", source, ") is one value, not a list"));
      }
      TJ_TRY(Set(*setting, item.values, source));
    }
    file = path;
    return absl::OkStatus();
  }

  absl::Status TakeEnvironment(const Environment& environment) {
    std::set<std::string> used;
    for (Setting& setting : settings) {
      const auto at = environment.find(setting.Variable());
      if (setting.flag_only || at == environment.end()) continue;
      used.insert(at->first);
      const Values values =
          setting.shape == Shape::kList ? SplitList(at->second) : Values{at->second};
      TJ_TRY(Set(setting, values, absl::StrCat("environment, ", at->first)));
    }
    for (const auto& [variable, value] : environment) {
      if (used.count(variable) == 0) TJ_TRY(CheckForeign(variable));
    }
    return absl::OkStatus();
  }

  // Variables of other programs that begin the same (TONGJIAN_TEST_DATA) are theirs, unless they
  // look like one of a section here.
  absl::Status CheckForeign(const std::string& variable) {
    for (const Setting& setting : settings) {
      const std::string first(setting.name.substr(0, setting.name.find('.')));
      if (first == setting.name) continue;
      const std::string section = Setting{.name = first}.Variable();
      if (!absl::StartsWith(variable, section + "_")) continue;
      Values known;
      for (const Setting& other : settings) known.push_back(other.Variable());
      return Unknown(absl::StrCat("unknown environment variable ", variable), variable, known);
    }
    return absl::OkStatus();
  }

  absl::Status TakeFlags(const Flags& flags) {
    for (const auto& [name, values] : flags.given) {
      Setting& setting = *Find(name);
      if (setting.shape != Shape::kList) {
        TJ_TRY(Set(setting, values, "flag"));
        continue;
      }
      Values all;
      for (const std::string& value : values) {
        for (std::string& one : SplitList(value)) all.push_back(std::move(one));
      }
      TJ_TRY(Set(setting, all, "flag"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckUnknownFlag(const Flags& flags) {
    if (flags.unknown.empty()) return absl::OkStatus();
    if (!absl::StartsWith(flags.unknown, "-")) {
      return base::InvalidField(
          "", absl::StrCat("unexpected word on the command line: ", flags.unknown));
    }
    const std::string flag = flags.unknown.substr(0, flags.unknown.find('='));
    return Unknown(absl::StrCat("unknown flag ", flag), flag, Names("--", false));
  }

  absl::Status CheckRequired() const {
    for (const Setting& setting : settings) {
      if (setting.required && setting.empty()) {
        return base::InvalidField(setting.name,
                                  absl::StrCat(setting.name, " must be set: --", setting.name, ", ",
                                               setting.Variable(), " or in the settings file"));
      }
    }
    return absl::OkStatus();
  }

  Values Names(const std::string& prefix, bool in_file) const {
    Values names;
    for (const Setting& setting : settings) {
      if (!in_file || setting.file_key) names.push_back(absl::StrCat(prefix, setting.name));
    }
    return names;
  }
};

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Settings::Settings(std::string_view command) : state_(std::make_unique<State>()) {
  state_->command = command;
  Add("config", &state_->wanted_file, "The TOML file to read settings from");
  state_->settings.back().file_key = false;
  Add("help", &state_->help, "Show this text and end");
  state_->settings.back().flag_only = true;
  state_->settings.back().file_key = false;
  Add("show-settings", &state_->describe,
      "Show all settings in force, with their sources, and end");
  state_->settings.back().flag_only = true;
  state_->settings.back().file_key = false;
}

Settings::~Settings() = default;

void Settings::Add(std::string_view name, std::string* target, std::string_view help,
                   TextLimits limits) {
  TJ_CHECK(target->empty() || ReadText(*target, limits).ok());
  Setting setting = Scalar(name, help, "<text>", Allowed(limits));
  setting.secret = limits.secret;
  setting.required = limits.required;
  setting.set =
      Setter(target, [limits](const std::string& text) { return ReadText(text, limits); });
  setting.show = [target] { return TomlString(*target); };
  setting.empty = [target] { return target->empty(); };
  state_->Add(std::move(setting));
}

void Settings::Add(std::string_view name, int64_t* target, std::string_view help,
                   IntLimits limits) {
  TJ_CHECK(*target >= limits.min && *target <= limits.max);
  Setting setting = Scalar(name, help, "<number>", Allowed(limits));
  setting.set = Setter(target, [limits](const std::string& text) { return ReadInt(text, limits); });
  setting.show = [target] { return absl::StrCat(*target); };
  state_->Add(std::move(setting));
}

void Settings::Add(std::string_view name, bool* target, std::string_view help) {
  Setting setting = Scalar(name, help, "", "");
  setting.shape = Shape::kSwitch;
  setting.set = Setter(target, ReadBool);
  setting.show = [target] { return *target ? "true" : "false"; };
  state_->Add(std::move(setting));
}

void Settings::Add(std::string_view name, absl::Duration* target, std::string_view help,
                   DurationLimits limits) {
  TJ_CHECK(*target >= limits.min && *target <= limits.max);
  Setting setting = Scalar(name, help, "<duration>", Allowed(limits));
  setting.set =
      Setter(target, [limits](const std::string& text) { return ReadDuration(text, limits); });
  setting.show = [target] { return TomlString(ShowDuration(*target)); };
  state_->Add(std::move(setting));
}

void Settings::Add(std::string_view name, ByteSize* target, std::string_view help,
                   SizeLimits limits) {
  TJ_CHECK(target->bytes >= limits.min.bytes && target->bytes <= limits.max.bytes);
  Setting setting = Scalar(name, help, "<size>", Allowed(limits));
  setting.set =
      Setter(target, [limits](const std::string& text) { return ReadSize(text, limits); });
  setting.show = [target] { return TomlString(ShowSize(*target)); };
  state_->Add(std::move(setting));
}

void Settings::Add(std::string_view name, std::vector<std::string>* target, std::string_view help,
                   ListLimits limits) {
  TJ_CHECK(ReadList(*target, limits).ok());
  Setting setting = Scalar(name, help, "<list>", Allowed(limits));
  setting.shape = Shape::kList;
  setting.required = limits.required;
  setting.set = [target, limits](const Values& values) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(*target, ReadList(values, limits));
    return absl::OkStatus();
  };
  setting.show = [target] { return ShowList(*target); };
  setting.empty = [target] { return target->empty(); };
  state_->Add(std::move(setting));
}

absl::Status Settings::Parse(const std::vector<std::string>& args, const Environment& environment) {
  State& state = *state_;
  TJ_ASSIGN_OR_RETURN(const Flags flags, ReadFlags(state.settings, args));
  TJ_TRY(state.CheckUnknownFlag(flags));
  std::string path = state.wanted_file;
  if (const auto at = environment.find("TONGJIAN_CONFIG"); at != environment.end())
    path = at->second;
  if (const auto at = flags.given.find("config"); at != flags.given.end()) path = at->second.back();
  if (!path.empty()) TJ_TRY(state.TakeFile(path));
  TJ_TRY(state.TakeEnvironment(environment));
  TJ_TRY(state.TakeFlags(flags));
  return state.help ? absl::OkStatus() : state.CheckRequired();
}

bool Settings::help_asked() const { return state_->help; }
bool Settings::description_asked() const { return state_->describe; }
const std::string& Settings::file() const { return state_->file; }

std::string Settings::Describe() const {
  return DescribeSettings(state_->settings, state_->command);
}
std::string Settings::Help() const { return HelpText(state_->settings, state_->command); }

}  // namespace tongjian::config
