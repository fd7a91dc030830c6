#include "services/edge/state.h"

#include "absl/strings/str_cat.h"
#include "common/acquisition/commitment_store.h"
#include "common/base/status.h"
#include "services/edge/drop_folder.h"
#include "services/edge/enrollment.h"
#include "services/edge/link.h"
#include "services/edge/number_store.h"
#include "services/edge/order_store.h"
#include "services/edge/outgoing.h"
#include "services/edge/upload_lane.h"

namespace tongjian::edge {
namespace {

constexpr int64_t kClocksMax = 200;
constexpr int64_t kOffsetAlarmMs = 5 * 60 * 1000;
constexpr absl::Duration kAwayAlarm = absl::Minutes(10);
constexpr absl::Duration kRestoreAlarm = absl::Hours(24 * 7);
constexpr absl::Duration kAgeAlarm = absl::Hours(1);

std::string RestoreWords(const HubRestore& restore) {
  const std::string when =
      absl::FormatTime("%Y-%m-%d %H:%M UTC", restore.noticed, absl::UTCTimeZone());
  return absl::StrCat("the hub was restored from a backup (noticed ", when, "): ", restore.resent,
                      " orders and cancels of this clinic ",
                      restore.finished ? "were" : "are being", " sent again",
                      "; what was changed at the hub since its backup must be changed again");
}

}  // namespace

std::vector<std::string> AlarmsOf(const GatewayState& state, absl::Time now, int64_t numbers_low) {
  std::vector<std::string> alarms;
  const int64_t days = security::DaysLeft(state.certificate_expiry, now);
  if (state.certificate_expiry - now < kAlarmBefore) {
    alarms.push_back(absl::StrCat("the gateway's certificate has ", days, " days left: renew it"));
  }
  if (!state.hub_reachable && now - state.last_contact > kAwayAlarm) {
    alarms.push_back("the hub cannot be reached; work goes on here");
  }
  if (state.spool.failed > 0) {
    alarms.push_back(absl::StrCat(state.spool.failed, " objects were refused by the hub: see the spool"));
  }
  if (state.spool.damaged > 0) {
    alarms.push_back(absl::StrCat(state.spool.damaged, " objects are ", kDamagedHere,
                                  " (see the spool)"));
  }
  if (now - state.spool.oldest > kAgeAlarm) {
    alarms.push_back(absl::StrCat("objects wait for the hub since ",
                                  absl::FormatTime("%Y-%m-%d %H:%M UTC", state.spool.oldest,
                                                   absl::UTCTimeZone())));
  }
  if (state.refused > 0) {
    alarms.push_back(absl::StrCat(state.refused, " orders or acknowledgements were refused by the hub"));
  }
  if (state.commitments_failed > 0) {
    alarms.push_back(absl::StrCat(state.commitments_failed,
                                  " devices could not be told what is safe: see the commitments"));
  }
  if (!state.trail.last_refusal.empty()) {
    alarms.push_back("the hub does not take this gateway's audit records: " +
                     state.trail.last_refusal);
  } else if (now - state.trail.oldest > kAgeAlarm) {
    alarms.push_back(absl::StrCat("audit records wait for the hub since ",
                                  absl::FormatTime("%Y-%m-%d %H:%M UTC", state.trail.oldest,
                                                   absl::UTCTimeZone())));
  }
  if (state.numbers_left < numbers_low) {
    alarms.push_back(absl::StrCat("only ", state.numbers_left, " accession numbers are left"));
  }
  if (!state.drop_folder_fault.empty()) alarms.push_back(state.drop_folder_fault);
  if (state.restore && now - state.restore->noticed < kRestoreAlarm) {
    alarms.push_back(RestoreWords(*state.restore));
  }
  for (const DeviceClock& clock : state.clocks) {
    if (clock.implausible) {
      alarms.push_back("the clock of device " + clock.ae_title + " is implausible: set it");
    } else if (clock.offset_ms > kOffsetAlarmMs) {
      alarms.push_back(absl::StrCat("the clock of device ", clock.ae_title, " is ahead by ",
                                    clock.offset_ms / 1000, " s"));
    }
  }
  return alarms;
}

absl::StatusOr<GatewayState> StateReader::Read() {
  GatewayState state;
  state.hub_reachable = parts_.link.reachable();
  state.last_contact = parts_.link.last_contact();
  state.progress = parts_.progress.Sum();
  state.drop_folder_fault = parts_.drop.fault();
  state.upload_rate = parts_.lane.rate();
  TJ_ASSIGN_OR_RETURN(state.spool, parts_.spool.Totals());
  TJ_ASSIGN_OR_RETURN(state.refused, parts_.outgoing.CountRefused());
  TJ_ASSIGN_OR_RETURN(state.trail, parts_.trail.Backlog());
  const auto identity = ReadIdentity(parts_.files);
  state.certificate_expiry = identity.ok() ? identity->expiry : absl::InfinitePast();
  TJ_TRY(parts_.database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(state.pending_orders, CountPending(session));
    TJ_ASSIGN_OR_RETURN(
        state.commitments_failed,
        acquisition::CountCommitments(session, acquisition::CommitmentState::kFailed));
    TJ_ASSIGN_OR_RETURN(state.numbers_left, Numbers::Left(session));
    TJ_ASSIGN_OR_RETURN(state.restore, FindRestore(session, Forgetful::kOrders));
    TJ_ASSIGN_OR_RETURN(state.clocks, ListDevices(session, kClocksMax));
    return absl::OkStatus();
  }));
  return state;
}

}  // namespace tongjian::edge
