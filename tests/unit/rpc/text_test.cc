// Text from peers made harmless.
#include "common/rpc/text.h"

#include <gtest/gtest.h>

#include "common/rpc/proto_time.h"

namespace tongjian::rpc {
namespace {

TEST(Text, KeepsChineseAndReplacesWrongBytes) {
  EXPECT_EQ(OneLine("胸部 DR\n", 100), "胸部 DR ");
  EXPECT_EQ(OneLine("\xd6\xd0", 100), "??");       // GBK.
  EXPECT_EQ(OneLine("\xc0\x80", 100), "??");       // Overlong.
  EXPECT_EQ(OneLine("\xed\xa0\x80", 100), "???");  // Surrogate.
  EXPECT_EQ(OneLine("胸部", 4), "胸");             // Cut between characters.
}

TEST(Text, KnowsRequestIds) {
  EXPECT_TRUE(IsRequestId("a-B_9.z"));
  EXPECT_FALSE(IsRequestId(""));
  EXPECT_FALSE(IsRequestId("a b"));
  EXPECT_FALSE(IsRequestId(std::string(65, 'a')));
}

TEST(Text, TakesTheAddressOutOfAPeer) {
  EXPECT_EQ(AddressOf("ipv4:10.0.0.7:5123"), "10.0.0.7");
  EXPECT_EQ(AddressOf("ipv6:%5B::1%5D:5123"), "::1");
  EXPECT_EQ(AddressOf("unknown"), "");
}

TEST(Text, KnowsLoopback) {
  EXPECT_TRUE(IsLoopback("127.0.0.1:80"));
  EXPECT_TRUE(IsLoopback("127.3.2.1:80"));
  EXPECT_TRUE(IsLoopback("[::1]:80"));
  EXPECT_TRUE(IsLoopback("localhost:80"));
  EXPECT_FALSE(IsLoopback("0.0.0.0:80"));
  EXPECT_FALSE(IsLoopback("[::]:80"));
  EXPECT_FALSE(IsLoopback("127.evil.example:80"));
  EXPECT_FALSE(IsLoopback("localhost.example:80"));
}

TEST(Text, EscapesAndUnescapes) {
  EXPECT_EQ(Escape("a=b;c"), "a%3db%3bc");
  EXPECT_EQ(Unescape("a%3Db%3bc%"), "a=b;c%");
  EXPECT_EQ(Unescape("%4"), "%4");
  EXPECT_EQ(Unescape(Escape("王;=%")), "王;=%");
}

TEST(ProtoTime, GoesThereAndBackInMicroseconds) {
  for (const int64_t micros :
       {int64_t{0}, int64_t{-1}, int64_t{1'700'000'000'123'456}, int64_t{-2'000'000'000'000'001}}) {
    const absl::Time time = absl::FromUnixMicros(micros);
    EXPECT_EQ(FromProto(ToProto(time)), time) << micros;
    EXPECT_GE(ToProto(time).nanos(), 0);
  }
  EXPECT_EQ(FromProto(ToProto(absl::Milliseconds(1500))), absl::Milliseconds(1500));
}

TEST(ProtoTime, StaysValidAtTheEnds) {
  EXPECT_EQ(ToProto(absl::InfiniteFuture()).seconds(), 253402300799);
  EXPECT_EQ(ToProto(absl::InfinitePast()).seconds(), -62135596800);
}

TEST(ProtoTime, RefusesWhatNobodyMeans) {
  google::protobuf::Timestamp time;
  time.set_seconds(-62135596800);
  EXPECT_FALSE(CheckedTime(time, "t").ok());
  time.set_seconds(0);
  time.set_nanos(-1);
  EXPECT_FALSE(CheckedTime(time, "t").ok());
  google::protobuf::Duration wait;
  wait.set_seconds(56);
  EXPECT_FALSE(CheckedDuration(wait, absl::Seconds(55), "wait").ok());
  wait.set_seconds(55);
  EXPECT_EQ(*CheckedDuration(wait, absl::Seconds(55), "wait"), absl::Seconds(55));
}

}  // namespace
}  // namespace tongjian::rpc
