#include "common/dicom/commitment.h"
#include "common/dicom/performed_step.h"
#include "common/dicom/session.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

NormalizedOperation OperationOf(int operation) {
  switch (operation) {
    case operation::kCreate:
      return NormalizedOperation::kCreate;
    case operation::kSet:
      return NormalizedOperation::kSet;
    case operation::kGet:
      return NormalizedOperation::kGet;
    case operation::kAction:
      return NormalizedOperation::kAction;
    case operation::kEventReport:
      return NormalizedOperation::kEventReport;
    default:
      return NormalizedOperation::kDelete;
  }
}

// PS3.7 annex C.
int NormalizedStatus(const absl::Status& result) {
  const std::string reason = base::DetailOf(result).reason;
  switch (result.code()) {
    case absl::StatusCode::kOk:
      return status::kSuccess;
    case absl::StatusCode::kNotFound:
      return status::kNoSuchInstance;
    case absl::StatusCode::kAlreadyExists:
      return reason == kTransactionRepeated ? status::kDuplicateTransaction
                                            : status::kDuplicateInstance;
    case absl::StatusCode::kInvalidArgument:
      if (reason == kAttributeMissing) return status::kMissingAttribute;
      return reason == kAttributeEmpty ? status::kMissingAttributeValue
                                       : status::kInvalidAttributeValue;
    case absl::StatusCode::kResourceExhausted:
      return status::kResourceLimitation;
    case absl::StatusCode::kUnimplemented:
      return status::kUnrecognizedOperation;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return status::kNotAuthorized;
    default:
      return status::kProcessingFailure;
  }
}

// PS3.4 F.7.2.2.3: what may no longer be updated is told apart by an error id.
Dataset MoreOf(const absl::Status& refusal) {
  Dataset more;
  if (base::DetailOf(refusal).reason == kStepIsFinal) more.Set(command::kErrorId, "42768");  // A710
  return more;
}

absl::StatusOr<NormalizedRequest> RequestOf(const Command& command, Dataset attributes) {
  const bool affected =
      command.operation() == operation::kCreate || command.operation() == operation::kEventReport;
  NormalizedRequest request;
  request.operation = OperationOf(command.operation());
  request.sop_class_uid = command.fields.Text(affected ? command::kAffectedSopClassUid
                                                       : command::kRequestedSopClassUid);
  request.sop_instance_uid = command.fields.Text(affected ? command::kAffectedSopInstanceUid
                                                          : command::kRequestedSopInstanceUid);
  const bool is_action = command.operation() == operation::kAction;
  request.type_id = command.Number(is_action ? command::kActionTypeId : command::kEventTypeId);
  request.attributes = std::move(attributes);
  TJ_TRY(CheckUid("sop_class_uid", request.sop_class_uid));
  const bool may_lack =
      command.operation() == operation::kCreate && request.sop_instance_uid.empty();
  if (!may_lack) TJ_TRY(CheckUid("sop_instance_uid", request.sop_instance_uid));
  return request;
}

// Events between the messages of the peer.
class Events final : public EventChannel {
 public:
  explicit Events(const Exchange& exchange) : exchange_(exchange) {}

  absl::Status Report(const NormalizedRequest& event) override {
    TJ_TRY(lost_);
    if (exchange_.messages.HasData())
      return absl::UnavailableError("the peer has gone on");
    lost_ = Send(event);
    TJ_TRY(lost_);
    absl::StatusOr<int> code = Answer();
    if (!code.ok()) return lost_ = code.status();
    if (*code == status::kSuccess) return absl::OkStatus();
    return base::Error(absl::StatusCode::kInternal, "PEER_STATUS", "",
                       "the peer refused the event: status " + std::to_string(*code));
  }

  const absl::Status& lost() const { return lost_; }

 private:
  absl::Status Send(const NormalizedRequest& event) {
    Dataset fields;
    fields.Set(command::kCommandField, std::to_string(operation::kEventReport));
    fields.Set(command::kMessageId, std::to_string(++message_id_));
    fields.Set(command::kAffectedSopClassUid, event.sop_class_uid);
    fields.Set(command::kAffectedSopInstanceUid, event.sop_instance_uid);
    fields.Set(command::kEventTypeId, std::to_string(event.type_id));
    const uint8_t context = exchange_.command.context_id;
    TJ_TRY(exchange_.messages.SendCommand(context, std::move(fields), true));
    return exchange_.messages.SendDataset(context, event.attributes, CharacterSet("ISO_IR 192"));
  }

  // The status of the response; what the peer asks meanwhile is served.
  absl::StatusOr<int> Answer() {
    for (;;) {
      TJ_ASSIGN_OR_RETURN(const Command command, exchange_.messages.ReceiveCommand());
      if ((command.operation() & operation::kResponse) == 0) {
        TJ_TRY(
            Dispatch({exchange_.context, exchange_.info, exchange_.messages, command, true}));
        continue;
      }
      bool undecodable = false;
      const auto unread = exchange_.messages.ReceiveDataset(command, &undecodable);
      if (!unread.ok() && !undecodable) return unread.status();
      if (command.Number(command::kMessageIdRespondedTo) == message_id_)
        return command.Number(command::kStatus);
    }
  }

  const Exchange& exchange_;
  int message_id_ = 0;
  absl::Status lost_;
};

absl::StatusOr<NormalizedReply> Handle(const Exchange& exchange, NormalizedHandler& handler,
                                       absl::StatusOr<ReadResult> attributes,
                                       NormalizedRequest& request) {
  TJ_TRY(attributes.status());
  TJ_ASSIGN_OR_RETURN(request, RequestOf(exchange.command, std::move(attributes->dataset)));
  return handler.Handle(exchange.info, request);
}

}  // namespace

absl::Status ServeNormalized(Exchange exchange, NormalizedHandler& handler) {
  bool undecodable = false;
  absl::StatusOr<ReadResult> attributes =
      exchange.messages.ReceiveDataset(exchange.command, &undecodable);
  if (!attributes.ok() && !undecodable) return attributes.status();
  NormalizedRequest request;
  const absl::StatusOr<NormalizedReply> reply =
      Handle(exchange, handler, std::move(attributes), request);
  if (!reply.ok()) {
    return exchange.messages.Respond(exchange.command, NormalizedStatus(reply.status()),
                                     MessageOf(reply.status()), MoreOf(reply.status()));
  }
  Dataset more;
  if (ValidUid(reply->sop_instance_uid))
    more.Set(command::kAffectedSopInstanceUid, reply->sop_instance_uid);
  for (const Tag tag : {command::kEventTypeId, command::kActionTypeId}) {
    if (exchange.command.fields.Has(tag)) more.Set(tag, exchange.command.fields.Text(tag));
  }
  const bool has_attributes = !reply->attributes.empty();
  TJ_TRY(exchange.messages.Respond(exchange.command, status::kSuccess, "", more, has_attributes));
  if (has_attributes) {
    TJ_TRY(exchange.messages.SendDataset(exchange.command.context_id, reply->attributes,
                                         CharacterSet("ISO_IR 192")));
  }
  if (exchange.amid_event) return absl::OkStatus();
  Events events(exchange);
  handler.Answered(exchange.info, request, events);
  return events.lost();
}

}  // namespace tongjian::dicom
