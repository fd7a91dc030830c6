#include "common/store/delivery_worker.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

// What the handler was given, and what it is to answer.
class Recorder {
 public:
  absl::Status Handle(const Delivery& delivery) {
    std::unique_lock lock(mutex_);
    seen_[delivery.destination].push_back(delivery.payload);
    ++count_;
    changed_.notify_all();
    if (delivery.destination == "held") changed_.wait(lock, [&] { return released_; });
    if (delivery.destination == "dead") return absl::UnavailableError("away");
    return absl::OkStatus();
  }
  void WaitFor(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  std::vector<std::string> Seen(const std::string& destination) {
    std::lock_guard lock(mutex_);
    return seen_[destination];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<std::string>> seen_;
  int count_ = 0;
  bool released_ = false;
};

class Workers : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (!IsSkipped()) deliveries_ = std::make_unique<Deliveries>(*database_, "out");
  }
  void TearDown() override {
    recorder_.Release();
    worker_.reset();
  }
  void StartWorker(DeliveryWorkerOptions options = {}) {
    worker_ = std::make_unique<DeliveryWorker>(
        *deliveries_, options, [this](const Delivery& d) { return recorder_.Handle(d); });
  }
  void Enqueue(const std::string& destination, const std::string& payload) {
    ASSERT_THAT(database_->Write([&](Transaction& transaction) {
      return deliveries_->Enqueue(transaction, destination, "kind", payload);
    }),
                IsOk());
  }
  void WaitUntilDone(int64_t count) {
    while (Count("select count(*) from store_delivery where state = 1") < count) {
      std::this_thread::yield();
    }
  }

  Recorder recorder_;
  std::unique_ptr<Deliveries> deliveries_;
  std::unique_ptr<DeliveryWorker> worker_;
};
TJ_ON_BOTH_BACKENDS(Workers);

TEST_P(Workers, DeliverEachDestinationInOrder) {
  constexpr int kDestinations = 5;
  constexpr int kEach = 20;
  // The poll is long: what is enqueued wakes the worker.
  StartWorker({.threads = 3, .poll = absl::Seconds(600)});
  std::vector<std::string> expected;
  for (int i = 0; i < kEach; ++i) {
    expected.push_back(std::to_string(i));
    for (int d = 0; d < kDestinations; ++d) Enqueue("d" + std::to_string(d), expected.back());
  }
  WaitUntilDone(kDestinations * kEach);
  for (int d = 0; d < kDestinations; ++d) {
    EXPECT_EQ(recorder_.Seen("d" + std::to_string(d)), expected);
  }
}

TEST_P(Workers, AreNotDelayedByDeadOrSlowDestinations) {
  StartWorker({.threads = 2, .poll = absl::Seconds(600)});
  for (int i = 0; i < 3; ++i) {
    Enqueue("dead", "x");
    Enqueue("held", "x");
  }
  recorder_.WaitFor(2);
  for (int i = 0; i < 10; ++i) Enqueue("alive", std::to_string(i));
  WaitUntilDone(10);
  EXPECT_EQ(recorder_.Seen("held").size(), 1u);
  EXPECT_EQ(recorder_.Seen("dead").size(), 1u);  // its pause has not passed on this clock
}

TEST_P(Workers, TryAgainWhenThePauseIsOver) {
  StartWorker({.threads = 1, .poll = absl::Milliseconds(5)});
  Enqueue("dead", "x");
  recorder_.WaitFor(1);
  while (deliveries_->List(DeliveryState::kPending, "dead", 0, 1)->deliveries[0].attempts < 1) {
    std::this_thread::yield();
  }
  clock_.Advance(absl::Minutes(10));
  recorder_.WaitFor(2);
}

TEST_P(Workers, RenewWhatTheyServe) {
  StartWorker({.threads = 1, .lease = absl::Seconds(60), .poll = absl::Milliseconds(5)});
  Enqueue("held", "x");
  recorder_.WaitFor(1);
  Deliveries other(*database_, "out");
  const auto leased_until = [&] {
    return Count("select leased_until from store_delivery_lane where destination = 'held'");
  };
  for (int i = 0; i < 10; ++i) {
    const int64_t before = leased_until();
    clock_.Advance(absl::Seconds(30));
    while (leased_until() == before) std::this_thread::yield();
    EXPECT_TRUE(other.Take(1, absl::Seconds(60))->empty());
  }
  recorder_.Release();
  WaitUntilDone(1);
}

TEST_P(Workers, EndCleanlyAndLoseNothing) {
  StartWorker({.threads = 1, .poll = absl::Seconds(600)});
  Enqueue("held", "first");
  recorder_.WaitFor(1);
  Enqueue("held", "second");
  Enqueue("other", "third");
  std::thread ending([&] { worker_.reset(); });
  recorder_.Release();
  ending.join();
  // Without moving the clock: leases were given back, not left to run out.
  StartWorker({.threads = 1, .poll = absl::Milliseconds(5)});
  WaitUntilDone(3);
  EXPECT_EQ(recorder_.Seen("held"), (std::vector<std::string>{"first", "second"}));
}

TEST_P(Workers, SurviveAHandlerThatThrows) {
  DeliveryWorker worker(*deliveries_, {.threads = 1}, [](const Delivery& delivery) -> absl::Status {
    if (delivery.payload == "bad") throw std::runtime_error("thrown");
    return absl::OkStatus();
  });
  Enqueue("a", "bad");
  Enqueue("b", "good");
  WaitUntilDone(1);
}

}  // namespace
}  // namespace tongjian::store
