#include "common/store/lease.h"

#include <thread>

#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

constexpr absl::Duration kTtl = absl::Seconds(30);

class Leases : public StoreTest {
 protected:
  std::optional<Lease> Acquire(const std::string& holder) {
    std::optional<Lease> lease;
    EXPECT_THAT(database_->Write([&](Transaction& transaction) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(lease, AcquireLease(transaction, "task", holder, kTtl));
      return absl::OkStatus();
    }),
                IsOk());
    return lease;
  }
  absl::Status Renew(const Lease& lease) {
    return database_->Write(
        [&](Transaction& transaction) { return RenewLease(transaction, lease, kTtl); });
  }
  absl::Status Release(const Lease& lease) {
    return database_->Write(
        [&](Transaction& transaction) { return ReleaseLease(transaction, lease); });
  }
  absl::Status Check(const Lease& lease) {
    return database_->Write(
        [&](Transaction& transaction) { return CheckLease(transaction, lease); });
  }
};
TJ_ON_BOTH_BACKENDS(Leases);

TEST_P(Leases, HaveOneHolder) {
  ASSERT_TRUE(Acquire("a"));
  EXPECT_FALSE(Acquire("b"));
  EXPECT_FALSE(Acquire("a"));
}

TEST_P(Leases, PassOnWhenTheyRunOut) {
  const Lease first = Acquire("a").value();
  clock_.Advance(kTtl);
  EXPECT_THAT(Check(first), IsOk());  // nobody has taken it
  const Lease second = Acquire("b").value();
  EXPECT_GT(second.fence, first.fence);
  EXPECT_THAT(Check(first), HasCode(absl::StatusCode::kAborted));
  EXPECT_THAT(Renew(first), HasCode(absl::StatusCode::kAborted));
  EXPECT_THAT(Release(first), IsOk());
  EXPECT_THAT(Check(second), IsOk());
}

TEST_P(Leases, LastWhileTheyAreRenewed) {
  const Lease lease = Acquire("a").value();
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(kTtl * 0.9);
    ASSERT_THAT(Renew(lease), IsOk());
  }
  EXPECT_FALSE(Acquire("b"));
}

TEST_P(Leases, RiseInFenceAlsoAfterARelease) {
  int64_t fence = 0;
  for (int i = 0; i < 3; ++i) {
    const Lease lease = Acquire("a").value();
    EXPECT_GT(lease.fence, fence);
    fence = lease.fence;
    ASSERT_THAT(Release(lease), IsOk());
    EXPECT_THAT(Check(lease), HasCode(absl::StatusCode::kAborted));
  }
}

TEST_P(Leases, AreNotHeldForeverByAClockSetBack) {
  ASSERT_TRUE(Acquire("a"));
  clock_.JumpTo(clock_.Now() - absl::Minutes(1));
  EXPECT_FALSE(Acquire("b"));
  clock_.JumpTo(clock_.Now() - kLeaseSkewMax);
  EXPECT_TRUE(Acquire("b"));
}

TEST_P(Leases, GoToOneOfMany) {
  std::vector<std::thread> threads;
  std::atomic<int> granted = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { granted += Acquire(std::to_string(i)).has_value(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 1);
}

}  // namespace
}  // namespace tongjian::store
