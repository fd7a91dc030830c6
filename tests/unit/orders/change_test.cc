// What clinics and desks do with orders after they are written.
#include "services/orders/order_codec.h"
#include "services/orders/state.h"
#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

class Change : public OrdersTest {};
TJ_ON_BOTH_BACKENDS(Change);

TEST_P(Change, WritesOneVersionOneEntryAndOneEvent) {
  const Order order = Created();
  const auto paid = orders_->Pay(His("town-a"), order.id, Payment::kPaid, "town-a");
  ASSERT_THAT(paid.status(), IsOk());
  EXPECT_EQ(paid->version, 2);
  EXPECT_EQ(paid->payment, Payment::kPaid);
  EXPECT_EQ(Actions(order.id), (std::vector<std::string>{"submitted", "payment"}));
  const auto events = Events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].order().version(), 2);
  EXPECT_EQ(events[1].entry().sequence(), 2);
}

TEST_P(Change, HasOneEffectForOneRequestIdAndAnswersTheOrderAsItIsNow) {
  const Order order = Created();
  const Asked asked = His("town-a");
  ASSERT_THAT(orders_->Pay(asked, order.id, Payment::kPaid, "").status(), IsOk());
  ASSERT_THAT(orders_->Cancel(His("town-a"), order.id, "wrong patient", "").status(), IsOk());
  const auto again = orders_->Pay(asked, order.id, Payment::kPaid, "");
  ASSERT_THAT(again.status(), IsOk());
  EXPECT_EQ(again->state, State::kCancelled);
  EXPECT_EQ(again->version, 3);
}

TEST_P(Change, IsNotForThoseWhoDoNotSeeTheOrder) {
  const Order order = Created();
  EXPECT_THAT(orders_->Cancel(His("town-b"), order.id, "x", "").status(), HasReason("NOT_FOUND"));
  EXPECT_THAT(queries_->Get(security::Scope::Facilities({"town-b"}), {.id = order.id}).status(),
              HasReason("NOT_FOUND"));
  EXPECT_THAT(queries_->Get(security::Scope::Nothing(), {.id = order.id}).status(),
              HasReason("NOT_FOUND"));
  EXPECT_THAT(queries_->Timeline(security::Scope::Facilities({"town-b"}), order.id, 0, 10).status(),
              HasReason("NOT_FOUND"));
  EXPECT_TRUE(queries_->Get(security::Scope::Facilities({"county"}), {.id = order.id}).ok());
}

TEST_P(Change, OfAClinicsOrderIsForTheClinicAndTheCentersDeskAlone) {
  const Order order = Created();
  for (const Asked& asked : {His("county"), Gateway("county"), Person("county", "clinic_doctor")}) {
    EXPECT_THAT(orders_->Cancel(asked, order.id, "x", "").status(), HasReason("PERMISSION_DENIED"));
    EXPECT_THAT(orders_->Pay(asked, order.id, Payment::kPaid, "").status(),
                HasReason("PERMISSION_DENIED"));
    EXPECT_THAT(orders_->Modify(asked, order, EtagOf(order)).status(),
                HasReason("PERMISSION_DENIED"));
  }
  EXPECT_EQ(Actions(order.id), (std::vector<std::string>{"submitted"}));
  EXPECT_THAT(orders_->Cancel(Person("county", "center_head"), order.id, "x", "").status(), IsOk());
}

TEST_P(Change, OfFieldsNeedsTheNewestEtag) {
  Order order = Created();
  const std::string etag = EtagOf(order);
  order.clinical_information = "咳嗽";
  const auto modified = orders_->Modify(His("town-a"), order, etag);
  ASSERT_THAT(modified.status(), IsOk());
  EXPECT_EQ(modified->clinical_information, "咳嗽");
  EXPECT_THAT(orders_->Modify(His("town-a"), order, etag).status(), HasReason("ETAG_MISMATCH"));
}

TEST_P(Change, OfPriorityMovesTheDeadline) {
  Order order = Created();
  const absl::Time before = order.deadline;
  order.priority = Priority::kStat;
  const auto modified = orders_->Modify(His("town-a"), order, EtagOf(order));
  ASSERT_THAT(modified.status(), IsOk());
  EXPECT_EQ(modified->deadline, clock_.Now() + absl::Hours(1));
  EXPECT_LT(modified->deadline, before);
}

TEST_P(Change, OfItemsKeepsTheUidOfWhatStays) {
  Order order = Created();
  const std::string uid = order.items[0].study_instance_uid;
  order.items.push_back({.name = "左手正斜位", .modality = "DX"});
  const auto modified = orders_->Modify(His("town-a"), order, EtagOf(order));
  ASSERT_THAT(modified.status(), IsOk());
  ASSERT_EQ(modified->items.size(), 2u);
  EXPECT_EQ(modified->items[0].study_instance_uid, uid);
  EXPECT_NE(modified->items[1].study_instance_uid, uid);
  EXPECT_EQ(Count("select count(*) from worklist"), 2);
  EXPECT_EQ(Count("select count(*) from order_study"), 2);
}

TEST_P(Change, OfItemsEndsWithTheExam) {
  Order order = Created();
  ASSERT_THAT(Tell(Study("1.2", {order.id})), IsOk());
  order = Read(order.id);
  order.items.push_back({.name = "左手正斜位", .modality = "DX"});
  EXPECT_THAT(orders_->Modify(His("town-a"), order, EtagOf(order)).status(),
              HasReason("STATE_NOT_ALLOWED"));
  order.items.pop_back();
  order.patient.name = "李四";
  EXPECT_THAT(orders_->Modify(His("town-a"), order, EtagOf(order)).status(),
              HasReason("STATE_NOT_ALLOWED"));
}

TEST_P(Change, NeverMovesAnOrderToAnotherFacility) {
  Order order = Created();
  order.ordering_facility_id = "town-b";
  EXPECT_THAT(orders_->Modify(His("town-a"), order, EtagOf(order)).status(),
              HasReason("INVALID_FIELD"));
}

TEST_P(Change, ToCancelledEndsThere) {
  const Order order = Created();
  const auto cancelled = orders_->Cancel(His("town-a"), order.id, "patient left", "");
  ASSERT_THAT(cancelled.status(), IsOk());
  EXPECT_EQ(cancelled->state, State::kCancelled);
  EXPECT_EQ(Count("select count(*) from worklist"), 0);
  EXPECT_THAT(desk_->Hold(His("town-a"), order.id, true, "x").status(),
              HasReason("STATE_NOT_ALLOWED"));
}

TEST_P(Change, ToRecognizedNamesTheResult) {
  const Order order = Created();
  const auto recognized = orders_->Cancel(His("town-a"), order.id, "", "result-1");
  ASSERT_THAT(recognized.status(), IsOk());
  EXPECT_EQ(recognized->state, State::kRecognized);
  EXPECT_EQ(recognized->recognized_result_id, "result-1");
}

TEST_P(Change, OfPaymentLetsAnOrderOntoTheWorklist) {
  const Order order = Created("town-a", [](Order& wanted) { wanted.payment = Payment::kPending; });
  EXPECT_EQ(Count("select count(*) from worklist"), 0);
  ASSERT_THAT(orders_->Pay(His("town-a"), order.id, Payment::kDeferred, "").status(), IsOk());
  EXPECT_EQ(Count("select count(*) from worklist"), 1);
  Created("town-a", [](Order& wanted) {
    wanted.payment = Payment::kPending;
    wanted.priority = Priority::kGreenChannel;
  });
  EXPECT_EQ(Count("select count(*) from worklist"), 2);
}

TEST_P(Change, ByAQuestionWaitsForTheAnswer) {
  const Order order =
      Created("town-a", [](Order& wanted) { wanted.clinical_information = "咳嗽"; });
  const auto returned = desk_->Return(Person("county", "center_head"), order.id, "which side?");
  ASSERT_THAT(returned.status(), IsOk());
  EXPECT_EQ(returned->state, State::kReturnedForInformation);
  EXPECT_EQ(returned->note, "which side?");
  EXPECT_EQ(Count("select count(*) from worklist"), 0);
  const auto answered = orders_->Answer(His("town-a"), order.id, "left");
  ASSERT_THAT(answered.status(), IsOk());
  EXPECT_EQ(answered->state, State::kSubmitted);
  EXPECT_EQ(answered->clinical_information, "咳嗽\nleft");
  EXPECT_EQ(answered->note, "");
  EXPECT_EQ(Count("select count(*) from worklist"), 1);
}

TEST_P(Change, ByHoldingIsUndoneByLettingGo) {
  const Order order = Created();
  ASSERT_THAT(
      desk_->Hold(Person("county", "center_head"), order.id, true, "device broken").status(),
      IsOk());
  EXPECT_EQ(
      queries_->List(security::Scope::Facilities({"county"}), {.needs_desk = true}, {}, 10)->size(),
      1u);
  const auto released = desk_->Hold(Person("county", "center_head"), order.id, false, "");
  ASSERT_THAT(released.status(), IsOk());
  EXPECT_EQ(released->state, State::kSubmitted);
}

TEST_P(Change, OfTheCenterIsSeenByTheOldAndTheNew) {
  const Order order = Created();
  const auto moved = desk_->Reroute(Person("county", "center_head"), order.id, Leaving::kRedirect,
                                    "night-imaging", "repairs");
  ASSERT_THAT(moved.status(), IsOk());
  EXPECT_EQ(moved->state, State::kSubmitted);
  EXPECT_EQ(moved->routing.center_id, "night-imaging");
  EXPECT_EQ(moved->routing.reason, "redirected: repairs");
  EXPECT_EQ(moved->routing.earlier_center_ids, std::vector<std::string>{"county-imaging"});
  EXPECT_EQ(Events("county").size(), 2u);
  EXPECT_EQ(Events("specialist").size(), 1u);
  EXPECT_THAT(queries_->Get(security::Scope::Facilities({"county"}), {.id = order.id}).status(),
              HasReason("NOT_FOUND"));
}

TEST_P(Change, ByADeclineWaitsForTheDesk) {
  const Order order = Created();
  const auto declined = desk_->Reroute(Person("county", "center_head"), order.id, Leaving::kDecline,
                                       "", "no such device");
  ASSERT_THAT(declined.status(), IsOk());
  EXPECT_EQ(declined->state, State::kDeclined);
  EXPECT_EQ(queries_->List(security::Scope::Service(), {.needs_desk = true}, {}, 10)->size(), 1u);
  const auto moved = desk_->Reroute(Person("county", "center_head"), order.id, Leaving::kRedirect,
                                    "night-imaging", "they can");
  ASSERT_THAT(moved.status(), IsOk());
  EXPECT_EQ(moved->state, State::kSubmitted);
}

TEST_P(Change, ByEscalationWithoutAHigherCenterGoesToTheDesk) {
  const Order order = Created();
  ASSERT_THAT(Tell(Study("1.2", {order.id})), IsOk());
  const auto escalated =
      desk_->Reroute(Person("county", "center_head"), order.id, Leaving::kEscalate, "", "rare");
  ASSERT_THAT(escalated.status(), IsOk());
  EXPECT_EQ(escalated->state, State::kEscalated);
  EXPECT_EQ(escalated->routing.center_id, "");
  EXPECT_EQ(escalated->routing.desk_facility_id, "county");
  EXPECT_EQ(
      queries_->List(security::Scope::Facilities({"county"}), {.needs_desk = true}, {}, 10)->size(),
      1u);
  const auto moved = desk_->Reroute(Person("county", "center_head"), order.id, Leaving::kEscalate,
                                    "night-imaging", "rare");
  ASSERT_THAT(moved.status(), IsOk());
  EXPECT_EQ(moved->routing.center_id, "night-imaging");
}

TEST_P(Change, OfLoadIsCountedByCenter) {
  const Order order = Created();
  EXPECT_EQ(LoadOf("county-imaging"), 0);
  ASSERT_THAT(Tell(Study("1.2", {order.id})), IsOk());
  EXPECT_EQ(LoadOf("county-imaging"), 1);
  ASSERT_THAT(desk_
                  ->Reroute(Person("county", "center_head"), order.id, Leaving::kHandOver,
                            "night-imaging", "x")
                  .status(),
              IsOk());
  ASSERT_THAT(
      Tell(TaskFact{.id = "t", .order_id = order.id, .action = Action::kQueue, .version = 1}),
      IsOk());
  EXPECT_EQ(LoadOf("county-imaging"), 0);
  EXPECT_EQ(LoadOf("night-imaging"), 1);
  ASSERT_THAT(Tell(ReportFact{.id = "r",
                              .order_ids = {order.id},
                              .standing = ReportFact::Standing::kFinal,
                              .version = 1}),
              IsOk());
  EXPECT_EQ(LoadOf("night-imaging"), 0);
}

class Lists : public OrdersTest {};
TJ_ON_BOTH_BACKENDS(Lists);

TEST_P(Lists, GoThroughAllPagesOfEveryFilterNewestFirst) {
  for (int i = 0; i < 7; ++i) {
    Created(i % 2 == 0 ? "town-a" : "town-b");
    clock_.Advance(absl::Minutes(1));
  }
  const security::Scope county = security::Scope::Facilities({"county"});
  const std::vector<std::pair<security::Scope, OrderFilter>> lists = {
      {security::Scope::Service(), {}},
      {security::Scope::Service(), {.states = {State::kSubmitted, State::kHeld}}},
      {security::Scope::Service(), {.center_id = "county-imaging"}},
      {security::Scope::Service(), {.states = {State::kSubmitted}, .center_id = "county-imaging"}},
      {county, {}},
      {county, {.states = {State::kSubmitted}}},
      {county, {.states = {State::kSubmitted}, .center_id = "county-imaging"}},
      {security::Scope::Facilities({"town-a", "town-b"}), {}},
      {security::Scope::Facilities({"county", "town-b"}),
       {.from = clock_.Now() - absl::Hours(1), .to = clock_.Now()}}};
  for (const auto& [scope, filter] : lists) {
    std::vector<Order> all;
    ListPosition after;
    while (true) {
      const auto page = queries_->List(scope, filter, after, 3);
      ASSERT_THAT(page.status(), IsOk());
      if (page->empty()) break;
      all.insert(all.end(), page->begin(), page->end());
      after = *ParsePosition(ToText(PositionOf(all.back())));
    }
    ASSERT_EQ(all.size(), 7u);
    for (size_t i = 1; i < all.size(); ++i) EXPECT_GT(all[i - 1].create_time, all[i].create_time);
  }
}

TEST_P(Lists, KeepToTheirFilter) {
  const Order a = Created("town-a");
  const Order b = Created("town-b");
  ASSERT_THAT(orders_->Cancel(His("town-b"), b.id, "x", "").status(), IsOk());
  const auto ids = [&](const security::Scope& scope, const OrderFilter& filter) {
    std::vector<std::string> found;
    const auto orders = queries_->List(scope, filter, {}, 10);
    EXPECT_THAT(orders.status(), IsOk());
    for (const Order& order : *orders) found.push_back(order.id);
    return found;
  };
  const security::Scope all = security::Scope::Service();
  const security::Scope county = security::Scope::Facilities({"county"});
  const std::vector<std::string> only_a = {a.id};
  const std::vector<std::string> only_b = {b.id};
  EXPECT_EQ(ids(all, {.states = {State::kCancelled}}), only_b);
  EXPECT_EQ(ids(county, {.states = {State::kCancelled}}), only_b);
  EXPECT_EQ(ids(all, {.ordering_facility_id = "town-a"}), only_a);
  EXPECT_EQ(ids(county, {.ordering_facility_id = "town-a"}), only_a);
  EXPECT_EQ(ids(county, {.states = {State::kCancelled}, .ordering_facility_id = "town-b"}), only_b);
  EXPECT_TRUE(
      ids(county, {.states = {State::kSubmitted}, .ordering_facility_id = "town-b"}).empty());
  EXPECT_TRUE(
      ids(security::Scope::Facilities({"town-a"}), {.ordering_facility_id = "town-b"}).empty());
  EXPECT_TRUE(ids(all, {.center_id = "night-imaging"}).empty());
  EXPECT_TRUE(ids(all, {.patient_id = "nobody"}).empty());
  EXPECT_TRUE(ids(all, {.to = clock_.Now() - absl::Hours(1)}).empty());
}

TEST_P(Lists, FindAnOrderByItsNumbers) {
  const Order order =
      Created("town-a", [](Order& wanted) { wanted.placer_order_number = "HIS-1"; });
  const security::Scope scope = security::Scope::Facilities({"town-a"});
  EXPECT_EQ(queries_->Get(scope, {.accession_number = order.accession_number})->id, order.id);
  EXPECT_EQ(queries_->Get(scope, {.placer_order_number = "HIS-1", .facility_id = "town-a"})->id,
            order.id);
  EXPECT_THAT(
      queries_->Get(scope, {.placer_order_number = "HIS-1", .facility_id = "town-b"}).status(),
      HasReason("NOT_FOUND"));
  EXPECT_THAT(queries_->Get(scope, {}).status(), HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace tongjian::orders
