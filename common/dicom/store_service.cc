#include "common/dicom/part10.h"
#include "common/dicom/session.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

int StoreStatus(const absl::Status& result) {
  switch (result.code()) {
    case absl::StatusCode::kOk:
      return status::kSuccess;
    case absl::StatusCode::kResourceExhausted:
      return status::kOutOfResources;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return status::kNotAuthorized;
    case absl::StatusCode::kInvalidArgument:
      return base::DetailOf(result).reason == "SOP_MISMATCH" ? status::kMismatch
                                                             : status::kCannotUnderstand;
    default:
      return status::kProcessingFailure;
  }
}

// One object on its way from the wire through the scanner into the sink. The first failure stops
// both; the rest of the bytes is let pass.
class Transfer {
 public:
  Transfer(const Exchange& exchange, StoreRequest request)
      : exchange_(exchange),
        request_(std::move(request)),
        scanner_(request_.transfer_syntax_uid, LimitsOf(exchange)) {
    failure_ = Begin();
  }

  ~Transfer() {
    if (sink_) sink_->Abandon();
  }

  void Take(std::string_view bytes) {
    if (!failure_.ok()) return;
    failure_ = scanner_.Push(bytes);
    if (failure_.ok()) failure_ = sink_->Append(bytes);
    if (!failure_.ok()) Drop();
  }

  absl::Status Finish() {
    if (failure_.ok()) failure_ = scanner_.Finish();
    if (failure_.ok())
      failure_ =
          CheckStorable(scanner_.header(), request_.sop_class_uid, request_.sop_instance_uid);
    if (!failure_.ok()) {
      Drop();
      if (!handler_said_) exchange_.context.registry.store->Refused(exchange_.info, failure_);
      return failure_;
    }
    const std::unique_ptr<StoreSink> sink = std::move(sink_);
    return sink->Finish(scanner_.header());
  }

 private:
  static ScanLimits LimitsOf(const Exchange& exchange) {
    ScanLimits limits;
    limits.dataset_bytes_max = exchange.context.options.object_bytes_max;
    return limits;
  }

  absl::Status Begin() {
    TJ_TRY(CheckUid("affected_sop_class_uid", request_.sop_class_uid));
    TJ_TRY(CheckUid("affected_sop_instance_uid", request_.sop_instance_uid));
    absl::StatusOr<std::unique_ptr<StoreSink>> sink =
        exchange_.context.registry.store->Begin(exchange_.info, request_);
    handler_said_ = !sink.ok();
    TJ_TRY(sink.status());
    sink_ = *std::move(sink);
    return sink_->Append(
        WriteMetaHeader({request_.sop_class_uid, request_.sop_instance_uid,
                         request_.transfer_syntax_uid, exchange_.info.calling_ae}));
  }

  void Drop() {
    if (sink_ == nullptr) return;
    sink_->Abandon();
    sink_.reset();
  }

  const Exchange& exchange_;
  const StoreRequest request_;
  DatasetScanner scanner_;
  std::unique_ptr<StoreSink> sink_;
  absl::Status failure_;
  bool handler_said_ = false;  // The failure is Begin's own.
};

}  // namespace

absl::Status ServeStore(Exchange exchange) {
  const Command& command = exchange.command;
  StoreRequest request;
  request.sop_class_uid = command.fields.Text(command::kAffectedSopClassUid);
  request.sop_instance_uid = command.fields.Text(command::kAffectedSopInstanceUid);
  request.transfer_syntax_uid =
      exchange.messages.association().FindContext(command.context_id)->transfer_syntax;
  absl::Status result = base::InvalidField("data_set", "C-STORE without a data set");
  if (command.has_dataset()) {
    Transfer transfer(exchange, std::move(request));
    TJ_TRY(exchange.messages.ReceiveData(
        command, exchange.context.options.object_bytes_max,
        [&transfer](std::string_view bytes) { transfer.Take(bytes); }));
    result = transfer.Finish();
  } else {
    exchange.context.registry.store->Refused(exchange.info, result);
  }
  const int code = StoreStatus(result);
  ++(code == status::kSuccess ? exchange.context.counters.objects_stored
                              : exchange.context.counters.objects_refused);
  return exchange.messages.Respond(command, code,
                                   code == status::kSuccess ? "" : MessageOf(result));
}

}  // namespace tongjian::dicom
