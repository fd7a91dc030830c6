#include "common/telemetry/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <charconv>
#include <cmath>
#include <memory>
#include <mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/telemetry/escape.h"

namespace tongjian::telemetry {
namespace {

constexpr size_t kTextMax = 4096;
constexpr size_t kRequestIdMax = 64;

// Hands each line to a function.
class FunctionSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(std::function<void(std::string_view)> sink) : sink_(std::move(sink)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    sink_({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}
  const std::function<void(std::string_view)> sink_;
};

// Where lines go now. Replaced as a whole, so that a line being written keeps what it writes to.
struct Target {
  std::string service;
  std::shared_ptr<spdlog::logger> logger;
};

std::shared_ptr<Target> MakeTarget(std::string_view service, spdlog::sink_ptr sink) {
  auto target = std::make_shared<Target>();
  target->service = service;
  target->logger = std::make_shared<spdlog::logger>("tongjian", std::move(sink));
  target->logger->set_pattern("%v");
  target->logger->set_level(spdlog::level::trace);  // Levels are decided before formatting, below.
  target->logger->flush_on(spdlog::level::trace);   // A crash must not take the last lines along.
  return target;
}

struct State {
  std::mutex mutex;
  std::shared_ptr<Target> target =
      MakeTarget("tongjian", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  std::atomic<Level> level{Level::kInfo};
};

// Never destroyed: threads may log until the process ends.
State& TheState() {
  static State& state = *new State;
  return state;
}

std::shared_ptr<Target> CurrentTarget() {
  State& state = TheState();
  std::lock_guard lock(state.mutex);
  return state.target;
}

const char* NameOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return "DEBUG";
    case Level::kInfo:
      return "INFO";
    case Level::kWarning:
      return "WARNING";
    case Level::kError:
      break;
  }
  return "ERROR";
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

// The shortest text that reads back as the same number; JSON knows no infinity.
void AppendReal(double real, std::string* line) {
  if (!std::isfinite(real)) {
    line->append("null");
    return;
  }
  char buffer[32];
  line->append(buffer, std::to_chars(buffer, buffer + sizeof buffer, real).ptr);
}

void AppendValue(const Value::Held& held, std::string* line) {
  if (const auto* view = std::get_if<std::string_view>(&held)) {
    AppendJsonString(*view, kTextMax, line);
  } else if (const auto* text = std::get_if<std::string>(&held)) {
    AppendJsonString(*text, kTextMax, line);
  } else if (const auto* whole = std::get_if<int64_t>(&held)) {
    absl::StrAppend(line, *whole);
  } else if (const auto* truth = std::get_if<bool>(&held)) {
    line->append(*truth ? "true" : "false");
  } else {
    AppendReal(std::get<double>(held), line);
  }
}

void AppendField(std::string_view key, const Value& value, std::string* line) {
  line->push_back(',');
  AppendJsonString(key, kTextMax, line);
  line->push_back(':');
  AppendValue(value.held(), line);
}

std::string& ThreadRequestId() {
  thread_local std::string request_id;
  return request_id;
}

}  // namespace

Value::Value(absl::Time value) : value_(Rfc3339(value)) {}

Value::Value(const absl::Status& status)
    : value_(absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message())) {}

absl::Status ParseLevel(std::string_view text, Level* level) {
  const std::string upper = absl::AsciiStrToUpper(std::string(text));
  for (Level candidate : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    if (upper == NameOf(candidate)) {
      *level = candidate;
      return absl::OkStatus();
    }
  }
  return base::InvalidField("level", "a log level is DEBUG, INFO, WARNING or ERROR");
}

absl::Status StartLog(const LogOptions& options) {
  spdlog::sink_ptr sink;
  try {
    if (options.sink) {
      sink = std::make_shared<FunctionSink>(options.sink);
    } else if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          options.file, static_cast<size_t>(options.file_bytes_max),
          static_cast<size_t>(options.files_max));
    }
  } catch (const std::exception& error) {
    return absl::PermissionDeniedError(absl::StrCat("log file: ", error.what()));
  }
  auto target = MakeTarget(options.service, std::move(sink));
  State& state = TheState();
  state.level.store(options.level, std::memory_order_relaxed);
  std::lock_guard lock(state.mutex);
  state.target = std::move(target);
  return absl::OkStatus();
}

void SetLevel(Level level) { TheState().level.store(level, std::memory_order_relaxed); }

bool Enabled(Level level) { return level >= TheState().level.load(std::memory_order_relaxed); }

void Log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!Enabled(level)) return;
  const std::shared_ptr<Target> target = CurrentTarget();
  std::string line =
      absl::StrCat("{\"time\":\"", Rfc3339(absl::Now()), "\",\"level\":\"", NameOf(level), "\"");
  AppendField("service", target->service, &line);
  if (!CurrentRequestId().empty()) AppendField("request_id", CurrentRequestId(), &line);
  AppendField("event", event, &line);
  for (const auto& [key, value] : fields) AppendField(key, value, &line);
  line.push_back('}');
  // A sink that fails is reported by spdlog on standard error, once a second at most.
  target->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

RequestScope::RequestScope(std::string_view request_id) : previous_(ThreadRequestId()) {
  ThreadRequestId() = request_id.substr(0, kRequestIdMax);
}

RequestScope::~RequestScope() { ThreadRequestId() = std::move(previous_); }

const std::string& CurrentRequestId() { return ThreadRequestId(); }

std::string NewRequestId() { return base::RandomHex(16); }

}  // namespace tongjian::telemetry
