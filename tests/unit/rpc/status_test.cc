// Errors keep code, reason and field over the wire.
#include "common/rpc/status.h"

#include <gmock/gmock.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace tongjian::rpc {
namespace {

TEST(Status, ComesBackWithReasonAndField) {
  const absl::Status sent = base::InvalidField("order.items[0].code", "must not be empty");
  const absl::Status received = FromGrpc(ToGrpc(sent, "request-1"));
  EXPECT_EQ(received.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(received.message(), "must not be empty");
  EXPECT_EQ(base::DetailOf(received).reason, "INVALID_FIELD");
  EXPECT_EQ(base::DetailOf(received).field, "order.items[0].code");
}

TEST(Status, CarriesTheRequestIdAndWhetherToRetry) {
  const grpc::Status wire =
      ToGrpc(base::Unavailable("HUB_UNREACHABLE", "the hub is away"), "request-1");
  common::v1::Status status;
  common::v1::ErrorDetail detail;
  ASSERT_TRUE(status.ParseFromString(wire.error_details()));
  ASSERT_TRUE(status.details(0).UnpackTo(&detail));
  EXPECT_EQ(status.code(), 14);
  EXPECT_EQ(detail.request_id(), "request-1");
  EXPECT_TRUE(detail.retryable());
  EXPECT_EQ(detail.reason(), common::v1::ERROR_REASON_HUB_UNREACHABLE);
}

TEST(Status, TakesAnUnknownReasonForNone) {
  EXPECT_EQ(ReasonOf(base::Conflict("NO_SUCH_REASON", "x")), common::v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), common::v1::ERROR_REASON_UNSPECIFIED);
}

TEST(Status, StaysOneLineOfUtf8WithinTrailers) {
  const absl::Status long_one(absl::StatusCode::kInternal, "a\r\nb\x80" + std::string(5000, 'x'));
  const grpc::Status wire = ToGrpc(long_one, "");
  EXPECT_EQ(wire.error_message().substr(0, 5), "a  b?");
  EXPECT_EQ(wire.error_message().size(), 1024u);
}

TEST(Status, PassesAForeignErrorOn) {
  const absl::Status received =
      FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection refused"));
  EXPECT_EQ(received.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(received.message(), "connection refused");
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

}  // namespace
}  // namespace tongjian::rpc
