// The log: one JSON object a line, never patient data.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tongjian::telemetry {

enum class Level { kDebug, kInfo, kWarning, kError };

// DEBUG, INFO, WARNING or ERROR (any case). INVALID_ARGUMENT otherwise.
absl::Status ParseLevel(std::string_view text, Level* level);

struct LogOptions {
  std::string service = "tongjian";  // The "service" of every line.
  Level level = Level::kInfo;
  std::string file = {};  // Empty: standard error.
  int64_t file_bytes_max = int64_t{64} << 20;
  int64_t files_max = 8;  // Rotated files kept beside the current one.
  // Instead of either, for tests: gets each line without its newline.
  std::function<void(std::string_view)> sink = {};
};

// Says where the log goes from now on; until then it goes to standard error at INFO. Safe for
// concurrent use. PERMISSION_DENIED and the like when the file cannot be opened; the log then stays
// where it was.
absl::Status StartLog(const LogOptions& options);
void SetLevel(Level level);
bool Enabled(Level level);

// A value of one field. Views what it is made from, so it lives no longer than the call to Log.
class Value {
 public:
  Value(std::string_view text) : value_(text) {}
  Value(const char* text) : value_(std::string_view(text)) {}
  Value(const std::string& text) : value_(std::string_view(text)) {}
  Value(bool value) : value_(value) {}
  template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  Value(T value) : value_(static_cast<int64_t>(value)) {}
  Value(double value) : value_(value) {}
  Value(absl::Duration value) : value_(absl::ToDoubleSeconds(value)) {}  // Seconds.
  Value(absl::Time value);                                               // RFC 3339, UTC.
  Value(const absl::Status& status);  // "NOT_FOUND: order not found"

  using Held = std::variant<std::string_view, std::string, int64_t, double, bool>;
  const Held& held() const { return value_; }

 private:
  Held value_;
};
using Field = std::pair<std::string_view, Value>;

// Log(Level::kInfo, "study_stored", {{"study_id", id}, {"bytes", size}}). `event`: a constant name
// in snake_case. Each call is one line: time, level, service, request_id (when in a RequestScope),
// event, then the fields in order. Text is escaped (control characters, bidirectional overrides,
// broken UTF-8), and cut after 4096 bytes. Safe for concurrent use; never fails.
void Log(Level level, std::string_view event, std::initializer_list<Field> fields = {});

// While it lives, lines logged by this thread carry its request id. Scopes nest; not to be moved
// between threads.
class RequestScope {
 public:
  explicit RequestScope(std::string_view request_id);  // At most 64 bytes are kept.
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

 private:
  std::string previous_;
};
// This thread's request id, empty outside a RequestScope.
const std::string& CurrentRequestId();
// 16 random bytes in hexadecimal.
std::string NewRequestId();

}  // namespace tongjian::telemetry
