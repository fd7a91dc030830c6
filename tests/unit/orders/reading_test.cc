// What reading, exchange and registry tell moves orders, once and forwards.
#include "common/feed/change.h"
#include "services/orders/follow_exchange.h"
#include "services/orders/follow_reading.h"
#include "services/orders/follow_registry.h"
#include "services/orders/state.h"
#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

class Reading : public OrdersTest {
 protected:
  Order Recorded() {
    const Order order = Created();
    EXPECT_THAT(Tell(Study("1.2", {order.id})), IsOk());
    return order;
  }
  absl::Status Task(const std::string& order_id, Action action, int64_t version,
                    std::string note = "") {
    return Tell(TaskFact{
        .id = "task", .order_id = order_id, .action = action, .note = note, .version = version});
  }
  absl::Status Report(const std::string& order_id, ReportFact::Standing standing, int64_t version) {
    return Tell(ReportFact{
        .id = "report", .order_ids = {order_id}, .standing = standing, .version = version});
  }
};
TJ_ON_BOTH_BACKENDS(Reading);

TEST_P(Reading, LeadsFromTheQueueToTheDoctorsEyes) {
  const std::string id = Recorded().id;
  ASSERT_THAT(Task(id, Action::kQueue, 1), IsOk());
  ASSERT_THAT(Task(id, Action::kClaim, 2), IsOk());
  ASSERT_THAT(Task(id, Action::kPreliminary, 3), IsOk());
  ASSERT_THAT(Report(id, ReportFact::Standing::kPreliminary, 1), IsOk());
  ASSERT_THAT(Report(id, ReportFact::Standing::kFinal, 2), IsOk());
  EXPECT_EQ(Read(id).state, State::kSigned);
  EXPECT_EQ(Read(id).items[0].report_ids, std::vector<std::string>{"report"});
  ASSERT_THAT(
      Tell(ResultFact{.id = "x", .order_ids = {id}, .delivered_to = {"town-b"}, .version = 1}),
      IsOk());
  EXPECT_EQ(Read(id).state, State::kSigned);
  ASSERT_THAT(
      Tell(ResultFact{.id = "x", .order_ids = {id}, .delivered_to = {"town-a"}, .version = 2}),
      IsOk());
  EXPECT_EQ(Read(id).state, State::kDelivered);
  ASSERT_THAT(Tell(ResultFact{.id = "x",
                              .order_ids = {id},
                              .delivered_to = {"town-a"},
                              .viewed_at = {"town-a"},
                              .version = 3}),
              IsOk());
  EXPECT_EQ(Read(id).state, State::kViewed);
  EXPECT_EQ(Actions(id),
            (std::vector<std::string>{"submitted", "acquired", "queued", "claimed", "preliminary",
                                      "report", "signed", "delivered", "viewed"}));
}

TEST_P(Reading, ThatIsToldAgainChangesNothing) {
  const std::string id = Recorded().id;
  ASSERT_THAT(Task(id, Action::kQueue, 1), IsOk());
  ASSERT_THAT(Task(id, Action::kReturn, 2, "which side?"), IsOk());
  ASSERT_THAT(orders_->Answer(His("town-a"), id, "left").status(), IsOk());
  ASSERT_THAT(Task(id, Action::kReturn, 2, "which side?"), IsOk());
  ASSERT_THAT(Task(id, Action::kQueue, 1), IsOk());
  EXPECT_EQ(Read(id).state, State::kQueued);
}

TEST_P(Reading, OfAnUnknownOrderWaits) {
  EXPECT_THAT(Task("jinhua-unknown", Action::kQueue, 1), HasReason("REFERENCE_UNKNOWN"));
  EXPECT_THAT(Report("jinhua-unknown", ReportFact::Standing::kFinal, 1),
              HasReason("REFERENCE_UNKNOWN"));
  EXPECT_EQ(Count("select count(*) from news"), 0);
}

TEST_P(Reading, SendsBackInFourWays) {
  for (const auto& [action, state] : {std::pair{Action::kReturn, State::kReturnedForInformation},
                                      {Action::kRecapture, State::kRecaptureRequested},
                                      {Action::kDecline, State::kDeclined},
                                      {Action::kEscalate, State::kEscalated}}) {
    const Order order = Created();
    ASSERT_THAT(Tell(Study("1.2." + std::to_string(static_cast<int>(action)), {order.id})), IsOk());
    const std::string task = "task-" + order.id;
    ASSERT_THAT(
        Tell(TaskFact{.id = task, .order_id = order.id, .action = Action::kClaim, .version = 1}),
        IsOk());
    ASSERT_THAT(
        Tell(TaskFact{
            .id = task, .order_id = order.id, .action = action, .note = "why", .version = 2}),
        IsOk());
    EXPECT_EQ(Read(order.id).state, state);
    EXPECT_EQ(Read(order.id).note, "why");
    EXPECT_EQ(Read(order.id).resume_state, State::kQueued);
  }
}

TEST_P(Reading, GoesBackByAmendmentAndRetraction) {
  const std::string id = Recorded().id;
  ASSERT_THAT(Report(id, ReportFact::Standing::kFinal, 1), IsOk());
  ASSERT_THAT(Tell(ResultFact{.id = "x", .order_ids = {id}, .viewed_at = {"town-a"}, .version = 1}),
              IsOk());
  EXPECT_EQ(Read(id).state, State::kViewed);
  ASSERT_THAT(Report(id, ReportFact::Standing::kAmended, 2), IsOk());
  EXPECT_EQ(Read(id).state, State::kSigned);
  ASSERT_THAT(Report(id, ReportFact::Standing::kRetracted, 3), IsOk());
  EXPECT_EQ(Read(id).state, State::kQueued);
  ASSERT_THAT(Report(id, ReportFact::Standing::kAmended, 4), IsOk());
  EXPECT_EQ(Read(id).state, State::kSigned);
}

TEST_P(Reading, OfACancelledOrderChangesNothing) {
  const std::string id = Recorded().id;
  ASSERT_THAT(orders_->Cancel(His("town-a"), id, "x", "").status(), IsOk());
  ASSERT_THAT(Report(id, ReportFact::Standing::kFinal, 1), IsOk());
  EXPECT_EQ(Read(id).state, State::kCancelled);
}

// The mapping from the contract's messages.
TEST_P(Reading, IsUnderstoodFromItsEvents) {
  const std::string id = Recorded().id;
  const auto handle = [&](const feed::Follower::Handler& handler,
                          const google::protobuf::Message& change) {
    const auto event = feed::ToWire(feed::MakeEvent("x", "key", {}, change), "cursor");
    EXPECT_THAT(database_->Write([&](store::Transaction& tx) { return handler(tx, event); }),
                IsOk());
  };
  events::v1::TaskChanged task;
  task.mutable_task()->set_id("task");
  task.mutable_task()->set_order_id(id);
  task.mutable_task()->set_state(reading::v1::TASK_STATE_RETURNED);
  task.mutable_task()->set_return_kind(reading::v1::RETURN_KIND_RECAPTURE);
  task.mutable_task()->set_note("blurred");
  task.mutable_task()->set_version(1);
  handle(FollowReading(*readings_), task);
  EXPECT_EQ(Read(id).state, State::kRecaptureRequested);
  events::v1::ReportChanged report;
  report.mutable_report()->set_id("report");
  report.mutable_report()->add_order_ids(id);
  report.mutable_report()->set_state(reading::v1::REPORT_STATE_DRAFT);
  report.mutable_report()->set_version(1);
  handle(FollowReading(*readings_), report);
  EXPECT_EQ(Read(id).state, State::kRecaptureRequested);
  report.mutable_report()->set_state(reading::v1::REPORT_STATE_FINAL);
  report.mutable_report()->set_version(2);
  handle(FollowReading(*readings_), report);
  EXPECT_EQ(Read(id).state, State::kSigned);
  events::v1::ResultChanged result;
  result.mutable_result()->set_id("result");
  result.mutable_result()->add_order_ids(id);
  result.mutable_result()->set_version(1);
  auto* version = result.mutable_result()->add_versions();
  version->set_number(1);
  version->set_state(exchange::v1::RESULT_STATE_FINAL);
  auto* delivery = result.mutable_result()->add_deliveries();
  delivery->set_facility_id("town-a");
  delivery->set_delivered_version(1);
  handle(FollowExchange(*readings_), result);
  EXPECT_EQ(Read(id).state, State::kDelivered);
}

TEST_P(Reading, OfPatientsLinksOrdersThatAreThereAndThoseToCome) {
  const NewsParts parts{store_, journal_, [this] { return facts_; }, load_, rules_};
  const auto tell = [&](const std::string& patient_id) {
    events::v1::PatientChanged changed;
    changed.mutable_patient()->set_id(patient_id);
    auto* link = changed.add_links();
    link->set_facility_id("town-a");
    link->set_facility_patient_id("P1");
    link->set_name("王小明");
    link->set_birth_date("1960-02-03");
    const auto event = feed::ToWire(feed::MakeEvent("registry", patient_id, {}, changed), "cursor");
    EXPECT_THAT(
        database_->Write([&](store::Transaction& tx) { return FollowRegistry(parts)(tx, event); }),
        IsOk());
  };
  const Order order = Created();
  const Order another = Created("town-a", [](Order& wanted) { wanted.patient.name = "王晓明"; });
  tell("jinhua-p1");
  EXPECT_EQ(Read(order.id).patient.patient_id, "jinhua-p1");
  EXPECT_EQ(Read(another.id).patient.patient_id, "");
  EXPECT_EQ(Created().patient.patient_id, "jinhua-p1");
  tell("jinhua-p2");  // A merge.
  EXPECT_EQ(Read(order.id).patient.patient_id, "jinhua-p2");
  EXPECT_EQ(Read(order.id).patient.name, "王小明");
  EXPECT_EQ(queries_->List(security::Scope::Service(), {.patient_id = "jinhua-p2"}, {}, 10)->size(),
            2u);
  const int64_t version = Read(order.id).version;
  tell("jinhua-p2");
  EXPECT_EQ(Read(order.id).version, version);
}

TEST_P(Reading, OfAPatientLinksTheOrderItNamesWhereThereIsNoNumber) {
  const NewsParts parts{store_, journal_, [this] { return facts_; }, load_, rules_};
  const auto unnumbered = [](Order& wanted) { wanted.patient.facility_patient_id.clear(); };
  const Order order = Created("town-a", unnumbered);
  const Order namesake = Created("town-a", unnumbered);
  events::v1::PatientChanged changed;
  changed.mutable_patient()->set_id("jinhua-p1");
  auto* link = changed.add_links();
  link->set_facility_id("town-a");
  link->set_name(order.patient.name);
  link->set_birth_date(order.patient.birth_date);
  link->set_order_id(order.id);
  changed.add_links()->set_order_id("unknown");
  const auto event = feed::ToWire(feed::MakeEvent("registry", "jinhua-p1", {}, changed), "cursor");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(
        database_->Write([&](store::Transaction& tx) { return FollowRegistry(parts)(tx, event); }),
        IsOk());
    EXPECT_EQ(Read(order.id).patient.patient_id, "jinhua-p1");
    EXPECT_EQ(Read(order.id).version, order.version + 1);
  }
  EXPECT_EQ(Read(namesake.id).patient.patient_id, "");
  EXPECT_EQ(Created("town-a", unnumbered).patient.patient_id, "");
}

}  // namespace
}  // namespace tongjian::orders
