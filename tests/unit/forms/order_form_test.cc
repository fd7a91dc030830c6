// The form of an order, as hub and gateway check it.
#include "common/forms/order_form.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace tongjian::forms {
namespace {

orders::v1::Order Plain() {
  orders::v1::Order order;
  order.set_ordering_facility_id("fac-tangxi");
  order.mutable_patient()->set_name("张三");
  order.add_items()->set_name("胸部正位");
  return order;
}

std::string FieldAtFault(const orders::v1::Order& order) {
  const absl::Status values = CheckOrderValues(order);
  return base::DetailOf(values.ok() ? CheckOrderLimits(order) : values).field;
}

TEST(OrderForm, TakesAPlainOrder) { EXPECT_EQ(FieldAtFault(Plain()), ""); }

TEST(OrderForm, NamesTheFieldThatIsAtFault) {
  const auto with = [](const auto& change) {
    orders::v1::Order order = Plain();
    change(order);
    return FieldAtFault(order);
  };
  using orders::v1::Order;
  EXPECT_EQ(with([](Order& o) { o.mutable_patient()->set_birth_date("1980-13-01"); }),
            "order.patient.birth_date");
  EXPECT_EQ(with([](Order& o) { o.mutable_patient()->set_birth_date("0001-01-01"); }),
            "order.patient.birth_date");
  EXPECT_EQ(with([](Order& o) { o.mutable_patient()->add_identifiers()->set_value("1"); }),
            "order.patient.identifiers.type");
  EXPECT_EQ(with([](Order& o) { o.set_discipline(static_cast<common::v1::Discipline>(99)); }),
            "order.discipline");
  EXPECT_EQ(with([](Order& o) { o.mutable_items(0)->set_price_fen(-1); }), "order.items.price_fen");
  EXPECT_EQ(with([](Order& o) { o.mutable_recognition()->set_reason_code("123456789"); }),
            "order.recognition.reason_code");
  EXPECT_EQ(with([](Order& o) { o.mutable_scheduled_time()->set_seconds(int64_t{1} << 50); }),
            "order.scheduled_time");
  EXPECT_EQ(with([](Order& o) { o.set_encounter(std::string(65, 'x')); }), "order.encounter");
}

TEST(OrderForm, CountsCharactersNotBytes) {
  orders::v1::Order order = Plain();
  std::string name;
  for (int i = 0; i < 128; ++i) name += "张";
  order.mutable_patient()->set_name(name);
  EXPECT_EQ(FieldAtFault(order), "");
  order.mutable_patient()->set_name(name + "张");
  EXPECT_EQ(FieldAtFault(order), "order.patient.name");
}

TEST(OrderForm, ACancelNeedsNoReasonButTakesNoLongOne) {
  EXPECT_TRUE(CheckCancelReason("reason", "").ok());
  EXPECT_TRUE(CheckCancelReason("reason", std::string(1000, 'x')).ok());
  EXPECT_EQ(base::DetailOf(CheckCancelReason("reason", std::string(1001, 'x'))).field, "reason");
}

TEST(OrderForm, ItemsOfSeveralDisciplinesBelongIntoSeveralOrders) {
  common::v1::Discipline discipline = common::v1::DISCIPLINE_UNSPECIFIED;
  ASSERT_TRUE(SettleDiscipline({{.modality = "ECG"}}, &discipline).ok());
  EXPECT_EQ(discipline, common::v1::DISCIPLINE_ECG);
  EXPECT_FALSE(SettleDiscipline({{.catalog = common::v1::DISCIPLINE_IMAGING}}, &discipline).ok());
  EXPECT_TRUE(SettleDiscipline({{.modality = "DX"}}, &discipline).ok());
  EXPECT_EQ(discipline, common::v1::DISCIPLINE_ECG);  // Nobody knows better than who wrote it.
}

}  // namespace
}  // namespace tongjian::forms
