#include <memory>
#include <set>
#include <string>
#include <utility>

#include "common/dicom/scu.h"
#include "common/dicom/session.h"
#include "common/dicom/suboperations.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

// A destination that loses one association after the other is away.
constexpr int kLostMax = 2;

// Sends a plan's objects one after the other over one outgoing association, which is opened again
// once it has been lost, or where it has no context for what comes next.
class Mover final : public Suboperations {
 public:
  Mover(const Exchange& exchange, const MovePlan& plan)
      : Suboperations(exchange, plan.objects.size()), plan_(plan) {}

 private:
  absl::StatusOr<StoreOutcome> Send(const StoredObject& object) override {
    // After one failed attempt the destination is away: what is left fails at once instead of after
    // a timeout each.
    if (away_) return base::Unavailable("DESTINATION_AWAY", "destination cannot be reached");
    const auto need = std::make_pair(object.sop_class_uid, object.transfer_syntax_uid);
    const bool accepts =
        scu_ && scu_->Accepts(object.sop_class_uid, object.transfer_syntax_uid);
    // What the destination has refused once it is not offered again.
    if (!accepts && offered_.contains(need)) {
      if (scu_) return NotAccepted();
      offered_.clear();
    }
    if (!accepts) TJ_TRY(Open(object));
    if (!scu_->Accepts(object.sop_class_uid, object.transfer_syntax_uid)) return NotAccepted();
    const MoveOriginator originator{exchange().info.calling_ae,
                                    static_cast<uint16_t>(exchange().command.message_id())};
    absl::StatusOr<StoreOutcome> outcome = scu_->Store(object, originator);
    const bool lost = absl::IsUnavailable(outcome.status());
    if (lost) scu_.reset();
    lost_in_a_row_ = lost ? lost_in_a_row_ + 1 : 0;
    away_ = lost_in_a_row_ >= kLostMax;
    return outcome;
  }

  static absl::Status NotAccepted() {
    return base::Error(absl::StatusCode::kFailedPrecondition, "NO_PRESENTATION_CONTEXT", "",
                       "destination takes no such class in the stored syntax");
  }

  // Offers what the objects from this one on need.
  absl::Status Open(const StoredObject& object) {
    const auto next = static_cast<size_t>(&object - plan_.objects.data());
    scu_.reset();
    ScuOptions options;
    options.calling_ae = exchange().context.options.ae_title;
    options.called_ae = plan_.destination.ae_title;
    options.host = plan_.destination.host;
    options.port = plan_.destination.port;
    options.response_timeout = exchange().context.options.suboperation_timeout;
    const std::vector<PresentationContext> contexts =
        ContextsFor({plan_.objects.begin() + static_cast<ptrdiff_t>(next), plan_.objects.end()});
    absl::StatusOr<std::unique_ptr<Scu>> scu = Scu::Open(options, contexts);
    away_ = !scu.ok();
    if (!scu.ok()) return scu.status();
    scu_ = *std::move(scu);
    for (const PresentationContext& context : contexts)
      offered_.emplace(context.abstract_syntax, context.transfer_syntaxes.front());
    return absl::OkStatus();
  }

  const MovePlan& plan_;
  std::unique_ptr<Scu> scu_;
  std::set<std::pair<std::string, std::string>> offered_;  // Class and syntax, so far.
  int lost_in_a_row_ = 0;
  bool away_ = false;
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
  Mover mover(exchange, *plan);
  const absl::Status ran = mover.Run(plan->objects);
  handler.Moved(exchange.info, request, mover.counts());
  TJ_TRY(ran);
  return mover.RespondFinally();
}

}  // namespace tongjian::dicom
