#include "tests/wire/orders/orders_rig.h"

#include <stdlib.h>

#include <filesystem>

#include "common/base/check.h"
#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "common/runtime/runtime.h"
#include "common/security/token.h"
#include "services/orders/module.h"
#include "tongjian/events/v1/feed.grpc.pb.h"

namespace tongjian::orders {
namespace {

// A service with a feed and nothing else.
class Publisher final : public runtime::Module {
 public:
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop() override {}
};

runtime::ModuleEntry PublisherModule(const std::string& name,
                                     std::map<std::string, store::Database*>& publishers) {
  return {.name = name,
          .needs = {},
          .describe = [](config::Settings&) {},
          .create = [name, &publishers](runtime::Runtime& runtime)
              -> absl::StatusOr<std::unique_ptr<runtime::Module>> {
            TJ_ASSIGN_OR_RETURN(publishers[name], runtime.OpenDatabase(name, {}));
            return std::make_unique<Publisher>();
          }};
}

}  // namespace

void OrdersRig::SetUp() {
  char name[] = "/tmp/tongjian-orders-XXXXXX";
  directory_ = mkdtemp(name);
  StartProcess();
}

void OrdersRig::StartProcess() {
  runtime::ProcessOptions options;
  options.state = directory_;
  options.authority = "jinhua";
  options.listen = "";
  options.dicom_port = 0;
  options.admin_port = -1;
  options.log_level = "error";
  options.grace = absl::Seconds(5);
  std::vector<runtime::ModuleEntry> table = {OrdersModule()};
  for (const char* feed : {"registry", "imaging", "reading", "exchange"}) {
    table.push_back(PublisherModule(feed, publishers_));
  }
  auto opened = runtime::Process::Open(options, "hub", table, clock_);
  ASSERT_THAT(opened.status(), IsOk());
  process_ = *std::move(opened);
  ASSERT_THAT(process_->Start(), IsOk());
}

void OrdersRig::StopProcess() {
  process_->Stop();
  process_.reset();
}

void OrdersRig::TearDown() {
  if (process_ != nullptr) StopProcess();
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

void OrdersRig::Publish(const std::string& feed, const std::string& key,
                        const google::protobuf::Message& change) {
  ASSERT_THAT(publishers_[feed]->Write([&](store::Transaction& tx) {
    tx.Emit(feed::MakeEvent(feed, key, {}, change));
    return absl::OkStatus();
  }),
              IsOk());
}

void OrdersRig::PublishCounty() {
  for (const char* id : {"county", "town-a"}) {
    events::v1::FacilityChanged facility;
    facility.mutable_facility()->set_id(id);
    facility.mutable_facility()->set_name(std::string(id) == "county" ? "金东区人民医院"
                                                                      : "孝顺镇卫生院");
    Publish("registry", id, facility);
    events::v1::MembershipChanged membership;
    membership.mutable_membership()->set_id(std::string("m-") + id);
    membership.mutable_membership()->set_community_id("community");
    membership.mutable_membership()->set_facility_id(id);
    auto* period = membership.mutable_membership()->add_periods();
    period->set_state(registry::v1::MEMBERSHIP_STATE_ACTIVE);
    *period->mutable_from() =
        rpc::ToProto(absl::FromCivil(absl::CivilDay(2026, 1, 1), absl::UTCTimeZone()));
    Publish("registry", membership.membership().id(), membership);
  }
  events::v1::ItemChanged item;
  item.mutable_item()->set_id("dx-chest");
  item.mutable_item()->set_name("胸部正位");
  item.mutable_item()->set_discipline(common::v1::DISCIPLINE_IMAGING);
  item.mutable_item()->set_modality("DX");
  Publish("registry", "dx-chest", item);
  events::v1::DeviceChanged device;
  device.mutable_device()->set_id("dr");
  device.mutable_device()->set_facility_id("town-a");
  device.mutable_device()->set_ae_title("DR1");
  device.mutable_device()->set_address("127.0.0.1");
  device.mutable_device()->set_charset("GB18030");
  device.mutable_device()->set_active(true);
  Publish("registry", "dr", device);
  events::v1::CenterChanged center;
  center.mutable_center()->set_id("county-imaging");
  center.mutable_center()->set_discipline(common::v1::DISCIPLINE_IMAGING);
  center.mutable_center()->set_host_facility_id("county");
  center.mutable_center()->add_community_ids("community");
  center.mutable_center()->set_active(true);
  Publish("registry", "county-imaging", center);
}

v1::Order OrdersRig::Await(const std::function<bool(const events::v1::OrderChanged&)>& wanted) {
  const auto identity = rpc::OutgoingIdentity::Service(process_->runtime().principals(), "reading");
  const absl::Time give_up = clock_.Now() + absl::Seconds(60);
  while (clock_.Now() < give_up) {
    events::v1::PullFeedRequest request;
    request.set_feed("orders");
    request.set_cursor(cursor_);
    request.set_page_size(1);
    *request.mutable_wait() = rpc::ToProto(absl::Seconds(10));
    events::v1::PullFeedResponse page;
    rpc::ClientCall call(identity, {.timeout = absl::Seconds(30)});
    const auto stub =
        events::v1::FeedService::NewStub(process_->runtime().host().InProcessChannel());
    EXPECT_THAT(call.Result(stub->PullFeed(call.context(), request, &page)), IsOk());
    cursor_ = page.next_cursor();
    if (page.events().empty()) continue;
    const auto changed = feed::As<events::v1::OrderChanged>(page.events(0));
    if (changed && wanted(*changed)) return changed->order();
  }
  ADD_FAILURE() << "no such change within a minute";
  return {};
}

v1::Order OrdersRig::AwaitState(const std::string& id, v1::OrderState state) {
  return Await([&](const auto& changed) {
    return changed.order().id() == id && changed.order().state() == state;
  });
}

rpc::OutgoingIdentity OrdersRig::As(const std::string& facility, const std::string& role) {
  const auto token = process_->runtime().token_issuer().Issue(
      {.user_id = "user-" + role, .facility_id = facility, .roles = {role}}, absl::Hours(1));
  TJ_CHECK(token.ok());
  return rpc::OutgoingIdentity::Person(*token);
}

v1::CreateOrderRequest OrdersRig::ChestOrder(const std::string& request_id) {
  v1::CreateOrderRequest request;
  request.set_request_id(request_id);
  v1::Order* order = request.mutable_order();
  order->set_ordering_facility_id("town-a");
  order->mutable_patient()->set_facility_patient_id("P1");
  order->mutable_patient()->set_name("王小明");
  order->mutable_patient()->set_name_latin("WANG XIAOMING");
  order->set_placer_order_number("HIS-1");
  order->add_items()->set_item_id("dx-chest");
  order->mutable_items(0)->set_modality("DX");
  return request;
}

v1::Order OrdersRig::Created() {
  v1::Order order;
  EXPECT_THAT(Call(&v1::OrderService::Stub::CreateOrder, As("town-a", "clinic_doctor"),
                   ChestOrder("create"), &order),
              IsOk());
  if (!order.routing().center_id().empty()) return order;
  return Await([&](const auto& changed) {
    return changed.order().id() == order.id() && !changed.order().routing().center_id().empty();
  });
}

}  // namespace tongjian::orders
