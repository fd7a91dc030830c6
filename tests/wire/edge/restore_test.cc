// A hub that forgets: restored from a backup, or with a feed that no longer has what was missed.
#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/dicom/uid.h"
#include "common/store/database.h"
#include "common/store/feed.h"
#include "tests/wire/edge/clinic.h"
#include "tongjian/exchange/v1/result.grpc.pb.h"
#include "tongjian/imaging/v1/study.grpc.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {
namespace {

namespace fs = std::filesystem;
using exchange::v1::ResultService;
using orders::v1::OrderService;

class ForgetfulHub : public ClinicTest {
 protected:
  void SetUp() override {
    ClinicTest::SetUp();
    AwaitNumbers();
  }

  // While the hub is down.
  void Backup() { fs::copy(folder_ + "/hub", folder_ + "/backup", fs::copy_options::recursive); }

  // As `tongjian restore` does it: the files of the backup, and a new feed epoch in each database.
  void Restore() {
    fs::remove_all(folder_ + "/hub");
    fs::copy(folder_ + "/backup", folder_ + "/hub", fs::copy_options::recursive);
    for (const auto& file : fs::directory_iterator(folder_ + "/hub/db")) {
      if (file.path().extension() != ".db") continue;
      const auto database = store::Database::Open(
          {.url = "sqlite:" + file.path().string(), .name = file.path().stem().string()}, clock_);
      ASSERT_TRUE(database.ok()) << database.status();
      const absl::Status started = (*database)->StartNewEpoch();
      ASSERT_TRUE(started.ok()) << started;
    }
  }

  // By accession number; an order of another number fails the test.
  absl::StatusOr<orders::v1::Order> AtHubByNumber(const std::string& number) {
    orders::v1::GetOrderRequest request;
    request.set_accession_number(number);
    orders::v1::Order order;
    TJ_TRY(AtHub<OrderService>(&OrderService::Stub::GetOrder, request, &order));
    return order;
  }

  // Those that somebody wrote.
  int OrdersAtHub() {
    orders::v1::ListOrdersResponse list;
    const absl::Status listed = AtHub<OrderService>(&OrderService::Stub::ListOrders,
                                                    orders::v1::ListOrdersRequest(), &list);
    EXPECT_TRUE(listed.ok()) << listed;
    return static_cast<int>(
        std::count_if(list.orders().begin(), list.orders().end(), [](const auto& order) {
          return order.origin() == orders::v1::ORDER_ORIGIN_HIS;
        }));
  }

  bool IsMatched(const std::string& study_uid) {
    using imaging::v1::StudyService;
    imaging::v1::ListStudiesResponse list;
    const absl::Status listed = AtHub<StudyService>(&StudyService::Stub::ListStudies,
                                                    imaging::v1::ListStudiesRequest(), &list);
    return listed.ok() && list.studies_size() == 1 &&
           list.studies(0).study_instance_uid() == study_uid &&
           list.studies(0).match() == imaging::v1::MATCH_STATE_MATCHED;
  }

  void AwaitDelivered() {
    ASSERT_TRUE(Soon([&] {
      const v1::EdgeStatus status = Status();
      return status.hub_reachable() && status.pending_orders() == 0;
    })) << Status().DebugString();
  }

  exchange::v1::Result Publish(const std::string& source_id, const std::string& findings) {
    exchange::v1::PublishExternalResultRequest publish;
    publish.set_request_id("publish-" + source_id + findings);
    exchange::v1::Result& result = *publish.mutable_result();
    result.set_source("county-pacs");
    result.set_source_id(source_id);
    result.set_discipline(common::v1::DISCIPLINE_IMAGING);
    result.set_performing_facility_id(kClinic);
    result.set_issuing_facility_id(kClinic);
    result.set_ordering_facility_id(kClinic);
    common::v1::PatientRef& patient = *result.mutable_patient();
    patient.set_facility_id(kClinic);
    patient.set_facility_patient_id("P9");
    patient.set_name("张三");
    result.add_items()->set_name("胸部正位");
    result.mutable_items(0)->set_modality("DX");
    result.mutable_performed_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) - 60);
    exchange::v1::ResultVersion& version = *result.add_versions();
    version.set_state(exchange::v1::RESULT_STATE_PRELIMINARY);
    version.set_source_version("1");
    version.mutable_content()->set_findings(findings);
    exchange::v1::Result published;
    const absl::Status status = AtHub<ResultService>(&ResultService::Stub::PublishExternalResult,
                                                     publish, &published);
    EXPECT_TRUE(status.ok()) << status;
    return published;
  }

  // As the gateway announces them to its HIS.
  std::string FindingsHere(const std::string& id) {
    exchange::v1::PullEventsRequest pull;
    pull.set_page_size(200);
    exchange::v1::PullEventsResponse page;
    std::string findings;
    if (!AtGateway<ResultService>(&ResultService::Stub::PullEvents, pull, &page).ok()) return "";
    for (const exchange::v1::ResultEvent& event : page.events()) {
      if (event.result().id() == id) findings = event.result().versions(0).content().findings();
    }
    return findings;
  }
};

TEST_F(ForgetfulHub, RestoredFromABackupHasTheOrdersWrittenSinceOnceAgain) {
  const auto before = Order("o1", "P1");
  ASSERT_TRUE(before.ok()) << before.status();
  AwaitDelivered();
  StopHub();
  Backup();
  StartHub();
  const auto since = Order("o2", "P2");
  const auto canceled = Order("o3", "P3");
  ASSERT_TRUE(since.ok() && canceled.ok());
  AwaitDelivered();
  const std::string forgotten_id = AtGatewayById(since->id())->id();
  ASSERT_NE(forgotten_id, since->id());
  // The hub has it: the cancel only passes through.
  orders::v1::CancelOrderRequest cancel;
  cancel.set_request_id("c3");
  cancel.set_id(canceled->id());
  cancel.set_reason("a mistake");
  orders::v1::Order answer;
  const absl::Status passed =
      AtGateway<OrderService>(&OrderService::Stub::CancelOrder, cancel, &answer);
  ASSERT_TRUE(passed.ok()) << passed;
  StopHub();

  // An image comes while nobody is there.
  ObjectWords words = {.study_uid = since->items(0).study_instance_uid(),
                       .sop_uid = dicom::NewUid(),
                       .accession_number = since->accession_number(),
                       .patient_id = "P2",
                       .patient_name = "张三"};
  ASSERT_EQ(Send(words), 0);
  Restore();
  StartHub();

  ASSERT_TRUE(Soon([&] { return AtHubByNumber(since->accession_number()).ok(); }));
  ASSERT_TRUE(Soon([&] {
    const auto order = AtHubByNumber(canceled->accession_number());
    return order.ok() && order->state() == orders::v1::ORDER_STATE_CANCELLED;
  }));
  EXPECT_EQ(OrdersAtHub(), 3);
  ASSERT_TRUE(Soon([&] { return Status().spooled_objects() == 0; })) << Status().DebugString();
  EXPECT_TRUE(Soon([&] { return IsMatched(words.study_uid); }));

  // Both ids that the HIS may know name the one order, which has a new id at the hub.
  ASSERT_TRUE(Soon([&] {
    return AtGatewayById(since->id())->id() ==
           AtHubByNumber(since->accession_number())->id();
  }));
  EXPECT_EQ(AtGatewayById(forgotten_id)->id(), AtGatewayById(since->id())->id());
  EXPECT_EQ(AtGatewayById(canceled->id())->state(), orders::v1::ORDER_STATE_CANCELLED);
  EXPECT_EQ(Worklist().size(), 1u);  // o1; o2 has its image, o3 is cancelled.
  bool said = false;
  const v1::EdgeStatus status = Status();
  for (const std::string& alarm : status.alarms()) {
    said |= alarm.find("restored from a backup") != std::string::npos;
    EXPECT_EQ(alarm.find("refused"), std::string::npos) << alarm;
  }
  EXPECT_TRUE(said) << status.DebugString();
}

TEST_F(ForgetfulHub, RestoredFromABackupMayPublishOtherWordsUnderAKnownVersion) {
  StopHub();
  Backup();
  StartHub();
  AwaitDelivered();
  const exchange::v1::Result lost = Publish("77", "lost words");
  ASSERT_TRUE(Soon([&] { return FindingsHere(lost.id()) == "lost words"; }));
  StopHub();
  Restore();
  StartHub();
  AwaitDelivered();
  const exchange::v1::Result again = Publish("77", "other words");
  EXPECT_TRUE(Soon([&] { return FindingsHere(again.id()) == "other words"; }));
}

TEST_F(ForgetfulHub, WhoseFeedHasLostWhatWasMissedIsAskedForTheCurrentResults) {
  const exchange::v1::Result seen = Publish("1", "seen");
  ASSERT_TRUE(Soon([&] { return FindingsHere(seen.id()) == "seen"; }));
  StopGateway();
  const exchange::v1::Result missed = Publish("2", "missed");
  const exchange::v1::Result missed_too = Publish("3", "missed too");
  StopHub();
  {
    const auto database = store::Database::Open(
        {.url = "sqlite:" + folder_ + "/hub/db/exchange.db", .name = "exchange"}, clock_);
    ASSERT_TRUE(database.ok()) << database.status();
    const auto trimmed =
        (*database)->feed().Trim("exchange", clock_.Now() + absl::Hours(1), 1000);
    ASSERT_TRUE(trimmed.ok()) << trimmed.status();
    ASSERT_GE(*trimmed, 3);
  }
  StartHub();
  StartGateway();
  EXPECT_TRUE(Soon([&] { return FindingsHere(missed.id()) == "missed"; }));
  EXPECT_TRUE(Soon([&] { return FindingsHere(missed_too.id()) == "missed too"; }));
  // And goes on with the feed.
  const exchange::v1::Result after = Publish("4", "after");
  EXPECT_TRUE(Soon([&] { return FindingsHere(after.id()) == "after"; }));
}

}  // namespace
}  // namespace tongjian::edge
