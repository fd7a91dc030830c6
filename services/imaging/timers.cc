#include "services/imaging/timers.h"

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/imaging/completeness.h"
#include "services/imaging/conflict_store.h"
#include "services/imaging/study_changes.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

constexpr int64_t kTrimMax = 1000;

// One study whose time has come. It is read again: an instance may have arrived since it was
// listed.
absl::Status TakeUp(store::Transaction& tx, std::string_view id, absl::Time now) {
  TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, security::Scope::Service(), id));
  const bool quiet = study.quiet_at != absl::UnixEpoch() && study.quiet_at <= now;
  if (!quiet && !study.dirty) return absl::OkStatus();
  if (quiet) {
    if (const Transition transition = Quiet(study)) {
      TJ_TRY(AddHistory(tx, study.id, {.action = std::string(*transition), .by = "quiet_time"}));
    }
  }
  return SaveStudy(tx, study, News::kNow);
}

}  // namespace

absl::StatusOr<int> QuietTimes::RunOnce() {
  if (jumps_.Jumped()) {
    telemetry::Log(telemetry::Level::kError, "clock_jumped",
                   {{"effect", "quiet times of open studies begin anew"}});
    TJ_TRY(database_.Write([&](store::Transaction& tx) {
      return RestartQuietTimes(tx, clock_.Now() + quiet_time_).status();
    }));
    return 0;
  }
  const absl::Time now = clock_.Now();
  std::vector<std::string> due;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(due, StudiesDue(session, now, now - kNewsInterval, kRoundMax));
    return absl::OkStatus();
  }));
  for (const std::string& id : due) {
    TJ_TRY(database_.Write([&](store::Transaction& tx) { return TakeUp(tx, id, now); }));
  }
  return static_cast<int>(due.size());
}

std::vector<telemetry::Registry::Watch> WatchWaiting(telemetry::Registry& metrics,
                                                     store::Database& database) {
  std::vector<telemetry::Registry::Watch> watches;
  const auto watch = [&](MatchState match, const std::string& label) {
    const auto count = [&database, match] {
      int64_t waiting = -1;
      const absl::Status read = database.Read([&](store::Session& session) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(waiting, CountStudies(session, match));
        return absl::OkStatus();
      });
      return read.ok() ? static_cast<double>(waiting) : -1.0;
    };
    watches.push_back(metrics.WatchGauge("tongjian_imaging_studies_waiting",
                                         "Studies for which a person must decide",
                                         {{"match", label}}, count));
  };
  watch(MatchState::kUnmatched, "UNMATCHED");
  watch(MatchState::kDoubtful, "DOUBTFUL");
  return watches;
}

absl::Status Sweep(store::Database& database, blob::Store& blobs, const base::Clock& clock,
                   absl::Duration orphan_age, absl::Duration upload_age) {
  const auto referenced = [&](std::string_view locator) -> absl::StatusOr<bool> {
    bool used = true;
    TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(used, LocatorIsUsed(session, locator));
      return absl::OkStatus();
    }));
    return used;
  };
  TJ_ASSIGN_OR_RETURN(const blob::SweepReport report, blobs.Sweep(orphan_age, referenced));
  if (report.orphans_removed > 0) {
    telemetry::Log(telemetry::Level::kWarning, "orphans_removed",
                   {{"objects", report.orphans_removed}, {"bytes", report.bytes_removed}});
  }
  int64_t trimmed = kTrimMax;
  while (trimmed == kTrimMax) {
    TJ_TRY(database.Write([&](store::Transaction& tx) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(trimmed, TrimUploads(tx, clock.Now() - upload_age, kTrimMax));
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

}  // namespace tongjian::imaging
