#include "tests/unit/orders/orders_fixture.h"

#include <stdlib.h>

#include <filesystem>

#include "common/store/feed.h"
#include "services/orders/schema.h"
#include "tests/support/postgres.h"

namespace tongjian::orders {

void OrdersTest::SetUp() {
  char name[] = "/tmp/tongjian-orders-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  folder_ = name;
  options_ = {.url = "sqlite:" + folder_ + "/orders.db", .name = "orders", .migrations = Schema()};
  options_.feed_poll = absl::Milliseconds(10);
  if (GetParam() == Backend::kPostgres) {
    tongjian::testing::Postgres* server = tongjian::testing::Postgres::Get();
    if (server == nullptr) GTEST_SKIP() << tongjian::testing::Postgres::why();
    static int schemas = 0;
    options_.url = server->Url();
    options_.name = "orders_" + std::to_string(++schemas);
  }
  Restart();
}

void OrdersTest::TearDown() {
  database_.reset();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

void OrdersTest::Restart() {
  database_.reset();
  auto opened = store::Database::Open(options_, clock_);
  ASSERT_THAT(opened.status(), IsOk());
  database_ = *std::move(opened);
  const FactSource facts = [this] { return facts_; };
  changes_ = std::make_unique<Changes>(*database_, store_, journal_);
  numbers_ = std::make_unique<OwnNumbers>("JINHUA", 100);
  ASSERT_THAT(numbers_->Refill(*database_), IsOk());
  orders_ = std::make_unique<Orders>(*changes_, *numbers_, facts, load_, ids_, clock_, rules_);
  desk_ = std::make_unique<DeskWork>(*changes_, facts, load_, rules_);
  queries_ = std::make_unique<Queries>(*database_, store_);
  const NewsParts parts{store_, journal_, facts, load_, rules_};
  studies_ = std::make_unique<StudyNews>(parts, *numbers_, ids_);
  readings_ = std::make_unique<ReadingNews>(parts);
  steps_ = std::make_unique<StepNews>(parts);
}

Asked OrdersTest::Ask(security::Caller caller, security::Scope scope) {
  Asked asked{.caller = std::move(caller), .scope = std::move(scope), .method = "test"};
  asked.request_id = "request-" + std::to_string(++requests_);
  asked.fingerprint = asked.request_id;
  return asked;
}

Asked OrdersTest::His(const std::string& facility) {
  return Ask({.kind = security::CallerKind::kMachine,
              .machine_role = security::MachineRole::kHis,
              .facility_id = facility},
             security::Scope::Facilities({facility}));
}

Asked OrdersTest::Gateway(const std::string& facility) {
  Asked asked = His(facility);
  asked.caller.machine_role = security::MachineRole::kGateway;
  return asked;
}

Asked OrdersTest::Person(const std::string& facility, const std::string& role) {
  return Ask({.kind = security::CallerKind::kPerson,
              .facility_id = facility,
              .user_id = "user",
              .roles = {role}},
             security::Scope::Facilities({facility}));
}

Order OrdersTest::Created(const std::string& facility, const std::function<void(Order&)>& change) {
  Order order = ChestOrder(facility);
  if (change != nullptr) change(order);
  const auto created = orders_->Create(His(facility), order, false);
  EXPECT_THAT(created.status(), IsOk());
  return created.ok() ? *created : Order();
}

Order OrdersTest::Read(const std::string& id) {
  const auto order = queries_->Get(security::Scope::Service(), {.id = id});
  EXPECT_THAT(order.status(), IsOk());
  return order.ok() ? *order : Order();
}

std::vector<std::string> OrdersTest::Actions(const std::string& id) {
  const auto entries = queries_->Timeline(security::Scope::Service(), id, 0, 100);
  EXPECT_THAT(entries.status(), IsOk());
  std::vector<std::string> actions;
  for (const TimelineEntry& entry : *entries) actions.push_back(entry.action);
  return actions;
}

StudyFact OrdersTest::Study(const std::string& uid, std::vector<std::string> order_ids) {
  return {.id = "study-" + uid,
          .study_instance_uid = uid,
          .facility_id = "town-a",
          .patient = ChestOrder().patient,
          .modalities = {"DX"},
          .description = "CHEST PA",
          .body_part = "CHEST",
          .order_ids = std::move(order_ids),
          .version = 1};
}

absl::Status OrdersTest::Tell(const StudyFact& study) {
  return database_->Write([&](store::Transaction& tx) { return studies_->Apply(tx, study); });
}
absl::Status OrdersTest::Tell(const TaskFact& task) {
  return database_->Write([&](store::Transaction& tx) { return readings_->Apply(tx, task); });
}
absl::Status OrdersTest::Tell(const ReportFact& report) {
  return database_->Write([&](store::Transaction& tx) { return readings_->Apply(tx, report); });
}
absl::Status OrdersTest::Tell(const ResultFact& result) {
  return database_->Write([&](store::Transaction& tx) { return readings_->Apply(tx, result); });
}

std::vector<Order> OrdersTest::Provisionals() {
  const auto orders = queries_->List(security::Scope::Service(), {.unbound = true}, {}, 100);
  EXPECT_THAT(orders.status(), IsOk());
  return *orders;
}

std::vector<events::v1::OrderChanged> OrdersTest::Events(std::optional<std::string> facility) {
  const int64_t written = Count("select count(*) from timeline");
  std::vector<events::v1::OrderChanged> changes;
  std::string cursor;
  // Positions are given a little after the commit (PostgreSQL): read until all that was written is
  // there.
  int64_t seen = 0;
  while (seen < written) {
    const auto all = database_->feed().Read(kStream, "", std::nullopt, 1000);
    EXPECT_THAT(all.status(), IsOk());
    seen = static_cast<int64_t>(all->events.size());
    if (seen < written && !database_->feed().Wait(kStream, all->next_cursor, absl::Seconds(10)))
      break;
  }
  const auto page = database_->feed().Read(kStream, "", facility, 1000);
  EXPECT_THAT(page.status(), IsOk());
  for (const store::Event& event : page->events) {
    EXPECT_TRUE(changes.emplace_back().ParseFromString(event.payload));
  }
  return changes;
}

int64_t OrdersTest::Count(const std::string& sql) {
  int64_t count = -1;
  EXPECT_THAT(database_->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne(sql));
    count = row->Int(0);
    return absl::OkStatus();
  }),
              IsOk());
  return count;
}

int64_t OrdersTest::LoadOf(const std::string& center_id) {
  // Notices run on the writer's thread behind their commit and before the next.
  EXPECT_THAT(database_->Write([](store::Transaction&) { return absl::OkStatus(); }), IsOk());
  return load_.Now()[center_id];
}

}  // namespace tongjian::orders
