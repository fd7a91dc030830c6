// A call that waits on a feed: one answer as soon as there is news, or a stream of it. Waiting takes no thread. For services
// that serve a feed in words of their own.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "common/feed/feed_source.h"
#include "common/rpc/call.h"

namespace google::protobuf {
class Duration;
}

namespace tongjian::feed {

struct PollOptions {
  int threads = 4;             // That read pages; waiting takes none.
  int64_t waiting_max = 4096;  // Calls that wait at once.
  absl::Duration wait_max = absl::Seconds(55);
  int64_t page_default = 100;
  int64_t page_max = 1000;
};

// All that waits in one service. Safe for concurrent use; it must outlive its calls.
struct Polls {
  explicit Polls(PollOptions given) : options(given), room(given.threads) {}

  const PollOptions options;
  std::atomic<int64_t> visitors{0};
  WaitingRoom room;
};

// What a call asks for. A null source is NOT_FOUND, said at `door`.
struct PollRequest {
  FeedSource* source = nullptr;
  const rpc::Door* door = nullptr;
  const char* method = nullptr;
  std::string cursor;
  int32_t page_size = 0;                            // Calls only.
  const google::protobuf::Duration* wait = nullptr;  // Calls only; lives as long as the call.
};

// Where a call is, for who reads its next page.
struct ReadAt {
  FeedSource& source;
  const Reader& reader;
  const std::string& cursor;
  int64_t limit;
  rpc::Trail& trail;
};

// One caller at one feed: what both kinds share.
class Poll : public Visitor {
 protected:
  Poll(Polls& polls, grpc::CallbackServerContext* context, PollRequest request);
  ~Poll() override;

  // Opens the call when it runs first. False: it is refused.
  bool Entered(grpc::Status* refusal);
  // Not OK: it is over, for this reason.
  absl::Status Going() const;
  // Only while Going is OK.
  ReadAt Here() { return {*request_.source, reader_, request_.cursor, limit_, admitted_->trail()}; }
  uint64_t Version() const;
  // Until there is news after `version`; at once where more is there already.
  void WaitFor(uint64_t version, bool more);

  Polls& polls_;
  grpc::CallbackServerContext* const context_;
  PollRequest request_;
  std::unique_ptr<rpc::Call> admitted_;
  Reader reader_;
  int64_t limit_ = 0;
  absl::Time until_ = absl::InfiniteFuture();

 private:
  absl::Status Prepare();

  absl::Status prepared_;
};

// One page, waited for until request.wait is over. `Page` has events, next_cursor and more; one without events is behind the
// caller, and the call goes on from its next_cursor.
template <class Page>
class PullReactor final : public grpc::ServerUnaryReactor, private Poll {
 public:
  using Read = std::function<absl::StatusOr<Page>(const ReadAt&)>;

  PullReactor(Polls& polls, grpc::CallbackServerContext* context, PollRequest request, Page* response,
              Read read)
      : Poll(polls, context, std::move(request)), response_(response), read_(std::move(read)) {
    polls_.room.Enqueue(*this);
  }

  void Run() override {
    grpc::Status refusal;
    if (!Entered(&refusal)) return Finish(refusal);
    const uint64_t version = Version();
    absl::Status read = ReadOnce();
    if (read.ok() && polls_.room.closed()) read = absl::UnavailableError("the hub is stopping");
    const bool over = absl::Now() >= until_ || context_->IsCancelled();
    if (!read.ok() || response_->events_size() > 0 || over) {
      // Only now: what it showed after waiting belongs in the trail.
      if (reader_.service || response_->events_size() == 0) admitted_->trail().Omit();
      return Finish(admitted_->Close(read));
    }
    WaitFor(version, response_->more());
  }

  void OnCancel() override { polls_.room.CallUp(*this); }
  void OnDone() override { delete this; }

 private:
  absl::Status ReadOnce() {
    if (absl::Status going = Going(); !going.ok()) return going;
    absl::StatusOr<Page> page = read_(Here());
    if (!page.ok()) return page.status();
    *response_ = *std::move(page);
    request_.cursor = response_->next_cursor();
    return absl::OkStatus();
  }

  Page* const response_;
  const Read read_;
};

// What a stream writes next, and from where it goes on.
template <class Item>
struct Batch {
  std::vector<Item> items;
  std::string next_cursor;
  bool more = false;
};

// Item by item for as long as the caller stays.
template <class Item>
class WatchReactor final : public grpc::ServerWriteReactor<Item>, private Poll {
 public:
  using Read = std::function<absl::StatusOr<Batch<Item>>(const ReadAt&)>;

  WatchReactor(Polls& polls, grpc::CallbackServerContext* context, PollRequest request, Read read)
      : Poll(polls, context, std::move(request)), read_(std::move(read)) {
    polls_.room.Enqueue(*this);
  }

  void Run() override {
    grpc::Status refusal;
    if (!Entered(&refusal)) return this->Finish(refusal);
    absl::Status going = Going();
    if (going.ok() && (broken_ || context_->IsCancelled()))
      going = absl::CancelledError("the watcher went away");
    if (going.ok() && polls_.room.closed()) going = absl::UnavailableError("the hub is stopping");
    if (!going.ok()) return this->Finish(admitted_->Close(going));
    if (next_ < batch_.items.size()) return this->StartWrite(&batch_.items[next_++]);
    const uint64_t version = Version();
    absl::StatusOr<Batch<Item>> batch = read_(Here());
    if (!batch.ok()) return this->Finish(admitted_->Close(batch.status()));
    batch_ = *std::move(batch);
    next_ = 0;
    request_.cursor = batch_.next_cursor;
    if (!batch_.items.empty()) return this->StartWrite(&batch_.items[next_++]);
    WaitFor(version, batch_.more);
  }

  void OnWriteDone(bool ok) override {
    broken_ = !ok;
    polls_.room.Enqueue(*this);
  }
  void OnCancel() override { polls_.room.CallUp(*this); }
  void OnDone() override { delete this; }

 private:
  const Read read_;
  Batch<Item> batch_;
  size_t next_ = 0;
  bool broken_ = false;
};

}  // namespace tongjian::feed
