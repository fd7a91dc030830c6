// Orders as plain values.
#include "services/orders/order.h"

#include <gtest/gtest.h>

#include "tests/unit/orders/sample_facts.h"

namespace tongjian::orders {
namespace {

Order TwoItems() {
  Order order = ChestOrder();
  order.items[0].study_instance_uid = "2.25.1";
  order.items.push_back(
      {.id = "2", .name = "腹部CT", .modality = "CT", .study_instance_uid = "2.25.2"});
  return order;
}

TEST(Studies, AnswerTheItemTheirUidWasGivenOutFor) {
  Order order = TwoItems();
  EXPECT_TRUE(AttachStudy(order, "2.25.2", {"DX"}));
  EXPECT_TRUE(order.items[0].study_instance_uids.empty());
  EXPECT_EQ(order.items[1].study_instance_uids, std::vector<std::string>{"2.25.2"});
  EXPECT_FALSE(AttachStudy(order, "2.25.2", {"DX"}));
}

TEST(Studies, OfADevicesOwnUidAnswerTheItemsOfTheirModality) {
  Order order = TwoItems();
  EXPECT_TRUE(AttachStudy(order, "1.2.3", {"CT"}));
  EXPECT_TRUE(order.items[0].study_instance_uids.empty());
  EXPECT_EQ(order.items[1].study_instance_uids, std::vector<std::string>{"1.2.3"});
}

TEST(Studies, OfOneScanAnswerSeveralItems) {
  Order order = TwoItems();
  order.items[0].modality = "CT";
  EXPECT_TRUE(AttachStudy(order, "1.2.3", {"CT"}));
  EXPECT_EQ(order.items[0].study_instance_uids, order.items[1].study_instance_uids);
}

TEST(Studies, OfAnUnexpectedModalityAreNotLost) {
  Order order = TwoItems();
  EXPECT_TRUE(AttachStudy(order, "1.2.3", {"US"}));
  EXPECT_TRUE(Names(order, "1.2.3"));
}

TEST(Reports, CoverTheItemsThatHaveEvidence) {
  Order order = TwoItems();
  AttachStudy(order, "2.25.1", {"DX"});
  EXPECT_TRUE(AttachReport(order, "report"));
  EXPECT_FALSE(AttachReport(order, "report"));
  EXPECT_EQ(order.items[0].report_ids, std::vector<std::string>{"report"});
  EXPECT_TRUE(order.items[1].report_ids.empty());
}

TEST(Audience, IsEveryoneConcernedOnce) {
  Order order = ChestOrder();
  order.recording_facility_id = "town-b";
  order.routing.performing_facility_id = "county";
  EXPECT_EQ(Audience(order), (std::vector<std::string>{"county", "town-a", "town-b"}));
}

TEST(CheckOrder, NamesTheFieldAndNotItsContent) {
  Order order = ChestOrder();
  EXPECT_TRUE(CheckOrder(order).ok());
  order.patient.name = std::string(500, 'x');
  const absl::Status status = CheckOrder(order);
  EXPECT_EQ(base::DetailOf(status).field, "order.patient.name");
  EXPECT_EQ(status.message().find("xxx"), std::string::npos);
}

TEST(CheckOrder, CountsCharactersNotBytes) {
  Order order = ChestOrder();
  order.patient.name.clear();
  for (int i = 0; i < 128; ++i) order.patient.name += "王";
  EXPECT_TRUE(CheckOrder(order).ok());
}

TEST(CheckOrder, WantsOneToTwentyItems) {
  Order order = ChestOrder();
  order.items.clear();
  EXPECT_EQ(base::DetailOf(CheckOrder(order)).field, "order.items");
  order.items.assign(21, {.name = "x"});
  EXPECT_EQ(base::DetailOf(CheckOrder(order)).field, "order.items");
}

TEST(CheckOrder, WantsARealBirthDate) {
  Order order = ChestOrder();
  order.patient.birth_date = "1960-02-30";
  EXPECT_EQ(base::DetailOf(CheckOrder(order)).field, "order.patient.birth_date");
}

}  // namespace
}  // namespace tongjian::orders
