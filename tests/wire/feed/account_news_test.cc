// The registry's news of accounts reach the door of a process that follows it.
#include "common/feed/account_news.h"

#include "common/feed/mirror.h"
#include "common/rpc/proto_time.h"
#include "common/security/void_tokens.h"
#include "tests/wire/feed/feed_rig.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::feed {
namespace {

class AccountNewsTest : public FeedRig {
 protected:
  void Change(const std::string& account_id, absl::Time tokens_from) {
    events::v1::AccountChanged changed;
    changed.set_account_id(account_id);
    *changed.mutable_tokens_from() = rpc::ToProto(tokens_from);
    const absl::Status written = publisher_->Write([&](store::Transaction& tx) {
      tx.Emit(MakeEvent("registry", account_id, {}, changed));
      return absl::OkStatus();
    });
    EXPECT_THAT(written, IsOk());
  }
  std::unique_ptr<Mirror> Follow() {
    auto mirror = Mirror::Open({.feed = "registry"}, {kAccountChanged}, Channel(), AsService(),
                               *follower_database_, metrics_);
    EXPECT_THAT(mirror.status(), IsOk());
    return *std::move(mirror);
  }
};

TEST_F(AccountNewsTest, MakeTokensVoidThatWereIssuedBeforeAlsoAfterARestart) {
  const absl::Time noon = absl::FromUnixSeconds(1'767'600'000);
  Change("u1", noon);
  Change("u1", noon + absl::Seconds(10));
  security::VoidTokens tokens;
  {
    const auto mirror = Follow();
    RefuseVoidTokens(*mirror, tokens);
    EXPECT_FALSE(tokens.Contains("u1", noon));
    ASSERT_THAT(mirror->CatchUp(), IsOk());
  }
  const auto refused = [&](const security::VoidTokens& at) {
    return at.Contains("u1", noon) && at.Contains("u1", noon + absl::Seconds(9)) &&
           !at.Contains("u1", noon + absl::Seconds(10)) && !at.Contains("u2", noon);
  };
  EXPECT_TRUE(refused(tokens));
  security::VoidTokens after_restart;
  const auto mirror = Follow();
  RefuseVoidTokens(*mirror, after_restart);
  EXPECT_TRUE(refused(after_restart)) << "before the feed is back";
}

}  // namespace
}  // namespace tongjian::feed
