#include "services/imaging/ingest_upload.h"

#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "common/rpc/proto_time.h"
#include "common/telemetry/log.h"
#include "services/imaging/touch_log.h"

namespace tongjian::imaging {
namespace {

constexpr int kFinishingMax = 8;  // Objects of one stream being made durable at once.
constexpr size_t kAnswersMax =
    32;  // Waiting to be written; a sender that does not read is not read from.

v1::UploadResponse StateAnswer(const Upload& upload) {
  v1::UploadResponse response;
  v1::UploadState& state = *response.mutable_state();
  state.set_upload_id(upload.plan().upload_id);
  state.set_committed_size(upload.committed_size());
  state.set_received_size(upload.received_size());
  return response;
}

v1::UploadResponse StateAnswer(const FinishedUpload& finished) {
  v1::UploadResponse response;
  v1::UploadState& state = *response.mutable_state();
  state.set_upload_id(finished.upload_id);
  state.set_committed_size(finished.size);
  state.set_received_size(finished.size);
  state.set_complete(true);
  return response;
}

v1::UploadResponse DoneAnswer(std::string_view upload_id, StoreOutcome outcome,
                              std::string_view sop_instance_uid, std::string_view study_id) {
  v1::UploadResponse response;
  v1::UploadDone& done = *response.mutable_done();
  done.set_upload_id(std::string(upload_id));
  done.set_outcome(static_cast<v1::StoreOutcome>(outcome));
  done.set_sop_instance_uid(std::string(sop_instance_uid));
  done.set_study_id(std::string(study_id));
  return response;
}

v1::UploadResponse FailureAnswer(std::string_view upload_id, const absl::Status& status) {
  const base::ErrorDetail detail = base::DetailOf(status);
  v1::UploadResponse response;
  v1::UploadFailure& failure = *response.mutable_failure();
  failure.set_upload_id(std::string(upload_id));
  failure.set_code(static_cast<int32_t>(status.code()));
  failure.set_message(std::string(status.message()));
  failure.set_reason(detail.reason);
  failure.set_retryable(detail.retryable);
  return response;
}

// The device as the registry knows it, by its id or by what the gateway saw of it.
void FillDevice(const v1::UploadBegin& begin, const Places& places, Arrival& arrival) {
  arrival.device_ae_title = begin.device_ae_title();
  std::optional<Device> device =
      begin.device_id().empty()
          ? places.Recognize(begin.device_ae_title(), begin.device_address(), begin.facility_id())
          : places.FindDevice(begin.device_id());
  if (!device || device->facility_id != begin.facility_id()) return;
  arrival.device_id = device->id;
  arrival.device_ae_title = device->ae_title;
}

absl::StatusOr<UploadPlan> PlanOf(const v1::UploadBegin& begin, const rpc::Call& call,
                                  const UploadParts& parts) {
  TJ_TRY(CheckFacility(call, parts.places, begin.facility_id()));
  if (!begin.device_ae_title().empty() && !dicom::ValidAeTitle(begin.device_ae_title()))
    return base::InvalidField("begin.device_ae_title", "expected an AE title");
  UploadPlan plan;
  plan.sender = SenderOf(call);
  plan.upload_id = begin.upload_id();
  plan.size = begin.size();
  plan.digest = begin.digest();
  Arrival& arrival = plan.arrival;
  arrival.facility_id = begin.facility_id();
  FillDevice(begin, parts.places, arrival);
  arrival.receipt_time = parts.clock.Now();
  if (begin.time().has_receipt_time()) {
    TJ_ASSIGN_OR_RETURN(arrival.receipt_time,
                        rpc::CheckedTime(begin.time().receipt_time(), "begin.time.receipt_time"));
  }
  arrival.offset_ms = begin.time().offset_ms();
  arrival.clock_implausible = begin.time().implausible();
  if (!common::v1::Priority_IsValid(begin.priority())) {
    return base::InvalidField("begin.priority", "unknown priority");
  }
  arrival.priority = begin.priority();
  return plan;
}

class UploadStream final : public UploadReactor {
 public:
  UploadStream(const UploadParts& parts, std::unique_ptr<rpc::Call> call)
      : parts_(parts), call_(std::move(call)), touched_(call_->trail().deed(), parts.clock) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      parts_.workers.Post([this] { EndReading(); });
      return;
    }
    parts_.workers.Post([this] {
      Take(request_);
      ReadOn();
    });
  }

  void OnWriteDone(bool ok) override {
    bool finish = false;
    {
      const std::lock_guard lock(mutex_);
      broken_ |= !ok;
      answers_.pop_front();
      if (broken_) answers_.clear();
      writing_ = !answers_.empty();
      if (writing_) StartWrite(&answers_.front());
      ResumeReading();
      finish = TakeEnd();
    }
    if (finish) parts_.workers.Post([this] { End(); });
  }

  void OnDone() override { delete this; }

 private:
  // On a worker, one at a time: requests of a stream follow one another.
  void Take(const v1::UploadRequest& request) {
    const telemetry::RequestScope scope(call_->request_id());
    switch (request.step_case()) {
      case v1::UploadRequest::kBegin:
        Begin(request.begin());
        break;
      case v1::UploadRequest::kChunk:
        Append(request.chunk());
        break;
      case v1::UploadRequest::kFinish:
        Finish(request.finish().upload_id());
        break;
      case v1::UploadRequest::STEP_NOT_SET:
        Answer(FailureAnswer("", base::InvalidField("step", "a step is begin, chunk or finish")));
        break;
    }
  }

  void Begin(const v1::UploadBegin& begin) {
    if (current_ != nullptr) current_->Suspend();
    current_.reset();
    stored_.reset();
    announced_ = begin.upload_id();
    absl::StatusOr<UploadPlan> plan = PlanOf(begin, *call_, parts_);
    if (!plan.ok()) return Answer(FailureAnswer(announced_, plan.status()));
    absl::StatusOr<Uploads::Begun> begun = parts_.uploads.Begin(*std::move(plan));
    if (!begun.ok()) return Answer(FailureAnswer(announced_, begun.status()));
    if (begun->finished) {
      stored_ = std::move(begun->finished);
      Answer(StateAnswer(*stored_));
      return Answer(
          DoneAnswer(announced_, stored_->outcome, stored_->sop_instance_uid, stored_->study_id));
    }
    current_ = std::move(begun->upload);
    Answer(StateAnswer(*current_));
  }

  void Append(const v1::UploadChunk& chunk) {
    // What comes behind a failure, or for an object that is stored, has had its answer.
    if (current_ == nullptr) {
      if (announced_.empty())
        Answer(FailureAnswer("", base::InvalidField("step", "a chunk needs a begin before it")));
      return;
    }
    const absl::Status taken = current_->Append(chunk.offset(), chunk.data(), chunk.crc32c());
    if (!taken.ok()) {
      current_.reset();
      return Answer(FailureAnswer(announced_, taken));
    }
    Answer(StateAnswer(*current_));
  }

  void Finish(const std::string& upload_id) {
    if (upload_id != announced_) {
      return Answer(FailureAnswer(
          upload_id, base::InvalidField("finish.upload_id", "another upload was begun")));
    }
    if (stored_) {
      return Answer(
          DoneAnswer(announced_, stored_->outcome, stored_->sop_instance_uid, stored_->study_id));
    }
    if (current_ == nullptr) return;
    {
      const std::lock_guard lock(mutex_);
      ++finishing_;
    }
    parts_.workers.Post([this, upload = std::exchange(current_, nullptr)] {
      Answer(MakeDurable(*upload));
      Leave();
    });
  }

  v1::UploadResponse MakeDurable(Upload& upload) {
    const telemetry::RequestScope scope(call_->request_id());
    const std::string& upload_id = upload.plan().upload_id;
    const absl::StatusOr<Stored> stored = upload.Finish(
        [this](store::Transaction& tx, const Stored& what) { return touched_.WriteIn(tx, what); });
    if (!stored.ok()) {
      telemetry::Log(telemetry::Level::kWarning, "upload_failed",
                     {{"upload_id", upload_id}, {"error", stored.status()}});
      return FailureAnswer(upload_id, stored.status());
    }
    touched_.Done(*stored);
    {
      const std::lock_guard lock(mutex_);
      call_->trail().TouchObject(stored->study_id);
    }
    return DoneAnswer(upload_id, stored->outcome, stored->sop_instance_uid, stored->study_id);
  }

  // A task that made an object durable is over. Nothing of the stream may be used after it.
  void Leave() {
    bool finish = false;
    {
      const std::lock_guard lock(mutex_);
      --finishing_;
      ResumeReading();
      finish = TakeEnd();
    }
    if (finish) End();
  }

  void Answer(v1::UploadResponse response) {
    const std::lock_guard lock(mutex_);
    if (broken_) return;
    answers_.push_back(std::move(response));
    if (writing_) return;
    writing_ = true;
    StartWrite(&answers_.front());
  }

  void ReadOn() {
    const std::lock_guard lock(mutex_);
    paused_ = true;
    ResumeReading();
  }

  // Under the lock.
  void ResumeReading() {
    if (!paused_ || finishing_ >= kFinishingMax || answers_.size() >= kAnswersMax) return;
    paused_ = false;
    StartRead(&request_);
  }

  void EndReading() {
    if (current_ != nullptr) current_->Suspend();
    current_.reset();
    bool finish = false;
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      finish = TakeEnd();
    }
    if (finish) End();
  }

  // Under the lock: true once, when nothing of the stream runs any more.
  bool TakeEnd() {
    if (!over_ || ended_ || finishing_ > 0 || writing_) return false;
    return ended_ = true;
  }

  void End() {
    const absl::Status outcome =
        call_->cancelled() ? absl::CancelledError("the sender broke off") : absl::OkStatus();
    UploadReactor::Finish(call_->Close(outcome));
  }

  const UploadParts parts_;
  const std::unique_ptr<rpc::Call> call_;
  TouchLog touched_;
  v1::UploadRequest request_;

  // Of the worker that takes requests.
  std::string announced_;
  std::shared_ptr<Upload> current_;
  std::optional<FinishedUpload> stored_;

  std::mutex mutex_;
  std::deque<v1::UploadResponse> answers_;
  bool writing_ = false;
  bool paused_ = false;
  bool over_ = false;
  bool broken_ = false;
  bool ended_ = false;
  int finishing_ = 0;
};

}  // namespace

UploadReactor* ServeUpload(const UploadParts& parts, std::unique_ptr<rpc::Call> call) {
  return new UploadStream(parts, std::move(call));
}

absl::Status CheckFacility(const rpc::Call& call, const Places& places,
                           std::string_view facility_id) {
  if (facility_id.empty())
    return base::InvalidField("facility_id", "name the facility where it was recorded");
  if (call.scope().Contains(facility_id)) return absl::OkStatus();
  for (const std::string& above : call.scope().facilities()) {
    if (places.Within(facility_id, above)) return absl::OkStatus();
  }
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "facility_id",
                     "this caller may not record for that facility");
}

std::string SenderOf(const rpc::Call& call) {
  const security::Caller& caller = call.caller();
  return caller.kind == security::CallerKind::kService ? "service:" + caller.service
                                                       : caller.facility_id;
}

}  // namespace tongjian::imaging
