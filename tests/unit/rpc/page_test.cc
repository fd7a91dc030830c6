// Page tokens belong to one list with its filters.
#include "common/rpc/page.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tongjian/registry/v1/practitioner.pb.h"

namespace tongjian::rpc {
namespace {

registry::v1::ListDevicesRequest Request(const std::string& facility) {
  registry::v1::ListDevicesRequest request;
  request.set_facility_id(facility);
  return request;
}

TEST(Page, KeepsSizesWithinLimits) {
  registry::v1::ListDevicesRequest request = Request("f1");
  EXPECT_EQ(Page::Of(request)->size(), 100);
  request.set_page_size(7);
  EXPECT_EQ(Page::Of(request)->size(), 7);
  request.set_page_size(100'000);
  EXPECT_EQ(Page::Of(request)->size(), 500);
  request.set_page_size(-1);
  EXPECT_EQ(base::DetailOf(Page::Of(request).status()).field, "page_size");
}

TEST(Page, GivesBackThePositionOfItsToken) {
  registry::v1::ListDevicesRequest request = Request("f1");
  const std::string position("a\0b\xff", 4);
  request.set_page_token(Page::Of(request)->TokenAfter(position));
  EXPECT_EQ(Page::Of(request)->after(), position);
  request.set_page_size(3);  // The size may change from page to page.
  EXPECT_EQ(Page::Of(request)->after(), position);
}

TEST(Page, RefusesTheTokenOfOtherFiltersOrAnotherList) {
  const std::string token = Page::Of(Request("f1"))->TokenAfter("17");
  registry::v1::ListDevicesRequest other_filter = Request("f2");
  other_filter.set_page_token(token);
  EXPECT_EQ(base::DetailOf(Page::Of(other_filter).status()).reason, "INVALID_PAGE_TOKEN");

  registry::v1::ListAccountsRequest other_list;
  other_list.set_facility_id("f1");
  other_list.set_page_token(token);
  EXPECT_EQ(base::DetailOf(Page::Of(other_list).status()).reason, "INVALID_PAGE_TOKEN");
}

TEST(Page, RefusesADamagedToken) {
  registry::v1::ListDevicesRequest request = Request("f1");
  for (const std::string& token : {std::string("x"), std::string("!!!"), std::string(5000, 'A')}) {
    request.set_page_token(token);
    EXPECT_EQ(base::DetailOf(Page::Of(request).status()).reason, "INVALID_PAGE_TOKEN")
        << token.substr(0, 10);
  }
}

}  // namespace
}  // namespace tongjian::rpc
