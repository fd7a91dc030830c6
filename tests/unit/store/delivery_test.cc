#include "common/store/delivery.h"

#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kTtl = absl::Seconds(60);

class DeliveriesTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (!IsSkipped()) UsePolicy({.jitter = 0});
  }

  void UsePolicy(RetryPolicy policy) {
    deliveries_ = std::make_unique<Deliveries>(*database_, "out", policy);
  }

  void Enqueue(const std::string& destination, const std::string& payload) {
    ASSERT_THAT(database_->Write([&](Transaction& transaction) {
      return deliveries_->Enqueue(transaction, destination, "hl7", payload);
    }),
                IsOk());
  }
  std::vector<DeliveryLease> Take(int64_t limit = 10) {
    absl::StatusOr<std::vector<DeliveryLease>> taken = deliveries_->Take(limit, kTtl);
    EXPECT_THAT(taken.status(), IsOk());
    return taken.ok() ? *taken : std::vector<DeliveryLease>();
  }
  std::vector<std::string> Payloads(const std::vector<DeliveryLease>& leases) {
    std::vector<std::string> payloads;
    for (const DeliveryLease& lease : leases) payloads.push_back(lease.delivery.payload);
    return payloads;
  }
  std::optional<DeliveryLease> Finish(const DeliveryLease& lease, const absl::Status& outcome,
                                      bool go_on = false) {
    absl::StatusOr<std::optional<DeliveryLease>> next =
        deliveries_->Finish(lease, outcome, go_on, kTtl);
    EXPECT_THAT(next.status(), IsOk());
    return next.ok() ? *next : std::nullopt;
  }

  std::unique_ptr<Deliveries> deliveries_;
};
TJ_ON_BOTH_BACKENDS(DeliveriesTest);

TEST_P(DeliveriesTest, KeepTheOrderOfADestination) {
  const std::string first("1\0\xff", 3);
  Enqueue("his", first);
  Enqueue("his", "2");
  Enqueue("pacs", "3");
  std::vector<DeliveryLease> taken = Take();
  EXPECT_THAT(Payloads(taken), ElementsAre(first, "3"));
  EXPECT_THAT(Take(), ElementsAre());  // both destinations are being served
  EXPECT_EQ(Finish(taken[0], absl::OkStatus(), true)->delivery.payload, "2");
  EXPECT_EQ(Finish(taken[1], absl::OkStatus(), true), std::nullopt);
  EXPECT_EQ(deliveries_->Get(taken[0].delivery.id)->state, DeliveryState::kDone);
  EXPECT_EQ(deliveries_->Get(taken[0].delivery.id)->finished, clock_.Now());
}

TEST_P(DeliveriesTest, AreNotSeenBeforeTheirCommit) {
  ASSERT_FALSE(database_
                   ->Write([&](Transaction& transaction) -> absl::Status {
                     TJ_TRY(deliveries_->Enqueue(transaction, "his", "hl7", "1"));
                     return absl::AbortedError("no");
                   })
                   .ok());
  EXPECT_THAT(Take(), ElementsAre());
}

TEST_P(DeliveriesTest, WaitLongerAfterEachFailure) {
  UsePolicy({.first = absl::Seconds(1), .longest = absl::Seconds(5), .jitter = 0});
  Enqueue("his", "1");
  for (int pause : {1, 2, 4, 5, 5}) {
    const std::vector<DeliveryLease> taken = Take();
    ASSERT_EQ(taken.size(), 1u);
    Finish(taken[0], absl::UnavailableError("away"), true);
    clock_.Advance(absl::Seconds(pause) - absl::Milliseconds(1));
    EXPECT_THAT(Take(), ElementsAre());
    clock_.Advance(absl::Milliseconds(1));
  }
  const std::vector<DeliveryLease> taken = Take();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].delivery.attempts, 5);
  EXPECT_THAT(taken[0].delivery.last_error, HasSubstr("UNAVAILABLE: away"));
}

TEST_P(DeliveriesTest, OfADeadDestinationDelayNoOther) {
  Enqueue("dead", "1");
  Enqueue("dead", "2");
  Finish(Take().at(0), absl::UnavailableError("away"));
  Enqueue("alive", "3");
  EXPECT_THAT(Payloads(Take()), ElementsAre("3"));
}

TEST_P(DeliveriesTest, FailForGoodAndMakeWay) {
  Enqueue("his", "bad");
  Enqueue("his", "good");
  const std::optional<DeliveryLease> next =
      Finish(Take().at(0), absl::InvalidArgumentError("refused"), true);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->delivery.payload, "good");
  Finish(*next, absl::OkStatus());
  const DeliveryPage failed = *deliveries_->List(DeliveryState::kFailed, std::nullopt, 0, 10);
  ASSERT_EQ(failed.deliveries.size(), 1u);
  EXPECT_EQ(failed.deliveries[0].payload, "bad");
  EXPECT_THAT(failed.deliveries[0].last_error, HasSubstr("refused"));
}

TEST_P(DeliveriesTest, FailAfterTheLastAttempt) {
  UsePolicy({.jitter = 0, .attempts_max = 2});
  Enqueue("his", "1");
  Finish(Take().at(0), absl::UnavailableError("away"));
  clock_.Advance(absl::Hours(1));
  const DeliveryLease last = Take().at(0);
  Finish(last, absl::UnavailableError("away"));
  EXPECT_EQ(deliveries_->Get(last.delivery.id)->state, DeliveryState::kFailed);
  EXPECT_EQ(deliveries_->Get(last.delivery.id)->attempts, 2);
}

TEST_P(DeliveriesTest, AreReplayedByAPerson) {
  Enqueue("his", "1");
  const DeliveryLease lease = Take().at(0);
  const int64_t id = lease.delivery.id;
  EXPECT_THAT(deliveries_->Replay(id), HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(deliveries_->Replay(id + 1), HasCode(absl::StatusCode::kNotFound));
  Finish(lease, absl::InvalidArgumentError("refused"));
  EXPECT_THAT(Take(), ElementsAre());
  ASSERT_THAT(deliveries_->Replay(id), IsOk());
  const std::vector<DeliveryLease> again = Take();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].delivery.id, id);
  EXPECT_EQ(again[0].delivery.attempts, 0);
  Finish(again[0], absl::OkStatus());
  EXPECT_EQ(deliveries_->Get(id)->state, DeliveryState::kDone);
}

TEST_P(DeliveriesTest, AreTakenFromAWorkerThatDied) {
  Enqueue("his", "1");
  const DeliveryLease lost = Take().at(0);
  clock_.Advance(kTtl / 2);
  ASSERT_THAT(deliveries_->Renew(lost, kTtl), IsOk());
  clock_.Advance(kTtl - absl::Milliseconds(1));
  EXPECT_THAT(Take(), ElementsAre());
  clock_.Advance(absl::Milliseconds(1));
  const DeliveryLease taken = Take().at(0);
  EXPECT_GT(taken.fence, lost.fence);
  EXPECT_THAT(deliveries_->Finish(lost, absl::OkStatus(), false, kTtl).status(),
              HasCode(absl::StatusCode::kAborted));
  EXPECT_THAT(deliveries_->Renew(lost, kTtl), HasCode(absl::StatusCode::kAborted));
  EXPECT_EQ(deliveries_->Get(lost.delivery.id)->state, DeliveryState::kPending);
  Finish(taken, absl::OkStatus());
}

TEST_P(DeliveriesTest, AreNotHeldUpByAClockSetBack) {
  Enqueue("waiting", "1");
  Enqueue("leased", "2");
  for (const DeliveryLease& lease : Take()) {
    if (lease.delivery.destination == "waiting") Finish(lease, absl::UnavailableError("away"));
  }
  clock_.JumpTo(clock_.Now() - absl::Hours(24));
  EXPECT_EQ(Take().size(), 2u);
}

TEST_P(DeliveriesTest, AreListedInPages) {
  for (int i = 0; i < 5; ++i) Enqueue(i % 2 == 0 ? "even" : "odd", std::to_string(i));
  const DeliveryPage first = *deliveries_->List(DeliveryState::kPending, std::nullopt, 0, 3);
  EXPECT_EQ(first.deliveries.size(), 3u);
  const DeliveryPage second =
      *deliveries_->List(DeliveryState::kPending, std::nullopt, first.next_after, 3);
  EXPECT_EQ(second.deliveries.size(), 2u);
  EXPECT_EQ(second.next_after, 0);
  EXPECT_EQ(deliveries_->List(DeliveryState::kPending, "odd", 0, 10)->deliveries.size(), 2u);
  EXPECT_THAT(deliveries_->List(DeliveryState::kPending, "odd", 0, 0).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_P(DeliveriesTest, AreCountedByDestination) {
  Enqueue("b", "1");
  clock_.Advance(absl::Minutes(1));
  Enqueue("b", "2");
  Enqueue("a", "3");
  for (const DeliveryLease& lease : Take()) {
    if (lease.delivery.destination == "a") Finish(lease, absl::DataLossError("broken"));
  }
  const std::vector<DeliveryStats> stats = *deliveries_->Stats();
  ASSERT_EQ(stats.size(), 2u);
  EXPECT_EQ(stats[0].destination, "a");
  EXPECT_EQ(stats[0].pending, 0);
  EXPECT_EQ(stats[0].failed, 1);
  EXPECT_EQ(stats[0].oldest_pending, absl::InfiniteFuture());
  EXPECT_EQ(stats[1].pending, 2);
  EXPECT_EQ(stats[1].oldest_pending, clock_.Now() - absl::Minutes(1));
}

TEST_P(DeliveriesTest, AreTrimmedWhenDone) {
  Enqueue("his", "1");
  Enqueue("his", "2");
  Finish(Take().at(0), absl::OkStatus());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*deliveries_->Trim(clock_.Now(), 10), 1);
  EXPECT_EQ(Count("select count(*) from store_delivery"), 1);
}

TEST_P(DeliveriesTest, RecordAnErrorThatIsNoText) {
  Enqueue("his", "1");
  const DeliveryLease lease = Take().at(0);
  Finish(lease, absl::InvalidArgumentError("\xff"));
  EXPECT_EQ(deliveries_->Get(lease.delivery.id)->last_error, "INVALID_ARGUMENT");
}

TEST_P(DeliveriesTest, OfTwoQueuesAreApart) {
  Deliveries other(*database_, "other");
  Enqueue("his", "1");
  EXPECT_TRUE(other.Take(10, kTtl)->empty());
  EXPECT_THAT(other.Get(Take().at(0).delivery.id).status(), HasCode(absl::StatusCode::kNotFound));
}

TEST(RetryPause, StaysWithinItsJitterAndCap) {
  const RetryPolicy policy{.first = absl::Seconds(1), .longest = absl::Seconds(100), .jitter = 0.2};
  EXPECT_EQ(RetryPause(policy, 1, 0.5), absl::Seconds(1));
  EXPECT_EQ(RetryPause(policy, 1, 0.0), absl::Milliseconds(800));
  EXPECT_EQ(RetryPause(policy, 4, 0.5), absl::Seconds(8));
  EXPECT_EQ(RetryPause(policy, 1'000'000, 0.5), absl::Seconds(100));
}

}  // namespace
}  // namespace tongjian::store
