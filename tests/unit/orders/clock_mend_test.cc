// What was written while the clock stood in another year.
#include "services/orders/clock_mend.h"

#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

constexpr absl::Duration kYear = absl::Hours(24 * 365);

class WrongClock : public OrdersTest {};
TJ_ON_BOTH_BACKENDS(WrongClock);

TEST_P(WrongClock, LeavesNoOrderInTheFuture) {
  ClockMend mend(*changes_);
  ASSERT_THAT(mend.RunOnce(), IsOk());
  const absl::Time right = clock_.Now();
  const Order before = Created();
  clock_.JumpTo(right + 5 * kYear);
  ASSERT_THAT(mend.RunOnce(), IsOk());
  const Order wrong = Created();
  ASSERT_GT(wrong.deadline, right + 4 * kYear);
  clock_.JumpTo(right + absl::Minutes(1));
  const Order after = Created();

  ASSERT_THAT(mend.RunOnce(), IsOk());
  const Order mended = Read(wrong.id);
  EXPECT_EQ(mended.create_time, clock_.Now());
  EXPECT_EQ(mended.receive_time, clock_.Now());
  EXPECT_EQ(mended.deadline - mended.receive_time, wrong.deadline - wrong.receive_time);
  EXPECT_EQ(Actions(wrong.id).back(), "redated");
  EXPECT_EQ(Read(before.id).version, before.version);
  EXPECT_EQ(Read(after.id).version, after.version);
  EXPECT_EQ(Count("select count(*) from order_facility where order_id = '" + wrong.id + "'"),
            Count("select count(*) from order_facility where order_id = '" + after.id + "'"));
  EXPECT_EQ(Count("select count(*) from worklist where order_id = '" + wrong.id + "'"), 1);

  ASSERT_THAT(mend.RunOnce(), IsOk());
  EXPECT_EQ(Read(wrong.id).version, mended.version);
}

TEST_P(WrongClock, IsMendedAfterARestartToo) {
  const absl::Time right = clock_.Now();
  clock_.JumpTo(right + 5 * kYear);
  const Order wrong = Created();
  clock_.JumpTo(right);
  Restart();
  ASSERT_THAT(ClockMend(*changes_).RunOnce(), IsOk());
  EXPECT_EQ(Read(wrong.id).receive_time, right);
}

}  // namespace
}  // namespace tongjian::orders
