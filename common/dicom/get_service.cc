#include "common/dicom/object_sender.h"
#include "common/dicom/session.h"
#include "common/dicom/suboperations.h"

namespace tongjian::dicom {
namespace {

// Sends objects to the requester on its own association, in the contexts where it provides storage.
class Getter final : public Suboperations {
 public:
  using Suboperations::Suboperations;

 private:
  absl::StatusOr<StoreOutcome> Send(const StoredObject& object) override {
    Messages& messages = exchange().messages;
    TJ_ASSIGN_OR_RETURN(const uint8_t context,
                        ContextToSend(messages.association(), object.sop_class_uid,
                                      object.transfer_syntax_uid, true));
    // Message ids of either side are their own; this one only differs from the request's.
    message_id_ = static_cast<uint16_t>(message_id_ % 65535 + 1);
    const absl::Status sent = SendObject(messages, context, message_id_, object);
    if (!sent.ok()) {
      if (messages.association().connection().failed()) LoseRequester(sent);
      return sent;
    }
    absl::StatusOr<StoreOutcome> outcome = AwaitResponse();
    if (!outcome.ok()) LoseRequester(outcome.status());
    return outcome;
  }

  // The C-STORE response; a C-CANCEL may come before it.
  absl::StatusOr<StoreOutcome> AwaitResponse() {
    Messages& messages = exchange().messages;
    for (;;) {
      TJ_ASSIGN_OR_RETURN(const Command command, messages.ReceiveCommand());
      if (command.operation() == operation::kCancel) {
        Note(command);
        continue;
      }
      if (command.operation() != (operation::kStore | operation::kResponse) ||
          command.Number(command::kMessageIdRespondedTo) != message_id_ || command.has_dataset()) {
        messages.association().connection().Abort(2);
        return base::Error(absl::StatusCode::kInvalidArgument, "DICOM_PROTOCOL", "",
                           "message during a retrieval");
      }
      return StoreOutcome{static_cast<uint16_t>(command.Number(command::kStatus)),
                          command.fields.Text(command::kErrorComment)};
    }
  }

  uint16_t message_id_ = 0;
};

}  // namespace

absl::Status ServeGet(Exchange exchange, GetHandler& handler) {
  bool undecodable = false;
  absl::StatusOr<ReadResult> identifier =
      exchange.messages.ReceiveDataset(exchange.command, &undecodable);
  if (!identifier.ok() && !undecodable) return identifier.status();
  if (!identifier.ok()) {
    return exchange.messages.Respond(exchange.command, status::kCannotUnderstand,
                                     MessageOf(identifier.status()));
  }
  GetRequest request;
  request.sop_class_uid =
      exchange.messages.association().FindContext(exchange.command.context_id)->abstract_syntax;
  request.identifier = std::move(identifier->dataset);
  const absl::StatusOr<std::vector<StoredObject>> objects = handler.Plan(exchange.info, request);
  if (!objects.ok()) {
    return exchange.messages.Respond(exchange.command, PlanStatus(objects.status()),
                                     MessageOf(objects.status()));
  }
  Getter getter(exchange, objects->size());
  const absl::Status ran = getter.Run(*objects);
  handler.Got(exchange.info, getter.counts());
  TJ_TRY(ran);
  return getter.RespondFinally();
}

}  // namespace tongjian::dicom
