#include "common/dicom/suboperations.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kFailedUidsMax = 1000;

Dataset CountFields(const MoveCounts& counts, bool with_remaining) {
  Dataset fields;
  if (with_remaining) fields.Set(command::kRemaining, std::to_string(counts.remaining));
  fields.Set(command::kCompleted, std::to_string(counts.completed));
  fields.Set(command::kFailed, std::to_string(counts.failed));
  fields.Set(command::kWarning, std::to_string(counts.warning));
  return fields;
}

}  // namespace

int PlanStatus(const absl::Status& result) {
  switch (result.code()) {
    case absl::StatusCode::kNotFound:
      return base::DetailOf(result).reason == "DESTINATION_UNKNOWN" ? status::kDestinationUnknown
                                                                    : status::kCannotUnderstand;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return status::kNotAuthorized;
    case absl::StatusCode::kInvalidArgument:
      return status::kMismatch;
    case absl::StatusCode::kResourceExhausted:
      return status::kCannotCount;
    default:
      return status::kCannotUnderstand;
  }
}

Suboperations::Suboperations(const Exchange& exchange, size_t objects) : exchange_(exchange) {
  counts_.remaining = static_cast<int>(objects);
}

absl::Status Suboperations::Run(const std::vector<StoredObject>& objects) {
  for (const StoredObject& object : objects) {
    TJ_TRY(TakeCancel());
    if (cancelled_ || exchange_.context.stop.state() == StopSignal::kCutting) break;
    --counts_.remaining;
    Count(object, Send(object));
    TJ_TRY(lost_);
    TJ_TRY(exchange_.messages.Respond(exchange_.command, status::kPending, "",
                                      CountFields(counts_, true)));
  }
  return absl::OkStatus();
}

void Suboperations::Count(const StoredObject& object, const absl::StatusOr<StoreOutcome>& outcome) {
  if (outcome.ok() && outcome->stored()) {
    ++(outcome->status == 0 ? counts_.completed : counts_.warning);
    return;
  }
  ++counts_.failed;
  last_failure_ =
      outcome.ok() ? "sub-operation refused by the destination" : MessageOf(outcome.status());
  if (failed_uids_.size() < kFailedUidsMax) failed_uids_.push_back(object.sop_instance_uid);
}

// Nothing left to do is the end, also where it was cancelled a moment before.
absl::Status Suboperations::RespondFinally() {
  int code = status::kSuccess;
  if (counts_.remaining > 0) {
    code = status::kCancelled;
  } else if (counts_.failed > 0) {
    code = counts_.completed + counts_.warning > 0 ? status::kMoveSomeFailed
                                                   : status::kMoveAllFailed;
  } else if (counts_.warning > 0) {
    code = status::kMoveSomeFailed;
  }
  const bool has_list = !failed_uids_.empty();
  TJ_TRY(exchange_.messages.Respond(exchange_.command, code, has_list ? last_failure_ : "",
                                    CountFields(counts_, code == status::kCancelled), has_list));
  if (!has_list) return absl::OkStatus();
  Dataset list;
  list.SetValues(tags::kFailedSopInstanceUidList, failed_uids_);
  return exchange_.messages.SendDataset(exchange_.command.context_id, list, CharacterSet());
}

void Suboperations::Note(const Command& cancel) {
  cancelled_ |= cancel.Number(command::kMessageIdRespondedTo) == exchange_.command.message_id();
}

absl::Status Suboperations::TakeCancel() {
  while (!cancelled_ && exchange_.messages.HasData()) {
    TJ_ASSIGN_OR_RETURN(const Command command, exchange_.messages.ReceiveCommand());
    if (command.operation() != operation::kCancel) {
      exchange_.messages.association().connection().Abort(2);
      return base::Error(absl::StatusCode::kInvalidArgument, "DICOM_PROTOCOL", "",
                         "message during a retrieval");
    }
    Note(command);
  }
  return absl::OkStatus();
}

}  // namespace tongjian::dicom
