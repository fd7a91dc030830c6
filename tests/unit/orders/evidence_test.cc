// Studies with and without orders, and HIS orders that come later.
#include <atomic>
#include <thread>

#include "services/orders/binding.h"
#include "services/orders/state.h"
#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

using Progress = StudyFact::Progress;

class Evidence : public OrdersTest {
 protected:
  // A study of which imaging tells something new.
  static StudyFact Next(StudyFact study, Progress progress, std::vector<std::string> order_ids) {
    ++study.version;
    study.progress = progress;
    study.order_ids = std::move(order_ids);
    return study;
  }
};
TJ_ON_BOTH_BACKENDS(Evidence);

TEST_P(Evidence, MovesItsOrderAndStartsItsClock) {
  const Order order = Created();
  StudyFact study = Study(order.items[0].study_instance_uid, {order.id});
  study.performed = clock_.Now() - absl::Minutes(5);
  ASSERT_THAT(Tell(study), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kAcquired);
  EXPECT_EQ(Read(order.id).turnaround.start_time, study.performed);
  EXPECT_EQ(Count("select count(*) from worklist"), 0);
  ASSERT_THAT(Tell(Next(study, Progress::kComplete, {order.id})), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kArchivedVerified);
  EXPECT_EQ(Actions(order.id), (std::vector<std::string>{"submitted", "acquired", "archived"}));
}

TEST_P(Evidence, CountsOnceAndInItsOwnOrder) {
  const Order order = Created();
  const StudyFact first = Study("1.2", {order.id});
  ASSERT_THAT(Tell(Next(first, Progress::kComplete, {order.id})), IsOk());
  ASSERT_THAT(Tell(first), IsOk());
  ASSERT_THAT(Tell(Next(first, Progress::kComplete, {order.id})), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kArchivedVerified);
  EXPECT_EQ(Read(order.id).version, 2);
}

TEST_P(Evidence, OfAnUnknownOrderWaits) {
  EXPECT_THAT(Tell(Study("1.2", {"jinhua-unknown"})), HasReason("REFERENCE_UNKNOWN"));
  EXPECT_EQ(Count("select count(*) from news"), 0);
}

TEST_P(Evidence, OfAnImplausibleFutureDoesNotMoveTheDeadlineOut) {
  const Order order = Created();
  StudyFact study = Study("1.2", {order.id});
  study.performed = clock_.Now() + absl::Hours(1000);
  ASSERT_THAT(Tell(study), IsOk());
  EXPECT_EQ(Read(order.id).turnaround.start_time, clock_.Now());
}

TEST_P(Evidence, WithoutAnOrderHasAProvisionalOneAtOnce) {
  StudyFact study = Study("1.2");
  study.accession_number = "17";
  ASSERT_THAT(Tell(study), IsOk());
  ASSERT_EQ(Provisionals().size(), 1u);
  const Order order = Provisionals()[0];
  EXPECT_EQ(order.origin, Origin::kDevice);
  EXPECT_EQ(order.state, State::kAcquired);
  EXPECT_EQ(order.ordering_facility_id, "town-a");
  EXPECT_EQ(order.accession_number, "17");
  EXPECT_EQ(order.routing.center_id, "county-imaging");
  EXPECT_EQ(order.items[0].study_instance_uids, std::vector<std::string>{"1.2"});
  EXPECT_EQ(order.items[0].name, "CHEST PA");
  // News of it before imaging has heard of the order, and after.
  study = Next(study, Progress::kComplete, {});
  ASSERT_THAT(Tell(study), IsOk());
  ASSERT_THAT(Tell(Next(study, Progress::kComplete, {order.id})), IsOk());
  EXPECT_EQ(Provisionals().size(), 1u);
  EXPECT_EQ(Read(order.id).state, State::kArchivedVerified);
  EXPECT_EQ(Count("select count(*) from worklist"), 0);
}

TEST_P(Evidence, WithANumberThatIsTakenGetsOneOfOurs) {
  const Order order = Created();
  StudyFact study = Study("1.2");
  study.accession_number = order.accession_number;
  study.patient.facility_patient_id = "P9";
  study.patient.name = "李四";
  study.doubtful = true;
  ASSERT_THAT(Tell(study), IsOk());
  ASSERT_EQ(Provisionals().size(), 1u);
  EXPECT_NE(Provisionals()[0].accession_number, order.accession_number);
  EXPECT_TRUE(Provisionals()[0].accession_number.starts_with("JINHUA"));
  EXPECT_EQ(Read(order.id).state, State::kSubmitted);
}

TEST_P(Evidence, InDoubtIsReadUnderAProvisionalOrderAndLeavesTheOrderItNames) {
  const Order order = Created();
  const std::string uid = order.items[0].study_instance_uid;
  StudyFact study = Study(uid);
  study.accession_number = order.accession_number;
  study.patient.facility_patient_id = "P9";
  study.patient.name = "李四";
  study.doubtful = true;
  ASSERT_THAT(Tell(study), IsOk());
  ASSERT_EQ(Provisionals().size(), 1u);
  const Order provisional = Provisionals()[0];
  EXPECT_EQ(provisional.items[0].study_instance_uids, std::vector<std::string>{uid});
  // News of it before imaging has heard of the provisional order, and after.
  study = Next(study, Progress::kComplete, {});
  ASSERT_THAT(Tell(study), IsOk());
  study = Next(study, Progress::kComplete, {provisional.id});
  ASSERT_THAT(Tell(study), IsOk());
  EXPECT_EQ(Provisionals().size(), 1u);
  EXPECT_EQ(Read(provisional.id).state, State::kArchivedVerified);
  EXPECT_EQ(Read(order.id).state, State::kSubmitted);
  // A person decides; imaging's news of before comes late.
  ASSERT_THAT(orders_->BindTo(His("town-a"), order.id, provisional.id).status(), IsOk());
  ASSERT_THAT(Tell(Next(study, Progress::kComplete, {})), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kArchivedVerified);
  EXPECT_TRUE(Provisionals().empty());
}

TEST_P(Evidence, OfTwoPatientsUnderOneUidStaysApart) {
  const Order order = Created();
  const std::string uid = order.items[0].study_instance_uid;
  StudyFact other = Study(uid);
  other.id = "study-of-another";
  other.patient.facility_patient_id = "P9";
  other.patient.name = "李四";
  other.doubtful = true;
  ASSERT_THAT(Tell(other), IsOk());
  ASSERT_EQ(Provisionals().size(), 1u);
  const std::string provisional = Provisionals()[0].id;
  ASSERT_THAT(Tell(Study(uid, {order.id})), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kAcquired);
  EXPECT_EQ(Read(provisional).bound_order_id, "");
  StudyFact third = other;
  third.id = "study-of-a-third";
  third.patient.facility_patient_id = "P10";
  third.patient.name = "赵五";
  ASSERT_THAT(Tell(third), IsOk());
  EXPECT_EQ(Provisionals().size(), 2u);
}

TEST_P(Evidence, ThatImagingIsAboutToLinkMakesNoProvisionalOrder) {
  const Order order = Created();
  StudyFact by_number = Study("1.2");
  by_number.accession_number = order.accession_number;
  ASSERT_THAT(Tell(by_number), IsOk());
  ASSERT_THAT(Tell(Study(order.items[0].study_instance_uid)), IsOk());
  EXPECT_TRUE(Provisionals().empty());
}

TEST_P(Evidence, OfACancelledOrderIsNotLost) {
  const Order order = Created();
  ASSERT_THAT(orders_->Cancel(His("town-a"), order.id, "x", "").status(), IsOk());
  ASSERT_THAT(Tell(Study(order.items[0].study_instance_uid)), IsOk());
  EXPECT_EQ(Provisionals().size(), 1u);
}

TEST_P(Evidence, IsTakenOverByAnOrderThatAPersonBinds) {
  StudyFact study = Study("1.2");
  ASSERT_THAT(Tell(study), IsOk());
  const Order provisional = Provisionals()[0];
  ASSERT_THAT(
      Tell(TaskFact{.id = "t", .order_id = provisional.id, .action = Action::kQueue, .version = 1}),
      IsOk());
  const Order order = Created();
  const auto bound = orders_->BindTo(His("town-a"), order.id, provisional.id);
  ASSERT_THAT(bound.status(), IsOk());
  EXPECT_EQ(bound->state, State::kQueued);
  EXPECT_EQ(bound->items[0].study_instance_uids, std::vector<std::string>{"1.2"});
  EXPECT_EQ(bound->bound_order_id, provisional.id);
  EXPECT_EQ(bound->turnaround.start_time, provisional.turnaround.start_time);
  EXPECT_EQ(Read(provisional.id).state, State::kCancelled);
  EXPECT_EQ(Read(provisional.id).bound_order_id, order.id);
  EXPECT_TRUE(Provisionals().empty());
  // What is still told of the provisional order holds for its successor.
  ASSERT_THAT(Tell(Next(study, Progress::kComplete, {provisional.id})), IsOk());
  ASSERT_THAT(
      Tell(TaskFact{.id = "t", .order_id = provisional.id, .action = Action::kClaim, .version = 2}),
      IsOk());
  EXPECT_EQ(Read(order.id).state, State::kClaimed);
  EXPECT_EQ(Read(provisional.id).state, State::kCancelled);
  EXPECT_TRUE(Provisionals().empty());
}

TEST_P(Evidence, IsTakenOverWithItsReport) {
  ASSERT_THAT(Tell(Study("1.2")), IsOk());
  const Order provisional = Provisionals()[0];
  ASSERT_THAT(Tell(ReportFact{.id = "r",
                              .order_ids = {provisional.id},
                              .standing = ReportFact::Standing::kFinal,
                              .version = 1}),
              IsOk());
  const Order order = Created();
  const auto bound = orders_->BindTo(His("town-a"), order.id, provisional.id);
  ASSERT_THAT(bound.status(), IsOk());
  EXPECT_EQ(bound->state, State::kSigned);
  EXPECT_EQ(bound->items[0].report_ids, std::vector<std::string>{"r"});
}

TEST_P(Evidence, IsTakenOverByAGatewaysOrderWithItsNumber) {
  const auto block = orders_->LeaseNumbers(Gateway("town-a"), "town-a", 10);
  Order wanted = ChestOrder();
  wanted.accession_number = FormatAccession(block->prefix, block->first);
  StudyFact study = Study("1.2");  // The images overtook the order.
  study.accession_number = wanted.accession_number;
  ASSERT_THAT(Tell(study), IsOk());
  const Order provisional = Provisionals()[0];
  EXPECT_EQ(provisional.accession_number, wanted.accession_number);
  const auto order = orders_->Create(Gateway("town-a"), wanted, false);
  ASSERT_THAT(order.status(), IsOk());
  EXPECT_EQ(order->accession_number, wanted.accession_number);
  EXPECT_EQ(order->state, State::kAcquired);
  EXPECT_EQ(order->bound_order_id, provisional.id);
  EXPECT_TRUE(Provisionals().empty());
  const auto events = Events();
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[2].order().id(),
            order->id);  // The successor is announced before the end of the other.
  EXPECT_EQ(events[3].order().id(), provisional.id);
}

TEST_P(Evidence, IsTakenOverByAGatewaysOrderWithItsStudyUid) {
  Order wanted = ChestOrder();
  wanted.items[0].study_instance_uid = "2.25.99";
  ASSERT_THAT(Tell(Study("2.25.99")), IsOk());
  const auto order = orders_->Create(Gateway("town-a"), wanted, false);
  ASSERT_THAT(order.status(), IsOk());
  EXPECT_EQ(order->state, State::kAcquired);
  EXPECT_TRUE(Provisionals().empty());
}

TEST_P(Evidence, IsTakenOverByAHisOrderWithThePlacersNumber) {
  StudyFact study = Study("1.2");  // The technician typed the HIS's own number.
  study.accession_number = "HIS-77";
  ASSERT_THAT(Tell(study), IsOk());
  const Order order =
      Created("town-a", [](Order& wanted) { wanted.placer_order_number = "HIS-77"; });
  EXPECT_EQ(order.state, State::kAcquired);
  EXPECT_TRUE(order.accession_number.starts_with("JINHUA"));
  EXPECT_TRUE(Provisionals().empty());
}

TEST_P(Evidence, WithThePlacersNumberOfAnOrderMakesNoProvisionalOne) {
  Created("town-a", [](Order& wanted) { wanted.placer_order_number = "HIS-78"; });
  StudyFact study = Study("1.2");
  study.accession_number = "HIS-78";
  ASSERT_THAT(Tell(study), IsOk());
  EXPECT_TRUE(Provisionals().empty());
}

TEST_P(Evidence, OfAnotherPatientIsNotTakenOverByNumber) {
  const auto block = orders_->LeaseNumbers(Gateway("town-a"), "town-a", 10);
  Order wanted = ChestOrder();
  wanted.accession_number = FormatAccession(block->prefix, block->first);
  StudyFact study = Study("1.2");
  study.accession_number = wanted.accession_number;
  study.patient.facility_patient_id = "P9";
  study.patient.name = "李四";
  ASSERT_THAT(Tell(study), IsOk());
  const auto order = orders_->Create(Gateway("town-a"), wanted, false);
  ASSERT_THAT(order.status(), IsOk());
  EXPECT_EQ(order->state, State::kSubmitted);
  EXPECT_EQ(Provisionals().size(), 1u);
}

TEST_P(Evidence, IsTakenOverWhenImagingLinksTheStudy) {
  const StudyFact study = Study("1.2");
  ASSERT_THAT(Tell(study), IsOk());
  const Order provisional = Provisionals()[0];
  const Order order = Created();
  ASSERT_THAT(Tell(Next(study, Progress::kComplete, {order.id})), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kArchivedVerified);
  EXPECT_EQ(Read(provisional.id).bound_order_id, order.id);
  EXPECT_TRUE(Provisionals().empty());
}

TEST_P(Evidence, OfAProvisionalOrderIsTakenOverOnceOfManyAtATime) {
  ASSERT_THAT(Tell(Study("1.2")), IsOk());
  const std::string provisional = Provisionals()[0].id;
  std::vector<std::string> ids;
  std::vector<Asked> asked;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(Created().id);
    asked.push_back(His("town-a"));
  }
  std::atomic<int> bound = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      const absl::Status status = orders_->BindTo(asked[i], ids[i], provisional).status();
      if (status.ok()) ++bound;
      if (base::DetailOf(status).reason == "STATE_NOT_ALLOWED") ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bound, 1);
  EXPECT_EQ(refused, 5);
  int with_evidence = 0;
  for (const std::string& id : ids) with_evidence += HasEvidence(Read(id)) ? 1 : 0;
  EXPECT_EQ(with_evidence, 1);
}

TEST_P(Evidence, ThatAPersonMovesLeavesTheOrderToBeRecorded) {
  const Order wrong = Created();
  const Order right = Created();
  const StudyFact study = Study(wrong.items[0].study_instance_uid, {wrong.id});
  ASSERT_THAT(Tell(study), IsOk());
  ASSERT_THAT(Tell(Next(study, Progress::kComplete, {right.id})), IsOk());
  EXPECT_EQ(Read(wrong.id).state, State::kSubmitted);
  EXPECT_FALSE(HasEvidence(Read(wrong.id)));
  EXPECT_EQ(Read(right.id).state, State::kArchivedVerified);
  EXPECT_EQ(Count("select count(*) from worklist"), 1);
}

TEST_P(Evidence, ThatAPersonTakesAwayGetsAProvisionalOrder) {
  const Order wrong = Created();
  const StudyFact study = Study(wrong.items[0].study_instance_uid, {wrong.id});
  ASSERT_THAT(Tell(study), IsOk());
  ASSERT_THAT(Tell(Next(study, Progress::kComplete, {})), IsOk());
  EXPECT_EQ(Read(wrong.id).state, State::kSubmitted);
  EXPECT_EQ(Provisionals().size(), 1u);
}

TEST_P(Evidence, AskedForAgainIsTheNextThatComes) {
  const Order order = Created();
  const StudyFact study = Study("1.2", {order.id});
  ASSERT_THAT(Tell(Next(study, Progress::kComplete, {order.id})), IsOk());
  ASSERT_THAT(desk_->Recapture(Person("county", "center_head"), order.id, "blurred").status(),
              IsOk());
  EXPECT_EQ(Count("select count(*) from worklist"), 1);
  StudyFact graded = Next(study, Progress::kComplete, {order.id});
  graded.version = 3;  // Nothing new in it: the grade.
  ASSERT_THAT(Tell(graded), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kRecaptureRequested);
  ASSERT_THAT(Tell(Study("1.3", {order.id})), IsOk());
  EXPECT_EQ(Read(order.id).state, State::kAcquired);
}

TEST(Binding, WantsAProvisionalOrderOfTheFacilityThatIsNotBound) {
  const Facts facts = SampleFacts();
  Order order = ChestOrder();
  order.id = "order";
  order.state = State::kSubmitted;
  order.origin = Origin::kHis;
  Order provisional = order;
  provisional.id = "provisional";
  provisional.state = State::kAcquired;
  EXPECT_FALSE(Bind(order, provisional, facts).ok());
  provisional.origin = Origin::kDevice;
  EXPECT_TRUE(Bind(order, provisional, facts).ok());
  provisional.bound_order_id = "another";
  EXPECT_FALSE(Bind(order, provisional, facts).ok());
  provisional.bound_order_id.clear();
  provisional.ordering_facility_id = "town-b";
  EXPECT_FALSE(Bind(order, provisional, facts).ok());
  order.recording_facility_id = "town-b";
  EXPECT_TRUE(Bind(order, provisional, facts).ok());
  order.state = State::kSigned;
  EXPECT_FALSE(Bind(order, provisional, facts).ok());
}

TEST(Binding, TakesOverAReturnedOrdersQuestion) {
  const Facts facts = SampleFacts();
  Order order = ChestOrder();
  order.id = "order";
  order.state = State::kSubmitted;
  order.origin = Origin::kHis;
  Order provisional = order;
  provisional.id = "provisional";
  provisional.origin = Origin::kDevice;
  provisional.state = State::kReturnedForInformation;
  provisional.resume_state = State::kQueued;
  provisional.note = "which side?";
  const auto bound = Bind(order, provisional, facts);
  ASSERT_TRUE(bound.ok());
  EXPECT_EQ(bound->order.state, State::kReturnedForInformation);
  EXPECT_EQ(bound->order.resume_state, State::kQueued);
  EXPECT_EQ(bound->order.note, "which side?");
}

}  // namespace
}  // namespace tongjian::orders
