#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/tongjian/ctl_fill.h"
#include "tongjian/audit/v1/audit.pb.h"
#include "tongjian/events/v1/feed.pb.h"
#include "tongjian/registry/v1/facility.pb.h"

namespace tongjian::program {
namespace {

TEST(SetField, SetsNestedFieldsWithDashesForUnderscores) {
  registry::v1::CreateFacilityRequest request;
  ASSERT_TRUE(SetField(request, "facility.parent-facility-id", "f0").ok());
  ASSERT_TRUE(SetField(request, "facility.mobile", "true").ok());
  EXPECT_EQ("f0", request.facility().parent_facility_id());
  EXPECT_TRUE(request.facility().mobile());
}

TEST(SetField, TakesEnumsWithAndWithoutPrefix) {
  registry::v1::Facility facility;
  for (const char* value :
       {"township", "TOWNSHIP", "FACILITY_LEVEL_TOWNSHIP", "facility-level-township"}) {
    facility.clear_level();
    ASSERT_TRUE(SetField(facility, "level", value).ok()) << value;
    EXPECT_EQ(registry::v1::FACILITY_LEVEL_TOWNSHIP, facility.level());
  }
  const absl::Status wrong = SetField(facility, "level", "town");
  EXPECT_TRUE(absl::IsInvalidArgument(wrong));
  EXPECT_NE(std::string::npos, wrong.message().find("VILLAGE")) << wrong;
  EXPECT_EQ("level", base::DetailOf(wrong).field);
}

TEST(SetField, AddsToListsAndEntersThemByIndex) {
  registry::v1::Facility facility;
  ASSERT_TRUE(SetField(facility, "names.0.name", "a").ok());
  ASSERT_TRUE(SetField(facility, "names.1.name", "b").ok());
  ASSERT_TRUE(SetField(facility, "names.0.from", "2020-01-01").ok());
  ASSERT_EQ(2, facility.names_size());
  EXPECT_EQ("2020-01-01", facility.names(0).from());
  EXPECT_FALSE(SetField(facility, "names.3.name", "c").ok());
  EXPECT_FALSE(SetField(facility, "names.x.name", "c").ok());
  EXPECT_FALSE(SetField(facility, "names.0", "c").ok());
  EXPECT_FALSE(SetField(facility, "names", "c").ok());
}

TEST(SetField, ReadsTimesAndDurations) {
  audit::v1::ListEntriesRequest list;
  ASSERT_TRUE(SetField(list, "from_time", "2026-11-22T08:00:00+08:00").ok());
  EXPECT_EQ(1795305600, list.from_time().seconds());
  EXPECT_TRUE(SetField(list, "to_time", "now").ok());
  EXPECT_FALSE(SetField(list, "to_time", "yesterday").ok());
  events::v1::PullFeedRequest pull;
  ASSERT_TRUE(SetField(pull, "wait", "1m30s").ok());
  EXPECT_EQ(90, pull.wait().seconds());
  EXPECT_FALSE(SetField(pull, "wait", "soon").ok());
}

TEST(SetField, RefusesNumbersThatAreNone) {
  audit::v1::ListEntriesRequest list;
  EXPECT_TRUE(SetField(list, "page_size", "7").ok());
  EXPECT_FALSE(SetField(list, "page_size", "7x").ok());
  EXPECT_FALSE(SetField(list, "page_size", "99999999999").ok());
  EXPECT_EQ(7, list.page_size());
}

TEST(SetField, NamesWhatThereIsWhenAFieldIsNot) {
  registry::v1::Facility facility;
  const absl::Status status = SetField(facility, "nmae", "x");
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(std::string::npos, status.message().find("kind_code")) << status;
  EXPECT_FALSE(SetField(facility, "name.x", "y").ok());
  EXPECT_FALSE(SetField(facility, "", "y").ok());
}

TEST(MergeJson, AddsToWhatIsThere) {
  registry::v1::Facility facility;
  facility.set_id("f1");
  ASSERT_TRUE(MergeJson(facility, R"({"name": "医院", "level": "FACILITY_LEVEL_CITY"})").ok());
  EXPECT_EQ("f1", facility.id());
  EXPECT_EQ("医院", facility.name());
  EXPECT_TRUE(absl::IsInvalidArgument(MergeJson(facility, "{")));
  EXPECT_TRUE(absl::IsInvalidArgument(MergeJson(facility, R"({"nmae": "x"})")));
  EXPECT_EQ("医院", facility.name());
}

}  // namespace
}  // namespace tongjian::program
