// Reads everything stored again and again, slowly, so that damage is found while a copy still
// exists elsewhere. Internal to common/runtime.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/blob/store.h"
#include "common/telemetry/metrics.h"

namespace tongjian::runtime {

struct ScrubOptions {
  std::string service;                   // Whose store: the label in metrics and log.
  int64_t bytes_per_second = 4 << 20;    // On average; one object is read at full speed.
  std::string cursor_file;               // Where the pass stands, over restarts.
  absl::Duration between = absl::Hours(1);  // From the end of one pass to the next.
};

// Damage is told by `tongjian_blob_damaged_objects` (found in this pass, or in the last whole one
// if that found more) and by the log line `object_damaged` with the locator. Steps come from one
// thread; what it is given must outlive it.
class Scrubber {
 public:
  Scrubber(const ScrubOptions& options, blob::Store& store, telemetry::Registry& metrics,
           const base::Clock& clock);

  // Verifies the next objects, when it is time.
  void Step();

 private:
  void Take(const blob::ScrubReport& report);
  void Save();

  const ScrubOptions options_;
  blob::Store& store_;
  const base::Clock& clock_;
  telemetry::Counter& bytes_;
  telemetry::Gauge& damaged_;
  telemetry::Gauge& last_pass_;
  std::string cursor_;
  int64_t damaged_now_ = 0;   // In this pass.
  int64_t damaged_last_ = 0;  // In the one before.
  absl::Duration next_;       // By Clock::Elapsed, as saved_.
  absl::Duration saved_;
};

}  // namespace tongjian::runtime
