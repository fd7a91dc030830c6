#include "services/edge/order_store.h"

#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "tests/unit/edge/records.h"

namespace tongjian::edge {
namespace {

using orders::v1::Order;

class OrderStore : public RecordsTest {
 protected:
  Order Make(const std::string& id, const std::string& number, int64_t version) {
    Order order;
    order.set_id(id);
    order.set_accession_number(number);
    order.set_version(version);
    order.set_state(orders::v1::ORDER_STATE_SUBMITTED);
    order.set_origin(orders::v1::ORDER_ORIGIN_HIS);
    *order.mutable_create_time() = rpc::ToProto(clock_.Now());
    orders::v1::OrderItem& item = *order.add_items();
    item.set_id("1");
    item.set_modality("DX");
    item.set_study_instance_uid("1.2." + number);
    return order;
  }
  void Insert(const Order& order) {
    Write([&](store::Transaction& tx) { return InsertOrder(tx, order); });
  }
  void Apply(const Order& order) {
    Write([&](store::Transaction& tx) { return ApplyHubOrder(tx, order); });
  }
  std::optional<ClinicOrder> Find(const std::string& id) {
    std::optional<ClinicOrder> found;
    Read([&](store::Session& session) -> absl::Status {
      auto order = FindOrder(session, id);
      if (order.ok()) found = *order;
      return order.status();
    });
    return found;
  }
  size_t Open() {
    size_t open = 0;
    Read([&](store::Session& session) -> absl::Status {
      const auto orders = OpenOrders(session, absl::InfinitePast(), {}, 100);
      open = orders->size();
      return orders.status();
    });
    return open;
  }
};

TEST_F(OrderStore, TheHubsOrderReplacesTheLocalOneAndAnswersToBothIds) {
  Insert(Make("edge-1", "7", 0));
  EXPECT_FALSE(Find("edge-1")->at_hub);
  Apply(Make("hub-1", "7", 1));
  ASSERT_TRUE(Find("edge-1").has_value());
  EXPECT_TRUE(Find("edge-1")->at_hub);
  EXPECT_EQ(Find("edge-1")->order.id(), "hub-1");
  EXPECT_EQ(Find("hub-1")->order.id(), "hub-1");
  EXPECT_EQ(Open(), 1u);
}

TEST_F(OrderStore, AnOlderVersionChangesNothing) {
  Order order = Make("hub-1", "7", 5);
  order.set_state(orders::v1::ORDER_STATE_SIGNED);
  Apply(order);
  Apply(Make("hub-1", "7", 3));
  EXPECT_EQ(Find("hub-1")->order.state(), orders::v1::ORDER_STATE_SIGNED);
}

TEST_F(OrderStore, AfterARestoreOfTheHubItsOlderVersionsCount) {
  Order order = Make("hub-1", "7", 5);
  order.set_state(orders::v1::ORDER_STATE_SIGNED);
  Apply(order);
  Write([](store::Transaction& tx) { return ForgetVersions(tx); });
  Apply(Make("hub-1", "7", 3));
  EXPECT_EQ(Find("hub-1")->order.state(), orders::v1::ORDER_STATE_SUBMITTED);
}

TEST_F(OrderStore, TheSameOrderUnderANewIdOfARestoredHubIsOneAndAnswersToAllItsIds) {
  Insert(Make("edge-1", "7", 0));
  Apply(Make("hub-1", "7", 4));
  Write([](store::Transaction& tx) { return ForgetVersions(tx); });
  Apply(Make("hub-2", "7", 1));
  for (const char* id : {"edge-1", "hub-1", "hub-2"}) {
    ASSERT_TRUE(Find(id).has_value()) << id;
    EXPECT_EQ(Find(id)->order.id(), "hub-2");
  }
  EXPECT_EQ(Open(), 1u);
  Apply(Make("hub-1", "7", 2));  // Restored once more, from an older backup.
  for (const char* id : {"edge-1", "hub-1", "hub-2"}) {
    ASSERT_TRUE(Find(id).has_value()) << id;
    EXPECT_EQ(Find(id)->order.id(), "hub-1");
  }
  EXPECT_EQ(Open(), 1u);
}

TEST_F(OrderStore, ACancelThatAHubForgotHoldsUntilItHasHeardOfIt) {
  Insert(Make("edge-1", "7", 0));
  Order order = Make("hub-1", "7", 4);
  order.set_state(orders::v1::ORDER_STATE_CANCELLED);
  Apply(order);
  Write([](store::Transaction& tx) -> absl::Status {
    TJ_TRY(ForgetVersions(tx));
    return KeepCanceled(tx, "edge-1").status();
  });
  Apply(Make("hub-2", "7", 1));
  EXPECT_EQ(Find("edge-1")->order.state(), orders::v1::ORDER_STATE_CANCELLED);
  EXPECT_EQ(Open(), 0u);
}

TEST_F(OrderStore, ACanceledOrderStaysOffTheWorklistUntilTheHubHasSpoken) {
  ClinicOrder clinic{.order = Make("edge-1", "7", 0), .canceling = true};
  clinic.order.set_state(orders::v1::ORDER_STATE_CANCELLED);
  Write([&](store::Transaction& tx) { return UpdateLocal(tx, clinic); });
  EXPECT_EQ(Open(), 0u);
  Apply(Make("hub-1", "7", 1));  // The hub does not know of the cancel yet.
  EXPECT_EQ(Open(), 0u);
  EXPECT_EQ(Find("edge-1")->order.state(), orders::v1::ORDER_STATE_CANCELLED);
  Write([&](store::Transaction& tx) { return ForgetCancel(tx, "hub-1"); });
  Apply(Make("hub-1", "7", 2));  // It refused.
  EXPECT_EQ(Open(), 1u);
}

TEST_F(OrderStore, PaymentHoldsAnExamUnlessItIsAnEmergency) {
  Order order = Make("edge-1", "7", 0);
  EXPECT_TRUE(OnWorklist(order));
  order.set_payment(orders::v1::PAYMENT_STATE_PENDING);
  EXPECT_FALSE(OnWorklist(order));
  order.set_priority(common::v1::PRIORITY_GREEN_CHANNEL);
  EXPECT_TRUE(OnWorklist(order));
  order.set_state(orders::v1::ORDER_STATE_SIGNED);
  EXPECT_FALSE(OnWorklist(order));
}

TEST_F(OrderStore, AProvisionalOrderOfTheHubTakesNoLocalOnesPlace) {
  Insert(Make("edge-1", "7", 0));
  Order provisional = Make("hub-9", "7", 1);
  provisional.set_origin(orders::v1::ORDER_ORIGIN_DEVICE);
  Apply(provisional);
  EXPECT_EQ(Find("edge-1")->order.id(), "edge-1");
}

}  // namespace
}  // namespace tongjian::edge
