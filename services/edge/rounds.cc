#include "services/edge/rounds.h"

#include <chrono>

#include "common/acquisition/commitments.h"
#include "common/acquisition/step_store.h"
#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/edge/drop_folder.h"
#include "services/edge/enrollment.h"
#include "services/edge/link.h"
#include "services/edge/number_store.h"
#include "services/edge/outgoing.h"
#include "services/edge/resend.h"
#include "services/edge/result_store.h"
#include "services/edge/trim.h"
#include "tongjian/imaging/v1/ingest.grpc.pb.h"

namespace tongjian::edge {
namespace {

constexpr std::chrono::milliseconds kEvery(500);
constexpr int64_t kStudiesAtOnce = 50;
constexpr int64_t kStepsAtOnce = 1000;

void LogUnlessAway(std::string_view what, const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) return;
  telemetry::Log(telemetry::Level::kWarning, what, {{"status", status}});
}

}  // namespace

Rounds::~Rounds() { Stop(); }

void Rounds::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void Rounds::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Rounds::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Rounds::Run() {
  while (true) {
    Look();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kEvery, [this] { return stopping_ || woken_; });
    if (stopping_) return;
    woken_ = false;
  }
}

void Rounds::Look() {
  const absl::Duration now = parts_.clock.Elapsed();
  if (parts_.link.reachable()) {
    LogUnlessAway("accession_lease_failed", parts_.numbers.Refill());
    LogUnlessAway("study_report_failed", ReportStudies());
    LogUnlessAway("sending_again_failed", parts_.resend.Step());
    if (now - renewed_ >= options_.renewal_every) {
      renewed_ = now;
      const auto renewed = RenewIfDue(parts_.files, parts_.link.calls(), parts_.clock);
      LogUnlessAway("certificate_renewal_failed", renewed.status());
    }
  }
  parts_.drop.Look();
  if (jumps_.CalmFor(options_.calm) && now - trimmed_ >= options_.trim_every) {
    trimmed_ = now;
    LogUnlessAway("trim_failed", Trim());
  }
}

absl::Status Rounds::ReportStudies() {
  const absl::Time now = parts_.clock.Now();
  TJ_ASSIGN_OR_RETURN(const std::vector<FinishedStudy> studies,
                      parts_.spool.Finishable({.routine = now - options_.quiet_time,
                                               .urgent = now - options_.urgent_quiet_time,
                                               .stepping = now - options_.step_quiet_time},
                                              kStudiesAtOnce));
  for (const FinishedStudy& study : studies) {
    imaging::v1::FinishStudyRequest request;
    request.set_request_id(parts_.ids.New());  // The hub's effect is the same each time.
    request.set_facility_id(study.facility_id);
    request.set_study_instance_uid(study.study_instance_uid);
    request.set_instance_count(static_cast<int32_t>(study.instances));
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {});
    imaging::v1::FinishStudyResponse response;
    const absl::Status told = call.Result(imaging::v1::IngestService::NewStub(parts_.link.calls())
                                              ->FinishStudy(call.context(), request, &response));
    // A study that the hub does not know is one whose objects it has all refused.
    if (!told.ok() && !absl::IsNotFound(told)) return told;
    if (told.ok() && !response.verified()) {
      telemetry::Log(telemetry::Level::kWarning, "study_count_differs",
                     {{"sent", study.instances}, {"at_hub", response.instance_count()}});
    }
    TJ_TRY(parts_.spool.Reported(study));
  }
  return absl::OkStatus();
}

absl::Status Rounds::Trim() {
  const absl::Time now = parts_.clock.Now();
  const absl::Time before = now - options_.records_kept;
  // One that cannot be trimmed keeps no other from it.
  absl::Status trimmed = parts_.outgoing.Trim(before);
  trimmed.Update(parts_.drop.Trim(before));
  trimmed.Update(TrimStream(parts_.database, kResultStream, now - options_.results_kept));
  trimmed.Update(TrimTrail(parts_.database, now - options_.audit_kept));
  trimmed.Update(parts_.spool.Trim(before));
  trimmed.Update(parts_.commitments.Trim(before));
  trimmed.Update(parts_.database.Write([&](store::Transaction& tx) {
    return acquisition::TrimSteps(tx, before, kStepsAtOnce).status();
  }));
  return trimmed;
}

}  // namespace tongjian::edge
