#include "common/config/setting.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tongjian::config {
namespace {

constexpr char kMask[] = "\"********\"";

// The sections in the order in which they were first added, the one without a name first.
std::vector<std::string> Sections(const std::vector<Setting>& settings) {
  std::vector<std::string> sections = {""};
  for (const Setting& setting : settings) {
    bool seen = false;
    for (const std::string& section : sections) seen = seen || section == setting.Section();
    if (!seen) sections.push_back(setting.Section());
  }
  return sections;
}

std::string Masked(const Setting& setting, const std::string& text) {
  return setting.secret && text != "\"\"" ? kMask : text;
}

void AppendHelp(const Setting& setting, std::string* out) {
  absl::StrAppend(out, "  --", setting.name);
  if (setting.shape != Shape::kSwitch) absl::StrAppend(out, " ", setting.placeholder);
  absl::StrAppend(out, "\n      ", setting.help);
  if (!setting.flag_only) {
    absl::StrAppend(out, " (", setting.required ? "required" : "default ",
                    setting.required ? "" : Masked(setting, setting.default_text));
    if (!setting.allowed.empty()) absl::StrAppend(out, "; ", setting.allowed);
    out->append(")");
  }
  out->append("\n");
}

}  // namespace

std::string Setting::Section() const {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

std::string Setting::Variable() const {
  return absl::StrCat("TONGJIAN_",
                      absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{".", "_"}, {"-", "_"}})));
}

std::string DescribeSettings(const std::vector<Setting>& settings, const std::string& command) {
  std::string out = absl::StrCat("# The settings in force of `", command, "`.\n");
  for (const std::string& section : Sections(settings)) {
    if (!section.empty()) absl::StrAppend(&out, "\n[", section, "]\n");
    for (const Setting& setting : settings) {
      if (setting.Section() != section || setting.flag_only) continue;
      const std::string key =
          section.empty() ? setting.name : setting.name.substr(section.size() + 1);
      // What the file may not hold is shown as a comment, so that the text can be used as a file.
      absl::StrAppend(&out, setting.file_key ? "" : "# ", key, " = ",
                      Masked(setting, setting.show()), "  # ", setting.source, "\n");
    }
  }
  return out;
}

std::string HelpText(const std::vector<Setting>& settings, const std::string& command) {
  std::string out = absl::StrCat(
      "Usage: ", command, " [--setting=value ...]\n\n",
      "Each setting can also stand in the file of --config, where --a.b-c is the key b-c of "
      "section\n",
      "[a], or in the environment as TONGJIAN_A_B_C. A flag wins over the environment, that over\n",
      "the file. Lists are written x,y,z.\n");
  for (const std::string& section : Sections(settings)) {
    absl::StrAppend(&out, "\n", section.empty() ? "general" : section, ":\n");
    for (const Setting& setting : settings) {
      if (setting.Section() == section) AppendHelp(setting, &out);
    }
  }
  return out;
}

}  // namespace tongjian::config
