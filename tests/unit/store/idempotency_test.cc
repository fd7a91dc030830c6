#include "common/store/idempotency.h"

#include <atomic>
#include <thread>

#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

class Requests : public StoreTest {
 protected:
  // Creates a thing named by the answer, once per request.
  absl::StatusOr<std::string> Create(const RequestKey& key, const std::string& answer) {
    std::string response;
    TJ_TRY(database_->Write([&](Transaction& transaction) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(
          response, Once(transaction, key, [&]() -> absl::StatusOr<std::string> {
            TJ_TRY(
                transaction.Execute("insert into thing (id) values (:id)", Bytes(answer)).status());
            return answer;
          }));
      return absl::OkStatus();
    }));
    return response;
  }
};
TJ_ON_BOTH_BACKENDS(Requests);

TEST_P(Requests, HaveOneEffect) {
  const std::string answer("\0\xff", 2);
  EXPECT_EQ(*Create({"his", "CreateOrder", "r1", "f1"}, answer), answer);
  EXPECT_EQ(*Create({"his", "CreateOrder", "r1", "f1"}, "other"), answer);
  EXPECT_EQ(Count("select count(*) from thing"), 1);
}

TEST_P(Requests, OfAnotherCallerOrMethodAreOthers) {
  ASSERT_TRUE(Create({"his", "CreateOrder", "r1", "f1"}, "a").ok());
  EXPECT_EQ(*Create({"lis", "CreateOrder", "r1", "f1"}, "b"), "b");
  EXPECT_EQ(*Create({"his", "CancelOrder", "r1", "f1"}, "c"), "c");
}

TEST_P(Requests, RefuseAnIdWithOtherContent) {
  ASSERT_TRUE(Create({"his", "CreateOrder", "r1", "f1"}, "a").ok());
  const absl::Status reused = Create({"his", "CreateOrder", "r1", "f2"}, "b").status();
  EXPECT_THAT(reused, HasCode(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(base::DetailOf(reused).reason, "REQUEST_ID_REUSED");
  EXPECT_THAT(Create({"his", "CreateOrder", "", "f2"}, "b").status(),
              HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_P(Requests, AreForgottenWhenTheyFail) {
  const RequestKey key{"his", "CreateOrder", "r1", "f1"};
  ASSERT_FALSE(
      database_
          ->Write([&](Transaction& transaction) {
            return Once(transaction, key, [] { return absl::AbortedError("no"); }).status();
          })
          .ok());
  EXPECT_EQ(*Create(key, "a"), "a");
}

TEST_P(Requests, SentAtOnceHaveOneEffect) {
  std::vector<std::thread> callers;
  std::atomic<int> same = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const absl::StatusOr<std::string> answer = Create({"his", "CreateOrder", "r1", "f1"}, "a");
      EXPECT_THAT(answer.status(), IsOk());
      if (answer.ok() && *answer == "a") ++same;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(same, 8);
  EXPECT_EQ(Count("select count(*) from thing"), 1);
}

TEST_P(Requests, AreTrimmedByAge) {
  ASSERT_TRUE(Create({"his", "CreateOrder", "r1", "f"}, "a").ok());
  ASSERT_TRUE(Create({"his", "CreateOrder", "r2", "f"}, "b").ok());
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Create({"his", "CreateOrder", "r3", "f"}, "c").ok());
  for (int64_t expected : {1, 1, 0}) {
    ASSERT_THAT(database_->Write([&](Transaction& transaction) -> absl::Status {
      EXPECT_EQ(*TrimRequests(transaction, clock_.Now(), 1), expected);
      return absl::OkStatus();
    }),
                IsOk());
  }
  EXPECT_EQ(Count("select count(*) from store_request"), 1);
}

}  // namespace
}  // namespace tongjian::store
