#include "services/imaging/instance_stream.h"

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

constexpr size_t kMessageSize = 256 << 10;

class InstanceStream final : public grpc::ServerWriteReactor<v1::ReadInstanceResponse> {
 public:
  InstanceStream(const InstanceParts& parts, std::unique_ptr<rpc::Call> call,
                 const v1::ReadInstanceRequest& request)
      : parts_(parts), call_(std::move(call)), request_(request) {
    parts_.workers.Post([this] { Begin(); });
  }

  void OnWriteDone(bool ok) override {
    parts_.workers.Post(
        [this, ok] { ok ? Send() : End(absl::CancelledError("the reader broke off")); });
  }
  void OnDone() override { delete this; }

 private:
  void Begin() {
    const telemetry::RequestScope scope(call_->request_id());
    if (const absl::Status opened = Open(); !opened.ok()) return End(opened);
    message_.set_size(reader_->size());
    message_.set_digest(reader_->receipt().sha256);
    Send();
  }

  absl::Status Open() {
    Instance instance;
    TJ_TRY(parts_.database.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(const Study study,
                          FindStudy(session, call_->scope(), request_.study_id()));
      TJ_ASSIGN_OR_RETURN(instance, FindInstance(session, study, request_.sop_instance_uid()));
      call_->trail().TouchFacilityPatient(study.facility_id, study.patient.facility_patient_id,
                                          study.patient_id);
      call_->trail().TouchObject(study.id);
      return absl::OkStatus();
    }));
    TJ_ASSIGN_OR_RETURN(reader_, parts_.blobs.OpenReader(instance.locator));
    if (reader_->receipt().sha256 != instance.digest)
      return absl::DataLossError("the object is not the one stored");
    return absl::OkStatus();
  }

  void Send() {
    absl::StatusOr<std::string> bytes = reader_->Next(kMessageSize);
    if (!bytes.ok()) return End(bytes.status());
    if (bytes->empty()) return End(absl::OkStatus());
    if (sent_) message_.Clear();
    sent_ = true;
    message_.set_data(*std::move(bytes));
    StartWrite(&message_);
  }

  void End(const absl::Status& outcome) {
    if (absl::IsDataLoss(outcome)) {
      telemetry::Log(telemetry::Level::kError, "instance_damaged",
                     {{"study", request_.study_id()}, {"error", outcome}});
    }
    Finish(call_->Close(outcome));
  }

  const InstanceParts parts_;
  const std::unique_ptr<rpc::Call> call_;
  const v1::ReadInstanceRequest request_;
  std::unique_ptr<blob::Reader> reader_;
  v1::ReadInstanceResponse message_;
  bool sent_ = false;
};

}  // namespace

grpc::ServerWriteReactor<v1::ReadInstanceResponse>* ServeInstance(
    const InstanceParts& parts, std::unique_ptr<rpc::Call> call,
    const v1::ReadInstanceRequest& request) {
  return new InstanceStream(parts, std::move(call), request);
}

}  // namespace tongjian::imaging
