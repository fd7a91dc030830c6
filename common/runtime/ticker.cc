#include "common/runtime/ticker.h"

#include <utility>

#include "common/base/status.h"
#include "common/telemetry/log.h"

namespace tongjian::runtime {

Ticker::Ticker(std::string_view name, absl::Duration interval, std::function<absl::Status()> round)
    : name_(name), interval_(interval), round_(std::move(round)), thread_([this] { Run(); }) {}

Ticker::~Ticker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Ticker::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, absl::ToChronoMilliseconds(interval_), [this] { return ending_; })) {
    lock.unlock();
    if (const absl::Status status = round_(); !status.ok()) {
      telemetry::Log(telemetry::Level::kError, "round_failed",
                     {{"timer", name_}, {"error", status}});
    }
    lock.lock();
  }
}

}  // namespace tongjian::runtime
