// The orders service without wire and feeds, on both backends, at a time that only moves when told
// to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/store/database.h"
#include "services/orders/desk_work.h"
#include "services/orders/journal.h"
#include "services/orders/orders.h"
#include "services/orders/queries.h"
#include "services/orders/reading_news.h"
#include "services/orders/step_news.h"
#include "services/orders/study_news.h"
#include "tests/unit/orders/sample_facts.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::orders {

enum class Backend { kSqlite, kPostgres };

MATCHER(IsOk, "") {
  *result_listener << arg.ToString();
  return arg.ok();
}
MATCHER_P(HasReason, reason, "") {
  *result_listener << arg.ToString();
  return base::DetailOf(arg).reason == reason;
}

class OrdersTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override;
  void TearDown() override;
  // Closes and opens everything, as a restart does.
  void Restart();

  // A clinic's HIS, a gateway, a person of a role, each with a new request id.
  Asked His(const std::string& facility);
  Asked Gateway(const std::string& facility);
  Asked Person(const std::string& facility, const std::string& role);

  // The sample chest order; must succeed.
  Order Created(const std::string& facility = "town-a",
                const std::function<void(Order&)>& change = nullptr);
  // The order as the service sees it now.
  Order Read(const std::string& id);
  std::vector<std::string> Actions(const std::string& id);

  // A chest study of that order's facility and patient that came from a device.
  static StudyFact Study(const std::string& uid, std::vector<std::string> order_ids = {});
  absl::Status Tell(const StudyFact& study);
  absl::Status Tell(const TaskFact& task);
  absl::Status Tell(const ReportFact& report);
  absl::Status Tell(const ResultFact& result);
  // Unbound provisional orders.
  std::vector<Order> Provisionals();

  // What followers of the feed see from its beginning, as a service or as a facility.
  std::vector<events::v1::OrderChanged> Events(std::optional<std::string> facility = std::nullopt);
  int64_t Count(const std::string& sql);
  // The open orders of a center, once the notices of all commits so far have run.
  int64_t LoadOf(const std::string& center_id);

  base::ManualClock clock_{At(2026, 11, 24, 12, 0)};
  base::Ids ids_{"jinhua", clock_};
  std::shared_ptr<Facts> facts_ = std::make_shared<Facts>(SampleFacts());
  SubmissionRules rules_;
  LoadCounter load_;
  OrderStore store_{facts_->zone};
  Journal journal_{store_, load_};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Changes> changes_;
  std::unique_ptr<OwnNumbers> numbers_;
  std::unique_ptr<Orders> orders_;
  std::unique_ptr<DeskWork> desk_;
  std::unique_ptr<Queries> queries_;
  std::unique_ptr<StudyNews> studies_;
  std::unique_ptr<ReadingNews> readings_;
  std::unique_ptr<StepNews> steps_;

 private:
  Asked Ask(security::Caller caller, security::Scope scope);
  std::string folder_;
  store::DatabaseOptions options_;
  int requests_ = 0;
};

#define TJ_ON_BOTH_BACKENDS(suite)                                          \
  INSTANTIATE_TEST_SUITE_P(                                                 \
      Both, suite, ::testing::Values(Backend::kSqlite, Backend::kPostgres), \
      [](const auto& info) { return info.param == Backend::kSqlite ? "Sqlite" : "Postgres"; })

}  // namespace tongjian::orders
