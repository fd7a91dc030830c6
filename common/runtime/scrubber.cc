#include "common/runtime/scrubber.h"

#include <algorithm>
#include <utility>

#include "common/base/status.h"
#include "common/security/key_file.h"
#include "common/telemetry/log.h"

namespace tongjian::runtime {
namespace {

constexpr absl::Duration kSaveEvery = absl::Minutes(1);
constexpr absl::Duration kAfterError = absl::Minutes(1);

}  // namespace

Scrubber::Scrubber(const ScrubOptions& options, blob::Store& store, telemetry::Registry& metrics,
                   const base::Clock& clock)
    : options_(options),
      store_(store),
      clock_(clock),
      bytes_(metrics.GetCounter("tongjian_blob_scrubbed_bytes_total",
                                "Bytes of stored objects read again and verified",
                                {{"service", options.service}})),
      damaged_(metrics.GetGauge("tongjian_blob_damaged_objects",
                                "Stored objects that differ from what was written",
                                {{"service", options.service}})),
      last_pass_(metrics.GetGauge("tongjian_blob_scrub_end_timestamp_seconds",
                                  "When all objects had been verified last; 0: not yet",
                                  {{"service", options.service}})),
      next_(clock.Elapsed()),
      saved_(clock.Elapsed()) {
  const auto saved = security::ReadSmallFile(options_.cursor_file, security::FileMode::kPublic);
  if (saved.ok()) cursor_ = *saved;
}

void Scrubber::Step() {
  if (clock_.Elapsed() < next_) return;
  const absl::StatusOr<blob::ScrubReport> report =
      store_.Scrub(cursor_, std::max<int64_t>(1, options_.bytes_per_second));
  if (!report.ok()) {
    telemetry::Log(telemetry::Level::kError, "scrub_failed",
                   {{"store", options_.service}, {"status", report.status()}});
    if (absl::IsInvalidArgument(report.status())) cursor_.clear();  // Not one of this store's.
    next_ = clock_.Elapsed() + kAfterError;
    return;
  }
  Take(*report);
}

void Scrubber::Take(const blob::ScrubReport& report) {
  bytes_.Add(report.bytes);
  for (const std::string& locator : report.damaged) {
    telemetry::Log(telemetry::Level::kError, "object_damaged",
                   {{"store", options_.service}, {"locator", locator}});
  }
  damaged_now_ += static_cast<int64_t>(report.damaged.size());
  cursor_ = report.cursor;
  next_ = clock_.Elapsed() + absl::Seconds(static_cast<double>(report.bytes) /
                                           static_cast<double>(options_.bytes_per_second));
  if (cursor_.empty()) {
    damaged_last_ = std::exchange(damaged_now_, 0);
    last_pass_.Set(absl::ToDoubleSeconds(clock_.Now() - absl::UnixEpoch()));
    next_ += options_.between;
  }
  damaged_.Set(static_cast<double>(std::max(damaged_now_, damaged_last_)));
  if (cursor_.empty() || clock_.Elapsed() - saved_ >= kSaveEvery) Save();
}

void Scrubber::Save() {
  saved_ = clock_.Elapsed();
  const absl::Status saved =
      security::WriteDurably(options_.cursor_file, cursor_, security::FileMode::kPublic);
  // A full disk, most likely: the next start begins further back.
  if (!saved.ok()) {
    telemetry::Log(telemetry::Level::kWarning, "scrub_cursor_not_saved", {{"status", saved}});
  }
}

}  // namespace tongjian::runtime
