// What devices say of exams.
#include "services/orders/step_news.h"

#include "services/orders/state.h"
#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

class StepsOfOrders : public OrdersTest {
 protected:
  absl::Status Say(const StepFact& step) {
    return database_->Write([&](store::Transaction& tx) { return steps_->Apply(tx, step); });
  }
  static StepFact Step(const Order& order, Exam exam, int64_t version,
                       const std::string& uid = "9.1") {
    StepFact step = {.uid = uid,
                     .facility_id = RecordingFacility(order),
                     .patient = order.patient,
                     .exam = exam,
                     .requests = {{order.items[0].study_instance_uid, "", order.items[0].id}},
                     .version = version};
    if (exam == Exam::kDiscontinued) step.reason = "Equipment failure";
    return step;
  }
};
TJ_ON_BOTH_BACKENDS(StepsOfOrders);

TEST_P(StepsOfOrders, StandInTheTimelineAndMoveNoState) {
  const Order order = Created();
  ASSERT_THAT(Say(Step(order, Exam::kStarted, 1)), IsOk());
  ASSERT_THAT(Say(Step(order, Exam::kCompleted, 2)), IsOk());
  EXPECT_EQ(Actions(order.id),
            (std::vector<std::string>{"submitted", "exam started", "exam completed"}));
  EXPECT_EQ(Read(order.id).state, State::kSubmitted);
}

TEST_P(StepsOfOrders, TakeWhatIsDoneOffTheWorklistAndLeaveWhatWasBrokenOff) {
  const Order order = Created();
  ASSERT_THAT(Say(Step(order, Exam::kStarted, 1)), IsOk());
  EXPECT_EQ(Count("select count(*) from worklist"), 1);
  ASSERT_THAT(Say(Step(order, Exam::kDiscontinued, 2)), IsOk());
  EXPECT_EQ(Count("select count(*) from worklist"), 1);
  ASSERT_THAT(Say(Step(order, Exam::kStarted, 1, "9.2")), IsOk());
  ASSERT_THAT(Say(Step(order, Exam::kCompleted, 2, "9.2")), IsOk());
  EXPECT_EQ(Count("select count(*) from worklist"), 0);
  EXPECT_EQ(Actions(order.id).size(), 5u);
}

TEST_P(StepsOfOrders, CountOnceAndInTheirOwnOrder) {
  const Order order = Created();
  ASSERT_THAT(Say(Step(order, Exam::kCompleted, 2)), IsOk());
  ASSERT_THAT(Say(Step(order, Exam::kStarted, 1)), IsOk());
  ASSERT_THAT(Say(Step(order, Exam::kCompleted, 2)), IsOk());
  EXPECT_EQ(Actions(order.id), (std::vector<std::string>{"submitted", "exam completed"}));
}

TEST_P(StepsOfOrders, OfAnotherPatientAreNothingToAnOrder) {
  const Order order = Created();
  StepFact step = Step(order, Exam::kStarted, 1);
  step.patient.facility_patient_id = "another";
  step.patient.name = "另一人";
  ASSERT_THAT(Say(step), IsOk());
  EXPECT_EQ(Actions(order.id), std::vector<std::string>{"submitted"});
}

}  // namespace
}  // namespace tongjian::orders
