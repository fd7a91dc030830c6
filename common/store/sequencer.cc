#include "common/store/sequencer.h"

#include <functional>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/store/own_schema.h"
#include "common/store/transaction.h"

namespace tongjian::store {
namespace {

constexpr char kLeaseName[] = "store.sequencer";
constexpr absl::Duration kLeaseTime = absl::Seconds(10);
constexpr int64_t kBatch = 1000;

constexpr char kNewStreams[] =
    "insert into store_feed_stream (stream, last_position, trimmed_position) "
    "select distinct stream, 0, 0 from (select stream from store_feed_event "
    "where position is null order by id limit :batch) waiting on conflict (stream) do nothing";

// One statement, so one snapshot: what it does not see commits later and gets a later position.
// Within a stream the order is that of ids: a change that depends on another's commit has inserted
// its events after it.
constexpr char kNumber[] = R"(
with waiting as (
  select id, stream, row_number() over (partition by stream order by id) as step
  from (select id, stream from store_feed_event where position is null
        order by id limit :batch) first
), numbered as (
  update store_feed_event e set position = s.last_position + w.step
  from waiting w join store_feed_stream s on s.stream = w.stream
  where e.id = w.id
  returning e.stream, e.position, e.audiences
), addressed as (
  insert into store_feed_audience (stream, facility, position)
  select n.stream, a.facility, n.position
  from numbered n cross join lateral unnest(string_to_array(n.audiences, ' ')) as a(facility)
), heads as (
  select stream, max(position) as position, count(*) as events from numbered group by stream
), moved as (
  update store_feed_stream s set last_position = h.position
  from heads h where s.stream = h.stream
)
select stream, position, events from heads)";

// Runs `work` in a transaction of `connection`; read committed, so that each statement sees what
// has been committed before it.
absl::Status InTransaction(Connection& connection, absl::Time now,
                           const std::function<absl::Status(Transaction&)>& work) {
  connection.ClearFailure();
  TJ_TRY(connection.Script("begin"));
  Transaction transaction(connection, now);
  absl::Status status = work(transaction);
  if (status.ok()) status = connection.failure();
  if (status.ok()) return connection.Script("commit");
  connection.Script("rollback").IgnoreError();  // The first failure is the one to report.
  return status;
}

}  // namespace

Sequencer::Sequencer(ConnectionPool::Factory connect, absl::Duration poll, const base::Clock& clock,
                     FeedHeads& heads)
    : connect_(std::move(connect)),
      poll_(poll),
      clock_(clock),
      heads_(heads),
      holder_(base::RandomHex(8)),
      thread_([this] { Loop(); }) {}

Sequencer::~Sequencer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  thread_.join();
  Release();
}

void Sequencer::Wake() {
  {
    std::lock_guard lock(mutex_);
    wake_ = true;
  }
  woken_.notify_one();
}

void Sequencer::Loop() {
  bool more = false;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!more) {
        woken_.wait_for(lock, absl::ToChronoMilliseconds(poll_),
                        [&] { return wake_ || stopping_; });
      }
      if (stopping_ && !wake_) return;
      wake_ = false;
    }
    const absl::StatusOr<bool> turn = Turn();
    if (!turn.ok()) Recover(turn.status());
    more = turn.ok() && *turn;
  }
}

absl::StatusOr<bool> Sequencer::Turn() {
  if (connection_ == nullptr) {
    TJ_ASSIGN_OR_RETURN(connection_, connect_());
  }
  TJ_ASSIGN_OR_RETURN(const bool held, HoldLease());
  if (held) return Number();
  connection_->ClearFailure();
  TJ_TRY(LoadHeads(*connection_, heads_));
  return false;
}

absl::StatusOr<bool> Sequencer::HoldLease() {
  const absl::Duration now = clock_.Elapsed();
  if (lease_ && now - renewed_ < kLeaseTime / 3) return true;
  TJ_TRY(InTransaction(*connection_, clock_.Now(), [&](Transaction& transaction) -> absl::Status {
    if (lease_) return RenewLease(transaction, *lease_, kLeaseTime);
    TJ_ASSIGN_OR_RETURN(lease_, AcquireLease(transaction, kLeaseName, holder_, kLeaseTime));
    return absl::OkStatus();
  }));
  if (!lease_) return false;
  renewed_ = now;
  return true;
}

absl::StatusOr<bool> Sequencer::Number() {
  std::vector<Row> heads;
  TJ_TRY(InTransaction(*connection_, clock_.Now(), [&](Transaction& transaction) -> absl::Status {
    TJ_TRY(CheckLease(transaction, *lease_));
    TJ_TRY(transaction.Execute(kNewStreams, kBatch).status());
    TJ_ASSIGN_OR_RETURN(heads, transaction.Query(kNumber, kBatch));
    return absl::OkStatus();
  }));
  int64_t events = 0;
  for (const Row& row : heads) {
    heads_.Advance(row.Text(0), row.Int(1));
    events += row.Int(2);
  }
  return events == kBatch;
}

void Sequencer::Recover(const absl::Status& failure) {
  // The next turn connects anew. The lease does not hang on the connection.
  connection_.reset();
  if (absl::IsAborted(failure)) lease_.reset();
}

void Sequencer::Release() {
  if (!lease_ || connection_ == nullptr) return;
  // If it fails the lease runs out by itself.
  InTransaction(*connection_, clock_.Now(), [&](Transaction& transaction) {
    return ReleaseLease(transaction, *lease_);
  }).IgnoreError();
}

}  // namespace tongjian::store
