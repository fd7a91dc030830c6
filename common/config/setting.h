// One registered setting, whatever its type.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace tongjian::config {

enum class Shape { kScalar, kSwitch, kList };

struct Setting {
  std::string name;
  std::string help;
  std::string allowed;       // For people; may be empty.
  std::string placeholder;   // In the help text: "<duration>".
  std::string default_text;  // In the file's syntax.
  std::string source = "default";
  Shape shape = Shape::kScalar;
  bool secret = false;
  bool flag_only = false;  // Neither in the environment nor in the file.
  bool file_key = true;
  bool required = false;

  // Sets the target when `values` (one, unless a list) are within the limits.
  std::function<absl::Status(const std::vector<std::string>& values)> set;
  std::function<std::string()> show;  // In the file's syntax.
  std::function<bool()> empty = [] { return false; };

  // "imaging" of "imaging.quiet-time"; empty without a dot.
  std::string Section() const;
  // "TONGJIAN_IMAGING_QUIET_TIME".
  std::string Variable() const;
};

// The texts of Settings::Describe and Settings::Help.
std::string DescribeSettings(const std::vector<Setting>& settings, const std::string& command);
std::string HelpText(const std::vector<Setting>& settings, const std::string& command);

}  // namespace tongjian::config
