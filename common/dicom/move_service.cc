#include "common/dicom/scu.h"
#include "common/dicom/session.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kFailedUidsMax = 1000;

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
      return status::kOutOfResources;
    default:
      return status::kCannotUnderstand;
  }
}

Dataset CountFields(const MoveCounts& counts, bool with_remaining) {
  Dataset fields;
  if (with_remaining) fields.Set(command::kRemaining, std::to_string(counts.remaining));
  fields.Set(command::kCompleted, std::to_string(counts.completed));
  fields.Set(command::kFailed, std::to_string(counts.failed));
  fields.Set(command::kWarning, std::to_string(counts.warning));
  return fields;
}

// Sends a plan's objects one after the other over one outgoing association, which is opened again
// once it has been lost.
class Mover {
 public:
  Mover(const Exchange& exchange, MovePlan plan) : exchange_(exchange), plan_(std::move(plan)) {
    counts_.remaining = static_cast<int>(plan_.objects.size());
  }

  // The status is that of the requester's association.
  absl::Status Run() {
    for (const StoredObject& object : plan_.objects) {
      TJ_TRY(TakeCancel());
      if (cancelled_ || exchange_.context.stop.state() == StopSignal::kCutting) break;
      Send(object);
      TJ_TRY(exchange_.messages.Respond(exchange_.command, status::kPending, "",
                                        CountFields(counts_, true)));
    }
    return absl::OkStatus();
  }

  absl::Status RespondFinally() {
    int code = status::kSuccess;
    if (cancelled_ || counts_.remaining > 0) {
      code = status::kCancelled;
    } else if (counts_.failed > 0) {
      code = counts_.completed + counts_.warning > 0 ? status::kMoveSomeFailed
                                                     : status::kMoveAllFailed;
    }
    const bool has_list = !failed_uids_.empty();
    TJ_TRY(exchange_.messages.Respond(exchange_.command, code, has_list ? last_failure_ : "",
                                      CountFields(counts_, code == status::kCancelled), has_list));
    if (!has_list) return absl::OkStatus();
    Dataset list;
    list.SetValues(tags::kFailedSopInstanceUidList, failed_uids_);
    return exchange_.messages.SendDataset(exchange_.command.context_id, list, CharacterSet());
  }

  const MoveCounts& counts() const { return counts_; }

 private:
  void Send(const StoredObject& object) {
    --counts_.remaining;
    const absl::StatusOr<StoreOutcome> outcome = TrySend(object);
    if (outcome.ok() && outcome->stored()) {
      ++(outcome->status == 0 ? counts_.completed : counts_.warning);
      return;
    }
    ++counts_.failed;
    last_failure_ =
        outcome.ok() ? "sub-operation refused by the destination" : MessageOf(outcome.status());
    if (failed_uids_.size() < kFailedUidsMax) failed_uids_.push_back(object.sop_instance_uid);
  }

  absl::StatusOr<StoreOutcome> TrySend(const StoredObject& object) {
    if (!scu_) {
      // After one failed attempt the destination is away: what is left fails at once instead of
      // after a timeout each.
      if (away_) return base::Unavailable("DESTINATION_AWAY", "destination cannot be reached");
      TJ_TRY(Open(object));
    } else if (!scu_->Accepts(object.sop_class_uid, object.transfer_syntax_uid)) {
      TJ_TRY(Open(object));
    }
    const MoveOriginator originator{exchange_.info.calling_ae,
                                    static_cast<uint16_t>(exchange_.command.message_id())};
    absl::StatusOr<StoreOutcome> outcome = scu_->Store(object, originator);
    if (absl::IsUnavailable(outcome.status())) scu_.reset();
    return outcome;
  }

  // Offers what the objects from this one on need.
  absl::Status Open(const StoredObject& object) {
    const auto next = static_cast<size_t>(&object - plan_.objects.data());
    scu_.reset();
    ScuOptions options;
    options.calling_ae = exchange_.context.options.ae_title;
    options.called_ae = plan_.destination.ae_title;
    options.host = plan_.destination.host;
    options.port = plan_.destination.port;
    absl::StatusOr<std::unique_ptr<Scu>> scu = Scu::Open(
        options,
        ContextsFor({plan_.objects.begin() + static_cast<ptrdiff_t>(next), plan_.objects.end()}));
    away_ = !scu.ok();
    if (!scu.ok()) return scu.status();
    scu_ = *std::move(scu);
    return absl::OkStatus();
  }

  absl::Status TakeCancel() {
    while (!cancelled_ && exchange_.messages.HasData()) {
      TJ_ASSIGN_OR_RETURN(const Command command, exchange_.messages.ReceiveCommand());
      if (command.operation() != operation::kCancel) {
        exchange_.messages.association().connection().Abort(2);
        return base::Error(absl::StatusCode::kInvalidArgument, "DICOM_PROTOCOL", "",
                           "message during a retrieval");
      }
      cancelled_ = command.Number(command::kMessageIdRespondedTo) == exchange_.command.message_id();
    }
    return absl::OkStatus();
  }

  const Exchange& exchange_;
  const MovePlan plan_;
  MoveCounts counts_;
  std::unique_ptr<Scu> scu_;
  bool away_ = false;
  bool cancelled_ = false;
  std::string last_failure_;
  std::vector<std::string> failed_uids_;
};

}  // namespace

absl::Status ServeMove(Exchange exchange, MoveHandler& handler) {
  bool undecodable = false;
  absl::StatusOr<ReadResult> identifier =
      exchange.messages.ReceiveDataset(exchange.command, &undecodable);
  if (!identifier.ok() && !undecodable) return identifier.status();
  if (!identifier.ok()) {
    return exchange.messages.Respond(exchange.command, status::kCannotUnderstand,
                                     MessageOf(identifier.status()));
  }
  MoveRequest request;
  request.sop_class_uid =
      exchange.messages.association().FindContext(exchange.command.context_id)->abstract_syntax;
  request.destination_ae = exchange.command.fields.Text(command::kMoveDestination);
  request.identifier = std::move(identifier->dataset);
  if (!ValidAeTitle(request.destination_ae)) {
    return exchange.messages.Respond(exchange.command, status::kDestinationUnknown,
                                     "destination is no AE title");
  }
  absl::StatusOr<MovePlan> plan = handler.Plan(exchange.info, request);
  if (!plan.ok()) {
    return exchange.messages.Respond(exchange.command, PlanStatus(plan.status()),
                                     MessageOf(plan.status()));
  }
  Mover mover(exchange, *std::move(plan));
  const absl::Status ran = mover.Run();
  handler.Moved(exchange.info, request, mover.counts());
  TJ_TRY(ran);
  return mover.RespondFinally();
}

}  // namespace tongjian::dicom
