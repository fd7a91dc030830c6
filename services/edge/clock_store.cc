#include "services/edge/clock_store.h"

#include <algorithm>
#include <limits>

#include "common/base/status.h"

namespace tongjian::edge {
namespace {

constexpr absl::Duration kWindow = absl::Hours(24);
constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

int64_t Measured(int64_t best, int64_t before) {
  const int64_t larger = std::max(best, before);
  return larger == kNone ? 0 : larger;
}

}  // namespace

absl::StatusOr<int64_t> NoteDevice(store::Transaction& tx, const std::string& ae_title,
                                   const std::string& address, const std::string& facility_id,
                                   std::optional<absl::Time> device_time, bool implausible) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      tx.QueryOne("select best_ms, before_ms, window_start from device_clock "
                                  "where ae_title = :ae and address = :address",
                                  ae_title, address));
  int64_t best = row ? row->Int(0) : kNone;
  int64_t before = row ? row->Int(1) : kNone;
  absl::Time start = row ? row->Time(2) : tx.Now();
  const absl::Duration age = tx.Now() - start;
  if (age > kWindow || age < -kWindow) {
    before = age > 2 * kWindow || age < -kWindow ? kNone : best;
    best = kNone;
    start = tx.Now();
  }
  // What was recorded long ago says nothing about the clock.
  if (device_time && !implausible && *device_time - tx.Now() > -kWindow) {
    best = std::max(best, absl::ToInt64Milliseconds(*device_time - tx.Now()));
  }
  TJ_TRY(tx.Execute("insert into device_clock (ae_title, address, facility_id, best_ms, before_ms, "
                    "window_start, implausible, last_seen) values (:ae, :address, :facility, "
                    ":best, :before, :start, :implausible, :now) on conflict (ae_title, address) do "
                    "update set facility_id = excluded.facility_id, best_ms = excluded.best_ms, "
                    "before_ms = excluded.before_ms, window_start = excluded.window_start, "
                    "implausible = excluded.implausible, last_seen = excluded.last_seen",
                    ae_title, address, facility_id, best, before, start, implausible, tx.Now())
             .status());
  return Measured(best, before);
}

absl::StatusOr<std::vector<DeviceClock>> ListDevices(store::Session& session, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select ae_title, address, best_ms, before_ms, implausible, "
                                    "last_seen from device_clock order by last_seen desc limit :n",
                                    limit));
  std::vector<DeviceClock> clocks;
  for (const store::Row& row : rows) {
    clocks.push_back({row.Text(0), row.Text(1), Measured(row.Int(2), row.Int(3)), row.Bool(4),
                      row.Time(5)});
  }
  return clocks;
}

}  // namespace tongjian::edge
