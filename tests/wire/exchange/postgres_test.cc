// The same SQL on the other backend: every statement of the exchange is run once.
#include "tests/support/postgres.h"

#include "services/exchange/result_store.h"
#include "tests/wire/exchange/exchange_rig.h"

namespace tongjian::exchange {
namespace {

std::string FreshDatabase() {
  auto* server = tongjian::testing::Postgres::Get();
  return server == nullptr ? "" : server->NewDatabase();
}

class OnPostgres : public ExchangeRig {
 protected:
  OnPostgres() : ExchangeRig(FreshDatabase()) {}
  void SetUp() override {
    if (tongjian::testing::Postgres::Get() == nullptr) GTEST_SKIP() << tongjian::testing::Postgres::why();
    ASSERT_TRUE(database_->is_postgres());
  }
};

TEST_F(OnPostgres, PublishesRecognizesAndCounts) {
  const std::string id = PublishOwn();
  ASSERT_FALSE(id.empty());
  TellStudy("o1", true, 2);
  LinkPatient("t1", "p1", "m2");
  LinkPatient("t1", "p1", "m1");
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_ELIGIBLE);
  clock_.Advance(absl::Hours(25));
  EXPECT_EQ(*decisions_->IgnoreOverdue(clock_.Now(), 100), 1);
  const auto decision = Decide(verdict, v1::DECISION_KIND_ACCEPTED);
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_EQ(Counts().saved_fen(), 6000);
  TellOrder("o2");
  EXPECT_EQ(Counts().rebounds(), 1);

  v1::RevokeDecisionRequest revoke;
  revoke.set_request_id("r1");
  revoke.set_id(decision->id());
  v1::Decision revoked;
  EXPECT_TRUE(Call(&v1::RecognitionService::Stub::RevokeDecision, *recognition_stub_, "t2", revoke, &revoked).ok());
  EXPECT_EQ(Counts().accepted(), 0);

  v1::ListDecisionsRequest list;
  list.set_facility_id("t2");
  v1::ListDecisionsResponse decisions;
  EXPECT_TRUE(Call(&v1::RecognitionService::Stub::ListDecisions, *recognition_stub_, "t2", list, &decisions).ok());
  EXPECT_EQ(decisions.decisions_size(), 2);

  v1::AcknowledgeResultRequest acknowledge;
  acknowledge.set_request_id("a1");
  acknowledge.set_id(id);
  acknowledge.set_number(1);
  acknowledge.set_acknowledgement(v1::ACKNOWLEDGEMENT_DELIVERED);
  v1::Result result;
  EXPECT_TRUE(Call(&v1::ResultService::Stub::AcknowledgeResult, *result_stub_, "t1", acknowledge, &result).ok());

  v1::ListResultsRequest of_order;
  of_order.set_order_id("o1");
  v1::ListResultsResponse results;
  EXPECT_TRUE(Call(&v1::ResultService::Stub::ListResults, *result_stub_, "t1", of_order, &results).ok());
  EXPECT_EQ(results.results_size(), 1);
  const absl::Status scoped = database_->Read([&](store::Session& session) {
    return ResultStore::List(session, security::Scope::Facilities({"t1", "t2"}), "m1", "", ListPosition(), 10).status();
  });
  EXPECT_TRUE(scoped.ok()) << scoped;
}

}  // namespace
}  // namespace tongjian::exchange
