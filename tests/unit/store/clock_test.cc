// Goal: a wall clock that jumps years in both directions orders nothing wrongly and lets nobody act
// on what was another's. Method: jumps from a fixed list between any two steps.
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/idempotency.h"
#include "common/store/lease.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

constexpr absl::Duration kYear = absl::Hours(24 * 365);
constexpr int kYears[] = {10, -20, 3, 40, -33, 1, -1, 60, -60};

class Jumps : public StoreTest {
 protected:
  void Jump(int years) { clock_.JumpTo(clock_.Now() + years * kYear); }

  std::optional<Lease> Acquire(const std::string& holder) {
    std::optional<Lease> lease;
    EXPECT_THAT(database_->Write([&](Transaction& transaction) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(lease, AcquireLease(transaction, "job", holder, absl::Minutes(1)));
      return absl::OkStatus();
    }),
                IsOk());
    return lease;
  }
  absl::Status Act(const Lease& lease) {
    return database_->Write(
        [&](Transaction& transaction) { return CheckLease(transaction, lease); });
  }
};

INSTANTIATE_TEST_SUITE_P(Both, Jumps, ::testing::Values(Backend::kSqlite, Backend::kPostgres),
                         BackendName);

TEST_P(Jumps, LeaveFeedsInTheOrderOfTheirCommits) {
  std::vector<std::string> wanted;
  for (const int years : kYears) {
    wanted.push_back(absl::StrCat("event ", wanted.size()));
    ASSERT_THAT(Emit(wanted.back()), IsOk());
    Jump(years);
  }
  EXPECT_EQ(ReadKeys(wanted.size()), wanted);
}

TEST_P(Jumps, LetNobodyActOnALeaseThatIsAnothers) {
  std::optional<Lease> held = Acquire("0");
  ASSERT_TRUE(held);
  for (int i = 1; const int years : kYears) {
    Jump(years);
    const std::optional<Lease> next = Acquire(absl::StrCat(i++));
    ASSERT_TRUE(next) << years << " years";  // Forward it has run out, back it is of no time.
    EXPECT_GT(next->fence, held->fence);
    EXPECT_THAT(Act(*held), HasCode(absl::StatusCode::kAborted));
    EXPECT_THAT(Act(*next), IsOk());
    held = next;
  }
  EXPECT_FALSE(Acquire("another"));
}

TEST_P(Jumps, LeaveALeaseToWhoRenewsIt) {
  const std::optional<Lease> held = Acquire("holder");
  ASSERT_TRUE(held);
  for (const int years : kYears) {
    Jump(years);
    ASSERT_THAT(database_->Write([&](Transaction& transaction) {
      return RenewLease(transaction, *held, absl::Minutes(1));
    }),
                IsOk());
    EXPECT_FALSE(Acquire("another"));
    EXPECT_THAT(Act(*held), IsOk());
  }
}

}  // namespace
}  // namespace tongjian::store
