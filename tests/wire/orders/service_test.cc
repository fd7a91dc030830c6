// The service over the wire: who may call what, and what the feeds of the others do.
#include "common/base/status.h"
#include "tests/wire/orders/orders_rig.h"

namespace tongjian::orders {
namespace {

using Stub = v1::OrderService::Stub;

class OrderService : public OrdersRig {};

TEST_F(OrderService, RoutesWhatCameBeforeTheRegistryHadACenter) {
  v1::Order order;
  ASSERT_THAT(Call(&Stub::CreateOrder, As("town-a", "clinic_doctor"), ChestOrder("1"), &order),
              IsOk());
  EXPECT_EQ(order.state(), v1::ORDER_STATE_SUBMITTED);
  EXPECT_EQ(order.routing().center_id(), "");
  EXPECT_NE(order.note(), "");
  PublishCounty();
  const v1::Order routed =
      Await([&](const auto& changed) { return !changed.order().routing().center_id().empty(); });
  EXPECT_EQ(routed.id(), order.id());
  EXPECT_EQ(routed.routing().performing_facility_id(), "county");
}

TEST_F(OrderService, AnswersTheSameOrderToTheSameRequest) {
  PublishCounty();
  v1::Order first;
  v1::Order again;
  ASSERT_THAT(Call(&Stub::CreateOrder, As("town-a", "clinic_doctor"), ChestOrder("1"), &first),
              IsOk());
  ASSERT_THAT(Call(&Stub::CreateOrder, As("town-a", "clinic_doctor"), ChestOrder("1"), &again),
              IsOk());
  EXPECT_EQ(first.id(), again.id());
  v1::CreateOrderRequest other = ChestOrder("1");
  other.mutable_order()->set_clinical_information("else");
  EXPECT_THAT(Call(&Stub::CreateOrder, As("town-a", "clinic_doctor"), other, &again),
              HasReason("REQUEST_ID_REUSED"));
  EXPECT_THAT(Call(&Stub::CreateOrder, As("town-a", "clinic_doctor"), ChestOrder(""), &again),
              HasReason("INVALID_FIELD"));
}

TEST_F(OrderService, IsOpenToThoseConcernedAlone) {
  PublishCounty();
  const v1::Order order = Created();
  v1::GetOrderRequest get;
  get.set_id(order.id());
  v1::Order out;
  EXPECT_THAT(Call(&Stub::GetOrder, As("town-a", "clinic_doctor"), get, &out), IsOk());
  EXPECT_THAT(Call(&Stub::GetOrder, As("county", "reader"), get, &out), IsOk());
  EXPECT_THAT(Call(&Stub::GetOrder, As("elsewhere", "bureau"), get, &out), IsOk());
  EXPECT_THAT(Call(&Stub::GetOrder, As("town-b", "clinic_doctor"), get, &out),
              HasReason("NOT_FOUND"));
  EXPECT_THAT(Call(&Stub::GetOrder, As("county", "operator"), get, &out),
              HasReason("PERMISSION_DENIED"));
  v1::HoldOrderRequest hold;
  hold.set_request_id("hold");
  hold.set_id(order.id());
  hold.set_hold(true);
  hold.set_reason("x");
  EXPECT_THAT(Call(&Stub::HoldOrder, As("town-a", "clinic_doctor"), hold, &out),
              HasReason("PERMISSION_DENIED"));
  EXPECT_THAT(Call(&Stub::HoldOrder, As("county", "center_head"), hold, &out), IsOk());
  EXPECT_EQ(out.state(), v1::ORDER_STATE_HELD);
}

TEST_F(OrderService, FollowsTheOthersToTheEnd) {
  PublishCounty();
  const v1::Order order = Created();
  events::v1::StudyChanged study;
  study.mutable_study()->set_id("study");
  study.mutable_study()->set_study_instance_uid(order.items(0).study_instance_uid());
  study.mutable_study()->set_facility_id("town-a");
  study.mutable_study()->add_modalities("DX");
  study.mutable_study()->add_order_ids(order.id());
  study.mutable_study()->set_state(imaging::v1::STUDY_STATE_COMPLETE);
  study.mutable_study()->set_version(1);
  Publish("imaging", "study", study);
  AwaitState(order.id(), v1::ORDER_STATE_ARCHIVED_VERIFIED);
  events::v1::TaskChanged task;
  task.mutable_task()->set_id("task");
  task.mutable_task()->set_order_id(order.id());
  task.mutable_task()->set_state(reading::v1::TASK_STATE_CLAIMED);
  task.mutable_task()->set_version(1);
  Publish("reading", "task", task);
  AwaitState(order.id(), v1::ORDER_STATE_CLAIMED);
  events::v1::ReportChanged report;
  report.mutable_report()->set_id("report");
  report.mutable_report()->add_order_ids(order.id());
  report.mutable_report()->set_state(reading::v1::REPORT_STATE_FINAL);
  report.mutable_report()->set_version(1);
  Publish("reading", "report", report);
  AwaitState(order.id(), v1::ORDER_STATE_SIGNED);
  events::v1::PatientChanged patient;
  patient.mutable_patient()->set_id("jinhua-patient");
  auto* link = patient.add_links();
  link->set_facility_id("town-a");
  link->set_facility_patient_id("P1");
  link->set_name("王小明");
  Publish("registry", "jinhua-patient", patient);
  const v1::Order linked = Await([](const auto& changed) {
    return changed.order().patient().patient_id() == "jinhua-patient";
  });
  EXPECT_EQ(linked.state(), v1::ORDER_STATE_SIGNED);
  v1::ListTimelineRequest request;
  request.set_id(order.id());
  request.set_page_size(3);
  v1::ListTimelineResponse page;
  std::vector<std::string> actions;
  do {
    request.set_page_token(page.next_page_token());
    ASSERT_THAT(Call(&Stub::ListTimeline, As("town-a", "clinic_doctor"), request, &page), IsOk());
    for (const auto& entry : page.entries()) actions.push_back(entry.action());
  } while (!page.next_page_token().empty());
  EXPECT_EQ(actions.back(), "patient linked");
  EXPECT_THAT(actions, testing::IsSupersetOf({"submitted", "archived", "claimed", "signed"}));
}

TEST_F(OrderService, HasAProvisionalOrderForAStudyWithoutOne) {
  PublishCounty();
  Created();
  events::v1::StudyChanged study;
  study.mutable_study()->set_id("study");
  study.mutable_study()->set_study_instance_uid("1.2.3");
  study.mutable_study()->set_facility_id("town-a");
  study.mutable_study()->add_modalities("DX");
  study.mutable_study()->set_match(imaging::v1::MATCH_STATE_UNMATCHED);
  study.mutable_study()->set_state(imaging::v1::STUDY_STATE_RECEIVING);
  study.mutable_study()->mutable_patient()->set_name("WANG^XIAOMING");
  study.mutable_study()->set_version(1);
  Publish("imaging", "study", study);
  const v1::Order order = Await(
      [](const auto& changed) { return changed.order().origin() == v1::ORDER_ORIGIN_DEVICE; });
  EXPECT_EQ(order.state(), v1::ORDER_STATE_ACQUIRED);
  v1::ListOrdersRequest list;
  list.set_unbound(true);
  v1::ListOrdersResponse page;
  ASSERT_THAT(Call(&Stub::ListOrders, As("town-a", "clinic_doctor"), list, &page), IsOk());
  ASSERT_EQ(page.orders_size(), 1);
  EXPECT_EQ(page.orders(0).id(), order.id());
}

TEST_F(OrderService, KeepsEverythingOverARestart) {
  PublishCounty();
  const v1::Order order = Created();
  StopProcess();
  StartProcess();
  v1::GetOrderRequest get;
  get.set_accession_number(order.accession_number());
  v1::Order out;
  ASSERT_THAT(Call(&Stub::GetOrder, As("town-a", "clinic_doctor"), get, &out), IsOk());
  EXPECT_EQ(out.id(), order.id());
  // Facts are there before the registry's feed is: the next order is routed at once.
  v1::Order next;
  ASSERT_THAT(Call(&Stub::CreateOrder, As("town-a", "clinic_doctor"), ChestOrder("2"), &next),
              IsOk());
  EXPECT_EQ(next.routing().center_id(), "county-imaging");
  EXPECT_NE(next.accession_number(), order.accession_number());
}

TEST_F(OrderService, PagesListsWithTokensOfTheirFilter) {
  PublishCounty();
  Created();
  for (const char* id : {"2", "3"}) {
    v1::Order order;
    ASSERT_THAT(Call(&Stub::CreateOrder, As("town-a", "clinic_doctor"), ChestOrder(id), &order),
                IsOk());
  }
  v1::ListOrdersRequest list;
  list.set_page_size(2);
  v1::ListOrdersResponse first;
  ASSERT_THAT(Call(&Stub::ListOrders, As("county", "reader"), list, &first), IsOk());
  EXPECT_EQ(first.orders_size(), 2);
  list.set_page_token(first.next_page_token());
  v1::ListOrdersResponse second;
  ASSERT_THAT(Call(&Stub::ListOrders, As("county", "reader"), list, &second), IsOk());
  EXPECT_EQ(second.orders_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
  list.set_center_id("county-imaging");
  EXPECT_THAT(Call(&Stub::ListOrders, As("county", "reader"), list, &second),
              HasReason("INVALID_PAGE_TOKEN"));
}

}  // namespace
}  // namespace tongjian::orders
