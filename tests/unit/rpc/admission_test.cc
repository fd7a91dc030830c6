// Calls are counted per peer and in all, and given back.
#include "common/rpc/admission.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace tongjian::rpc {
namespace {

LoadLimits Limits() {
  LoadLimits limits;
  limits.unary_max = 3;
  limits.unary_per_peer_max = 2;
  limits.stream_max = 1;
  limits.stream_per_peer_max = 1;
  return limits;
}

TEST(Load, LetsAnotherPeerInWhenOneHasTooMuch) {
  Load load(Limits());
  const auto first = load.Admit("a", false);
  const auto second = load.Admit("a", false);
  const auto third = load.Admit("a", false);
  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(base::DetailOf(third.status()).reason, "OVERLOADED");
  EXPECT_TRUE(load.Admit("b", false).ok());
}

TEST(Load, HoldsAllPeersToOneLimit) {
  Load load(Limits());
  const auto first = load.Admit("a", false);
  const auto second = load.Admit("b", false);
  const auto third = load.Admit("c", false);
  EXPECT_FALSE(load.Admit("d", false).ok());
  EXPECT_TRUE(load.Admit("d", true).ok());  // Streams are counted apart.
}

TEST(Load, GivesPlacesBack) {
  Load load(Limits());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(load.Admit("a", true).ok());
  EXPECT_EQ(load.running(true), 0);
}

}  // namespace
}  // namespace tongjian::rpc
