// Settings from flags, environment, a TOML file and defaults, in one registration per setting.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"

namespace tongjian::config {

// A number of bytes; written "512", "64KiB", "64MiB", "2GiB" or "1TiB".
struct ByteSize {
  int64_t bytes = 0;
};
constexpr ByteSize KiB(int64_t n) { return {n << 10}; }
constexpr ByteSize MiB(int64_t n) { return {n << 20}; }
constexpr ByteSize GiB(int64_t n) { return {n << 30}; }

// What a value must keep to. Anything else is refused with an error that says what is allowed.
struct TextLimits {
  std::vector<std::string> allowed = {};  // Empty: any text.
  bool required = false;                  // The effective value must not be empty.
  bool secret = false;                    // Masked wherever settings are shown.
  size_t size_max = 4096;
};
struct IntLimits {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};
struct DurationLimits {
  absl::Duration min = absl::ZeroDuration();
  absl::Duration max = absl::Hours(24 * 3660);
};
struct SizeLimits {
  ByteSize min = {0};
  ByteSize max = {std::numeric_limits<int64_t>::max()};
};
struct ListLimits {
  std::vector<std::string> allowed = {};  // Empty: any text.
  bool required = false;                  // At least one.
  size_t count_max = 1024;
};

using Environment = std::map<std::string, std::string>;
// The variables of this process whose names begin with TONGJIAN_.
Environment ProcessEnvironment();

// All settings of one command. Each module adds its fields, whose values at that moment are the
// defaults; Parse then fills them: flag before environment before file before default. A setting
// "imaging.quiet-time" is the flag
// --imaging.quiet-time, the variable TONGJIAN_IMAGING_QUIET_TIME and the key quiet-time of the
// file's section [imaging]. The settings "config" (the file), "help" and "show-settings" are built
// in. Not for concurrent use; every target must outlive Parse.
class Settings {
 public:
  // `command`: how the command is called, for the help text: "tongjian serve".
  explicit Settings(std::string_view command);
  ~Settings();

  // `name`: lower-case words joined by '-', sections by '.'; checked, as is that no name comes
  // twice and that the default is within its limits. `help`: one sentence, no full stop.
  void Add(std::string_view name, std::string* target, std::string_view help,
           TextLimits limits = {});
  void Add(std::string_view name, int64_t* target, std::string_view help, IntLimits limits = {});
  void Add(std::string_view name, bool* target, std::string_view help);
  void Add(std::string_view name, absl::Duration* target, std::string_view help,
           DurationLimits limits = {});
  void Add(std::string_view name, ByteSize* target, std::string_view help, SizeLimits limits = {});
  // Written a,b,c or repeated in flags, a,b,c in the environment, ["a", "b"] in the file.
  void Add(std::string_view name, std::vector<std::string>* target, std::string_view help,
           ListLimits limits = {});

  // `args`: what follows the command's name. INVALID_ARGUMENT, with the name, where it came from
  // and the nearest known name, for an unknown flag, an unknown key in the file or an unknown
  // TONGJIAN_ variable of a known section, and for a value outside its limits; NOT_FOUND for a
  // missing file. Messages never hold the value of a secret.
  absl::Status Parse(const std::vector<std::string>& args,
                     const Environment& environment = ProcessEnvironment());

  // After Parse: the caller asked to see Help() or Describe() rather than to run.
  bool help_asked() const;
  bool description_asked() const;
  // The file that was read, or empty.
  const std::string& file() const;

  // One line per setting, `name = value  # source`, grouped by section, in the file's own syntax;
  // secrets as "********".
  std::string Describe() const;
  // The help text, grouped by section, with defaults and limits.
  std::string Help() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tongjian::config
