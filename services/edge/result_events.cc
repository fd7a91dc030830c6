#include "services/edge/result_events.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "common/store/feed.h"
#include "services/edge/result_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::edge {
namespace {

using exchange::v1::PullEventsResponse;
using exchange::v1::ResultEvent;

constexpr int64_t kWatchPage = 20;
constexpr absl::Duration kLook = absl::Milliseconds(300);

// A thread of its own: a clinic has few readers, and reading may wait for the disk, which no thread
// of gRPC or the store should.
class Watch final : public grpc::ServerWriteReactor<ResultEvent> {
 public:
  Watch(store::Database& database, std::string facility_id, std::string cursor,
        std::unique_ptr<rpc::Call> call)
      : database_(database),
        facility_id_(std::move(facility_id)),
        cursor_(std::move(cursor)),
        call_(std::move(call)) {
    std::thread([this] { Run(); }).detach();  // It ends by Finish, which OnDone follows.
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    broken_ |= !ok;
    writing_ = false;
    changed_.notify_all();
  }

  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    broken_ = true;
    changed_.notify_all();
  }

  void OnDone() override { delete this; }

 private:
  void Run() {
    const absl::Status outcome = Follow();
    Finish(call_->Close(outcome));  // Nothing of this may be used after it.
  }

  absl::Status Follow() {
    while (!Broken()) {
      TJ_ASSIGN_OR_RETURN(
          PullEventsResponse page,
          ReadResultEvents(database_, facility_id_, cursor_, kWatchPage, call_->trail()));
      cursor_ = page.next_cursor();
      for (const ResultEvent& event : page.events()) TJ_TRY(Send(event));
      if (page.events().empty()) database_.feed().Wait(kResultStream, cursor_, kLook);
    }
    return absl::CancelledError("the reader has gone");
  }

  absl::Status Send(const ResultEvent& event) {
    {
      const std::lock_guard lock(mutex_);
      if (broken_) return absl::CancelledError("the reader has gone");
      writing_ = true;
    }
    StartWrite(&event);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !writing_; });
    return absl::OkStatus();
  }

  bool Broken() {
    const std::lock_guard lock(mutex_);
    return broken_;
  }

  store::Database& database_;
  const std::string facility_id_;
  std::string cursor_;
  const std::unique_ptr<rpc::Call> call_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool writing_ = false;
  bool broken_ = false;
};

}  // namespace

absl::StatusOr<PullEventsResponse> ReadResultEvents(store::Database& database,
                                                    const std::string& facility_id,
                                                    const std::string& cursor, int64_t limit,
                                                    rpc::Trail& trail) {
  TJ_ASSIGN_OR_RETURN(const store::FeedPage page,
                      database.feed().Read(kResultStream, cursor, facility_id, limit));
  PullEventsResponse response;
  for (const store::Event& event : page.events) {
    events::v1::ResultChanged changed;
    if (!changed.ParseFromString(event.payload)) {
      return absl::DataLossError("a damaged event of the result feed");
    }
    ResultEvent& out = *response.add_events();
    out.set_cursor(database.feed().CursorAfter(event));
    *out.mutable_time() = rpc::ToProto(event.time);
    *out.mutable_result() = std::move(*changed.mutable_result());
    trail.TouchObject(out.result().id());
    TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(const bool withheld, WithheldHere(session, out.result().id()));
      if (withheld) *out.mutable_result() = WithheldResult(out.result().id());
      return absl::OkStatus();
    }));
    if (IsWithheld(out.result())) continue;
    const common::v1::PatientRef& patient = out.result().patient();
    trail.TouchFacilityPatient(patient.facility_id(), patient.facility_patient_id(),
                               patient.patient_id());
  }
  response.set_next_cursor(page.next_cursor);
  response.set_more(page.more);
  return response;
}

grpc::ServerWriteReactor<ResultEvent>* WatchResultEvents(store::Database& database,
                                                         std::string facility_id,
                                                         std::string cursor,
                                                         std::unique_ptr<rpc::Call> call) {
  return new Watch(database, std::move(facility_id), std::move(cursor), std::move(call));
}

}  // namespace tongjian::edge
