#include "common/feed/long_poll.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/rpc/door.h"
#include "common/rpc/proto_time.h"

namespace tongjian::feed {
namespace {

// The answer has to be on its way before the caller gives up.
constexpr absl::Duration kMargin = absl::Milliseconds(200);

}  // namespace

Poll::Poll(Polls& polls, grpc::CallbackServerContext* context, PollRequest request)
    : polls_(polls), context_(context), request_(std::move(request)) {
  ++polls_.visitors;
}

Poll::~Poll() { --polls_.visitors; }

bool Poll::Entered(grpc::Status* refusal) {
  if (admitted_ != nullptr) return true;
  admitted_ = request_.door->Open(context_, request_.method, refusal);
  if (admitted_ == nullptr) return false;
  prepared_ = Prepare();
  return true;
}

absl::Status Poll::Prepare() {
  if (request_.source == nullptr) return base::NotFound("feed");
  if (polls_.visitors > polls_.options.waiting_max) {
    return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                       "too many followers wait");
  }
  TJ_ASSIGN_OR_RETURN(reader_, ReaderOf(*request_.source, *admitted_));
  if (request_.page_size < 0) return base::InvalidField("page_size", "must not be negative");
  limit_ = request_.page_size == 0
               ? polls_.options.page_default
               : std::min<int64_t>(request_.page_size, polls_.options.page_max);
  if (request_.wait == nullptr) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const absl::Duration wait,
                      rpc::CheckedDuration(*request_.wait, polls_.options.wait_max, "wait"));
  until_ = std::min(absl::Now() + wait, admitted_->deadline() - kMargin);
  return absl::OkStatus();
}

absl::Status Poll::Going() const {
  TJ_TRY(prepared_);
  return admitted_->StillHolds();
}

uint64_t Poll::Version() const {
  return request_.source == nullptr ? 0 : polls_.room.VersionOf(request_.source->news);
}

void Poll::WaitFor(uint64_t version, bool more) {
  polls_.room.Wait(*this, request_.source->news, version, more ? absl::Now() : until_);
}

}  // namespace tongjian::feed
