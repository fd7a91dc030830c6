#include "services/edge/upload_lane.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/security/digest.h"
#include "common/telemetry/log.h"
#include "services/edge/upload_message.h"
#include "tongjian/imaging/v1/ingest.grpc.pb.h"

namespace tongjian::edge {

using imaging::v1::UploadRequest;
using imaging::v1::UploadResponse;

namespace {

constexpr absl::Duration kLook = absl::Seconds(2);
constexpr std::chrono::milliseconds kConnectLook(250);
constexpr absl::Duration kLinger = absl::Seconds(2);     // With an idle stream.
constexpr absl::Duration kStall = absl::Seconds(90);     // Without any answer to what is sent.
constexpr size_t kObjectsAhead = 128;                    // Whose answers are outstanding.
constexpr int64_t kSentUnasked = 256 << 10;  // Larger ones ask first how much the hub has.

const char* NameOf(Lane lane) { return lane == Lane::kUrgent ? "urgent" : "routine"; }

}  // namespace

// One stream from its opening to its end, on the lane's thread; a second thread only collects
// answers.
class UploadLane::Stream {
 public:
  explicit Stream(UploadLane& lane)
      : lane_(lane), call_(rpc::OutgoingIdentity::Machine(), {.timeout = absl::InfiniteDuration()}) {
    lane_.pace_.Reset();
  }

  absl::Status Run() {
    {
      const std::lock_guard lock(lane_.mutex_);
      if (lane_.stopping_) return absl::OkStatus();
      lane_.running_ = call_.context();
    }
    stream_ = imaging::v1::IngestService::NewStub(lane_.channel_)->Upload(call_.context());
    std::thread reader([this] { Collect(); });
    const absl::Status sent = Send();
    if (!sent.ok()) call_.context()->TryCancel();
    stream_->WritesDone();
    reader.join();
    const absl::Status settled = Settle();
    const absl::Status finished = call_.Result(stream_->Finish());
    {
      const std::lock_guard lock(lane_.mutex_);
      lane_.running_ = nullptr;
    }
    lane_.urgent_.objects -= counted_;
    for (const auto& [id, object] : ahead_) {
      lane_.begun_.insert(id);
      lane_.progress_.Paused(id);
    }
    TJ_TRY(settled);
    if (!finished.ok() && !absl::IsCancelled(finished)) return finished;
    TJ_TRY(sent);
    return ahead_.empty() ? absl::OkStatus() : absl::UnavailableError("the hub ended the stream");
  }

  // Whether anything came nearer to its end.
  bool had_progress() const { return had_progress_; }

 private:
  struct Sending {
    SpoolObject object;
    std::unique_ptr<blob::Reader> reader;
    int64_t offset = 0;
    bool asked = false;  // Waits for the hub to say how much it has.
  };

  void Collect() {
    UploadResponse response;
    while (stream_->Read(&response)) {
      const std::lock_guard lock(lane_.mutex_);
      answers_.push_back(std::move(response));
      lane_.changed_.notify_all();
    }
    const std::lock_guard lock(lane_.mutex_);
    ended_ = true;
    lane_.changed_.notify_all();
  }

  // OK when nothing is left to do or the lane stops; an error when the stream is broken.
  absl::Status Send() {
    absl::Duration busy = lane_.clock_.Elapsed();
    while (true) {
      const bool progress = HasAnswers();
      TJ_TRY(Settle());
      TJ_ASSIGN_OR_RETURN(const bool sent, Step());
      const absl::Duration now = lane_.clock_.Elapsed();
      if (progress || sent) busy = now;
      if (sent) continue;
      const bool idle = ahead_.empty() && !current_;
      if (idle && now - busy > kLinger) return absl::OkStatus();
      if (!idle && now - busy > kStall && !Held()) return absl::UnavailableError("no answer from the hub");
      std::unique_lock lock(lane_.mutex_);
      if (lane_.stopping_) return absl::CancelledError("the gateway stops");
      if (ended_ && answers_.empty()) {
        return idle ? absl::OkStatus() : absl::UnavailableError("the stream broke");
      }
      const uint64_t seen = lane_.wakes_;
      lane_.changed_.wait_for(lock, std::chrono::milliseconds(idle ? 250 : 50), [&] {
        return !answers_.empty() || ended_ || lane_.stopping_ || lane_.wakes_ != seen;
      });
    }
  }

  bool Held() const { return lane_.lane_ == Lane::kRoutine && lane_.urgent_.objects > 0; }

  // Sends one thing; false when there is nothing to send now.
  absl::StatusOr<bool> Step() {
    if (Held()) return false;
    if (!current_) return BeginNext();
    if (current_->asked || !lane_.pace_.open()) return false;
    if (current_->offset < current_->object.size) return SendChunk();
    UploadRequest request;
    request.mutable_finish()->set_upload_id(current_->object.id);
    current_.reset();
    return Write(request);
  }

  absl::StatusOr<bool> BeginNext() {
    if (ahead_.size() >= kObjectsAhead) return false;
    if (next_.empty()) {
      TJ_ASSIGN_OR_RETURN(std::vector<SpoolObject> due,
                          lane_.spool_.Next(lane_.lane_, lane_.clock_.Now(), kObjectsAhead,
                                            [this](const std::string& id) {
                                              return ahead_.count(id) > 0;
                                            }));
      next_.assign(std::make_move_iterator(due.begin()), std::make_move_iterator(due.end()));
    }
    if (next_.empty()) return false;
    Sending sending{.object = std::move(next_.front())};
    next_.pop_front();
    auto reader = lane_.blobs_.OpenReader(sending.object.locator);
    if (!reader.ok()) {  // Damaged or gone: a person must look.
      TJ_TRY(lane_.spool_.Damaged(sending.object));
      return true;
    }
    sending.reader = *std::move(reader);
    sending.asked = sending.object.attempts > 0 || sending.object.size > kSentUnasked ||
                    lane_.begun_.count(sending.object.id) > 0;
    const UploadRequest request = BeginOf(sending.object);
    ahead_.emplace(sending.object.id, sending.object);
    lane_.progress_.Sending(sending.object.id);
    if (lane_.lane_ == Lane::kUrgent) {
      ++counted_;
      ++lane_.urgent_.objects;
    }
    current_ = std::move(sending);
    return Write(request);
  }

  absl::StatusOr<bool> SendChunk() {
    const int64_t size =
        std::min(lane_.pace_.chunk(), current_->object.size - current_->offset);
    absl::StatusOr<std::string> bytes =
        current_->reader->Read(current_->offset, static_cast<size_t>(size));
    if (!bytes.ok() || bytes->empty()) {
      TJ_TRY(lane_.spool_.Damaged(current_->object));
      Forget(current_->object.id);
      return true;
    }
    UploadRequest request;
    imaging::v1::UploadChunk& chunk = *request.mutable_chunk();
    chunk.set_offset(current_->offset);
    chunk.set_crc32c(security::Crc32c(*bytes));
    current_->offset += static_cast<int64_t>(bytes->size());
    lane_.pace_.Sent(current_->object.id, current_->offset, static_cast<int64_t>(bytes->size()),
                     lane_.clock_.Elapsed());
    lane_.sent_bytes_.Add(static_cast<int64_t>(bytes->size()));
    chunk.set_data(*std::move(bytes));
    return Write(request);
  }

  absl::StatusOr<bool> Write(const UploadRequest& request) {
    if (!stream_->Write(request)) return absl::UnavailableError("the stream broke");
    return true;
  }

  bool HasAnswers() {
    const std::lock_guard lock(lane_.mutex_);
    return !answers_.empty();
  }

  // Takes what the hub has answered.
  absl::Status Settle() {
    std::deque<UploadResponse> answers;
    {
      const std::lock_guard lock(lane_.mutex_);
      answers.swap(answers_);
    }
    std::vector<SpoolObject> done;
    for (const UploadResponse& answer : answers) {
      if (answer.has_state()) TakeState(answer.state());
      if (answer.has_failure()) TJ_TRY(TakeFailure(answer.failure()));
      if (!answer.has_done()) continue;
      const auto it = ahead_.find(answer.done().upload_id());
      if (it == ahead_.end()) continue;
      done.push_back(it->second);
      Forget(answer.done().upload_id());
    }
    if (done.empty()) return absl::OkStatus();
    had_progress_ = true;
    lane_.sent_objects_.Add(static_cast<int64_t>(done.size()));
    return lane_.spool_.Done(done);
  }

  void TakeState(const imaging::v1::UploadState& state) {
    const int64_t received = std::max(state.received_size(), state.committed_size());
    lane_.pace_.Taken(state.upload_id(), received, lane_.clock_.Elapsed());
    lane_.NoteRate();
    lane_.progress_.Committed(state.upload_id(), state.committed_size());
    if (!current_ || current_->object.id != state.upload_id() || !current_->asked) {
      had_progress_ = true;
      return;
    }
    current_->asked = false;
    current_->offset = state.complete() ? current_->object.size : state.committed_size();
  }

  absl::Status TakeFailure(const imaging::v1::UploadFailure& failure) {
    const auto it = ahead_.find(failure.upload_id());
    if (it == ahead_.end()) return absl::OkStatus();
    const std::string error = failure.reason() + ": " + failure.message();
    const int64_t attempts = it->second.attempts;
    telemetry::Log(telemetry::Level::kWarning, "upload_refused",
                   {{"upload_id", failure.upload_id()}, {"error", error}});
    Forget(failure.upload_id());
    if (!CanSucceed(failure)) return lane_.spool_.Fail(failure.upload_id(), error);
    return lane_.spool_.Postpone(failure.upload_id(), error, Jittered(PauseAfter(attempts)));
  }

  // The object's part in this stream is over. By value: `id` may be of what is let go here.
  void Forget(const std::string id) {
    lane_.pace_.Over(id, lane_.clock_.Elapsed());
    lane_.NoteRate();
    lane_.begun_.erase(id);
    lane_.progress_.Over(id);
    if (current_ && current_->object.id == id) current_.reset();
    if (ahead_.erase(id) == 0 || lane_.lane_ != Lane::kUrgent) return;
    --counted_;
    --lane_.urgent_.objects;
  }

  UploadLane& lane_;
  rpc::ClientCall call_;
  std::unique_ptr<grpc::ClientReaderWriter<UploadRequest, UploadResponse>> stream_;
  std::deque<SpoolObject> next_;
  std::optional<Sending> current_;
  std::map<std::string, SpoolObject> ahead_;  // Begun, without a last answer.
  int counted_ = 0;                           // Of ahead_, in the urgent traffic.
  bool had_progress_ = false;
  std::deque<UploadResponse> answers_;  // Under the lane's lock, as is ended_.
  bool ended_ = false;
};

UploadLane::UploadLane(Lane lane, Spool& spool, blob::Store& blobs,
                       std::shared_ptr<grpc::Channel> channel, UrgentTraffic& urgent,
                       Progress& progress, const base::Clock& clock, telemetry::Registry& metrics)
    : lane_(lane),
      spool_(spool),
      blobs_(blobs),
      channel_(std::move(channel)),
      urgent_(urgent),
      progress_(progress),
      clock_(clock),
      sent_objects_(metrics.GetCounter("tongjian_edge_uploaded_objects_total",
                                       "Objects the hub has", {{"lane", NameOf(lane)}})),
      sent_bytes_(metrics.GetCounter("tongjian_edge_sent_bytes_total",
                                     "Bytes sent to the hub, those sent again included",
                                     {{"lane", NameOf(lane)}})),
      breaks_(metrics.GetCounter("tongjian_edge_upload_breaks_total", "Uploads that broke off",
                                 {{"lane", NameOf(lane)}})),
      pace_(lane == Lane::kRoutine) {}

UploadLane::~UploadLane() { Stop(); }

void UploadLane::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void UploadLane::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (running_ != nullptr) running_->TryCancel();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void UploadLane::Wake() {
  const std::lock_guard lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

bool UploadLane::HasWork() {
  const auto next = spool_.Next(lane_, clock_.Now(), 1, [](const std::string&) { return false; });
  if (!next.ok()) {
    telemetry::Log(telemetry::Level::kError, "spool_unreadable", {{"status", next.status()}});
    return false;
  }
  return !next->empty();
}

void UploadLane::Rest(absl::Duration pause, uint64_t seen) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(pause),
                    [&] { return stopping_ || wakes_ != seen; });
}

// The last one measured stays until there is another.
void UploadLane::NoteRate() {
  if (pace_.rate() > 0) rate_ = pace_.rate();
}

// Waits a moment for the connection, which comes back by itself.
bool UploadLane::Connected() {
  const grpc_connectivity_state state = channel_->GetState(true);
  if (state == GRPC_CHANNEL_READY) return true;
  channel_->WaitForStateChange(state, std::chrono::system_clock::now() + kConnectLook);
  return false;
}

void UploadLane::Run() {
  int64_t breaks = 0;  // Since something got on.
  while (true) {
    uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      seen = wakes_;
    }
    if (!HasWork()) {
      Rest(kLook, seen);
      continue;
    }
    if (!Connected()) continue;
    Stream stream(*this);
    const absl::Status status = stream.Run();
    if (status.ok()) {
      breaks = 0;
      continue;
    }
    breaks_.Add();
    telemetry::Log(telemetry::Level::kInfo, "upload_broke",
                   {{"lane", NameOf(lane_)}, {"status", status}});
    if (stream.had_progress()) breaks = 0;
    Rest(Jittered(ReopenAfter(breaks++)), seen);
  }
}

}  // namespace tongjian::edge
