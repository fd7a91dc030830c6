#include <gtest/gtest.h>

#include "services/tongjian/ctl_print.h"
#include "tongjian/orders/v1/order.pb.h"
#include "tongjian/registry/v1/facility.pb.h"

namespace tongjian::program {
namespace {

TEST(WidthOf, CountsChineseTwice) {
  EXPECT_EQ(5u, WidthOf("abc d"));
  EXPECT_EQ(4u, WidthOf("张三"));
  EXPECT_EQ(2u, WidthOf("（"));
  EXPECT_EQ(2u, WidthOf("𠮷"));
  EXPECT_EQ(1u, WidthOf("é"));
}

TEST(AsTable, AlignsColumnsOfChineseAndLatin) {
  registry::v1::ListFacilitiesResponse list;
  auto* first = list.add_facilities();
  first->set_name("中心医院");
  first->set_id("f1");
  auto* second = list.add_facilities();
  second->set_name("Clinic");
  second->set_id("f2");
  EXPECT_EQ(
      "NAME      ID\n"
      "中心医院  f1\n"
      "Clinic    f2\n",
      AsTable(list, "facilities", {"name", "id"}));
}

TEST(AsTable, KeepsARowOnItsLine) {
  registry::v1::ListFacilitiesResponse list;
  list.add_facilities()->set_name("a\nb");
  EXPECT_EQ("NAME\na b\n", AsTable(list, "facilities", {"name"}));
}

TEST(AsText, ShowsEnumsWithoutPrefixAndIndents) {
  registry::v1::Facility facility;
  facility.set_id("f1");
  facility.set_level(registry::v1::FACILITY_LEVEL_TOWNSHIP);
  facility.add_names()->set_name("one\ntwo");
  EXPECT_EQ(
      "id: f1\n"
      "names:\n"
      "  name: one\n    two\n"
      "level: TOWNSHIP\n",
      AsText(facility));
}

TEST(ValueAt, FollowsPathsThroughLists) {
  registry::v1::Facility facility;
  facility.add_names()->set_name("a");
  facility.add_names()->set_name("b");
  EXPECT_EQ("a,b", ValueAt(facility, "names.name"));
  EXPECT_EQ("", ValueAt(facility, "no_such_field"));
  EXPECT_EQ("no", ValueAt(facility, "mobile"));
}

TEST(AsJson, UsesTheContractsNames) {
  registry::v1::Facility facility;
  facility.set_parent_facility_id("f0");
  EXPECT_EQ("{\"parent_facility_id\":\"f0\"}", AsJson(facility, false));
}

}  // namespace
}  // namespace tongjian::program
