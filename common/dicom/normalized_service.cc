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
  switch (result.code()) {
    case absl::StatusCode::kOk:
      return status::kSuccess;
    case absl::StatusCode::kNotFound:
      return 0x0112;
    case absl::StatusCode::kAlreadyExists:
      return 0x0111;
    case absl::StatusCode::kInvalidArgument:
      return 0x0106;
    case absl::StatusCode::kResourceExhausted:
      return 0x0213;
    case absl::StatusCode::kUnimplemented:
      return status::kUnrecognizedOperation;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return status::kNotAuthorized;
    default:
      return status::kProcessingFailure;
  }
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

absl::StatusOr<NormalizedReply> Handle(const Exchange& exchange, NormalizedHandler& handler,
                                       absl::StatusOr<ReadResult> attributes) {
  TJ_TRY(attributes.status());
  TJ_ASSIGN_OR_RETURN(const NormalizedRequest request,
                      RequestOf(exchange.command, std::move(attributes->dataset)));
  return handler.Handle(exchange.info, request);
}

}  // namespace

absl::Status ServeNormalized(Exchange exchange, NormalizedHandler& handler) {
  bool undecodable = false;
  absl::StatusOr<ReadResult> attributes =
      exchange.messages.ReceiveDataset(exchange.command, &undecodable);
  if (!attributes.ok() && !undecodable) return attributes.status();
  const absl::StatusOr<NormalizedReply> reply = Handle(exchange, handler, std::move(attributes));
  if (!reply.ok()) {
    return exchange.messages.Respond(exchange.command, NormalizedStatus(reply.status()),
                                     MessageOf(reply.status()));
  }
  Dataset more;
  if (ValidUid(reply->sop_instance_uid))
    more.Set(command::kAffectedSopInstanceUid, reply->sop_instance_uid);
  for (const Tag tag : {command::kEventTypeId, command::kActionTypeId}) {
    if (exchange.command.fields.Has(tag)) more.Set(tag, exchange.command.fields.Text(tag));
  }
  const bool has_attributes = !reply->attributes.empty();
  TJ_TRY(exchange.messages.Respond(exchange.command, status::kSuccess, "", more, has_attributes));
  if (!has_attributes) return absl::OkStatus();
  return exchange.messages.SendDataset(exchange.command.context_id, reply->attributes,
                                       CharacterSet("ISO_IR 192"));
}

}  // namespace tongjian::dicom
