#include "common/dicom/session.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

int FindStatus(const absl::Status& result) {
  switch (result.code()) {
    case absl::StatusCode::kOk:
      return status::kSuccess;
    case absl::StatusCode::kCancelled:
      return status::kCancelled;
    case absl::StatusCode::kInvalidArgument:
      return status::kMismatch;
    case absl::StatusCode::kResourceExhausted:
      return status::kOutOfResources;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return status::kNotAuthorized;
    default:
      return status::kCannotUnderstand;
  }
}

// A requester that names no set reads ASCII; what does not fit that goes out as labelled UTF-8.
CharacterSet ResponseCharset(const CharacterSet& requested) {
  return requested.label().empty() || !requested.known() ? CharacterSet("ISO_IR 192") : requested;
}

class Responder : public FindResponder {
 public:
  Responder(const Exchange& exchange, const CharacterSet& requested)
      : exchange_(exchange), charset_(ResponseCharset(requested)) {}

  absl::Status Send(const Dataset& match) override {
    TJ_TRY(Check());
    if (++sent_ > exchange_.context.options.find_responses_max) {
      return base::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_MATCHES", "",
                         "more matches than are answered at once, narrow the query");
    }
    const Command& command = exchange_.command;
    lost_ = exchange_.messages.Respond(command, status::kPending, "", {}, true);
    if (lost_.ok()) lost_ = exchange_.messages.SendDataset(command.context_id, match, charset_);
    return lost_;
  }

  absl::Status Check() override {
    TakeCancel();
    if (!lost_.ok() || cancelled_) return absl::CancelledError("cancelled by the requester");
    return absl::OkStatus();
  }

  void SetCharset(CharacterSet charset) override { charset_ = std::move(charset); }

  bool cancelled() const { return cancelled_; }
  const absl::Status& lost() const { return lost_; }

 private:
  // While responses stream the only message that may come is the C-CANCEL.
  void TakeCancel() {
    while (lost_.ok() && !cancelled_ && exchange_.messages.HasData()) {
      const absl::StatusOr<Command> command = exchange_.messages.ReceiveCommand();
      lost_ = command.status();
      if (!command.ok()) return;
      if (command->operation() != operation::kCancel) {
        exchange_.messages.association().connection().Abort(2);
        lost_ = base::Error(absl::StatusCode::kInvalidArgument, "DICOM_PROTOCOL", "",
                            "message during a query");
        return;
      }
      cancelled_ =
          command->Number(command::kMessageIdRespondedTo) == exchange_.command.message_id();
    }
  }

  const Exchange& exchange_;
  CharacterSet charset_;
  int sent_ = 0;
  bool cancelled_ = false;
  absl::Status lost_;
};

}  // namespace

absl::Status ServeFind(Exchange exchange, FindHandler& handler) {
  bool undecodable = false;
  absl::StatusOr<ReadResult> identifier =
      exchange.messages.ReceiveDataset(exchange.command, &undecodable);
  if (!identifier.ok() && !undecodable) return identifier.status();
  if (!identifier.ok()) {
    return exchange.messages.Respond(exchange.command, status::kCannotUnderstand,
                                     MessageOf(identifier.status()));
  }
  FindRequest request;
  request.sop_class_uid =
      exchange.messages.association().FindContext(exchange.command.context_id)->abstract_syntax;
  request.charset = identifier->charset;
  request.identifier = std::move(identifier->dataset);
  Responder responder(exchange, request.charset);
  absl::Status result = handler.Find(exchange.info, request, responder);
  TJ_TRY(responder.lost());
  if (responder.cancelled()) result = absl::CancelledError();
  const int code = FindStatus(result);
  const bool is_failure = code != status::kSuccess && code != status::kCancelled;
  return exchange.messages.Respond(exchange.command, code, is_failure ? MessageOf(result) : "");
}

}  // namespace tongjian::dicom
