#include "common/base/status.h"

#include "common/base/check.h"
#include "gtest/gtest.h"

namespace tongjian::base {
namespace {

absl::StatusOr<std::unique_ptr<int>> Make(int value) {
  if (value < 0) return InvalidField("value", "must not be negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Twice(int value) {
  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<int> made, Make(value));
  TJ_TRY(absl::OkStatus());
  return *made * 2;
}

TEST(Status, PassesFailuresOnAndValuesThrough) {
  EXPECT_EQ(Twice(4).value(), 8);
  EXPECT_EQ(Twice(-1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Status, TellsAProgramWhatToDo) {
  const ErrorDetail detail = DetailOf(Twice(-1).status());
  EXPECT_EQ(detail.reason, "INVALID_FIELD");
  EXPECT_EQ(detail.field, "value");
  EXPECT_FALSE(detail.retryable);
  EXPECT_TRUE(DetailOf(Unavailable("HUB_UNREACHABLE", "the hub is away")).retryable);
  EXPECT_EQ(DetailOf(Conflict("ETAG_MISMATCH", "changed")).reason, "ETAG_MISMATCH");
  EXPECT_EQ(NotFound("order").message(), "order not found");
}

TEST(Status, HasNoDetailWhereNoneWasGiven) {
  EXPECT_EQ(DetailOf(absl::InternalError("x")).reason, "");
  EXPECT_TRUE(DetailOf(absl::AbortedError("x")).retryable);
}

TEST(CheckDeathTest, EndsTheProcessAndSaysWhere) {
  TJ_CHECK(1 + 1 == 2);
  EXPECT_DEATH(TJ_CHECK(1 + 1 == 3), "status_test.cc:[0-9]+: check failed: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace tongjian::base
