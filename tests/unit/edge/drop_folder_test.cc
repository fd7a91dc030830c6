#include "services/edge/drop_folder.h"

#include "tests/unit/edge/records.h"

namespace tongjian::edge {
namespace {

TEST(DropName, HoldsIdsOnlyAndIsNoPath) {
  exchange::v1::Result result;
  result.set_id("../../etc/passwd");
  exchange::v1::ResultVersion version;
  version.set_number(2);
  EXPECT_EQ(DropName(result, version), "______etc_passwd-v2");
  result.set_id("jinhua-01j8");
  EXPECT_EQ(DropName(result, version), "jinhua-01j8-v2");
}

TEST(ResultText, SaysThatARetractedResultIsNone) {
  exchange::v1::Result result;
  exchange::v1::ResultVersion version;
  version.set_state(exchange::v1::RESULT_STATE_RETRACTED);
  version.set_reason("wrong patient");
  const std::string text = ResultText(result, version);
  EXPECT_EQ(text.find("RETRACTED"), 0u);
  EXPECT_NE(text.find("wrong patient"), std::string::npos);
}

}  // namespace
}  // namespace tongjian::edge
