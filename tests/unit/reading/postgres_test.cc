// The same SQL on a real PostgreSQL: one task from evidence to a report that is verified, listed and taken back.
#include "tests/support/postgres.h"

#include "services/reading/task_store.h"
#include "tests/unit/reading/reading_rig.h"

namespace tongjian::reading {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string NewDatabase() {
  auto* server = tongjian::testing::Postgres::Get();
  return server == nullptr ? "" : server->NewDatabase();
}

class PostgresTest : public ReadingRig {
 protected:
  PostgresTest() : ReadingRig(NewDatabase()) {}
  void SetUp() override {
    if (!database_->is_postgres()) GTEST_SKIP() << tongjian::testing::Postgres::why();
  }
};

TEST_F(PostgresTest, ReadsFromEvidenceToRetraction) {
  Task task = Queued("o1");
  const TaskFilter filter = {.states = {TaskState::kQueued}, .center_id = "center", .modality = "DX"};
  const auto scope = security::Scope::Facilities({"hub"});
  EXPECT_THAT(*tasks_->List(scope, filter, std::nullopt, 10), SizeIs(1));
  EXPECT_THAT(*tasks_->List(scope, filter, KeyOf(task), 10), IsEmpty());
  EXPECT_THAT(*tasks_->List(security::Scope::Service(), filter, std::nullopt, 10), SizeIs(1));
  ASSERT_THAT(database_->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto queues, CountQueues(session, clock_.Now()));
    EXPECT_EQ(queues.at("center").queued, 1);
    return absl::OkStatus();
  }),
              IsOk());
  const Report report = Signed(task);
  EXPECT_THAT(reports_->Verify(report), IsEmpty());
  EXPECT_THAT(*reports_->List(scope, "o1", "", std::nullopt, 10), SizeIs(1));
  ASSERT_THAT(database_->Write([&](store::Transaction& tx) {
    return evidence_.PatientNews(tx, report.patient, {"m1", true});
  }),
              IsOk());
  EXPECT_THAT(*reports_->List(scope, "", "m1", std::nullopt, 10), SizeIs(1));
  ASSERT_THAT(reports_->Retract(By("p1"), report.id, "wrong patient").status(), IsOk());
  task = *tasks_->Claim(By("p2"), task.id);
  clock_.Advance(absl::Minutes(16));
  EXPECT_EQ(*tasks_->Expire(clock_.Now(), 10), 1);
  EXPECT_THAT(tasks_->Prolong(clock_.Now()), IsOk());
}

}  // namespace
}  // namespace tongjian::reading
