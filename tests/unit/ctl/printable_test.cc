#include "services/tongjian/printable.h"

#include <gtest/gtest.h>

#include "services/tongjian/ctl_print.h"
#include "tongjian/registry/v1/facility.pb.h"

namespace tongjian::program {
namespace {

TEST(Printable, LeavesWritingAlone) {
  EXPECT_EQ("张三 Zhang\nℓ 𠮷", Printable("张三 Zhang\nℓ 𠮷"));
}

TEST(Printable, SpellsOutWhatSteersATerminal) {
  EXPECT_EQ("\\x1b[2Jx\\x07\\x0d\\x7f", Printable("\x1b[2Jx\x07\r\x7f"));
  EXPECT_EQ("\\x9b31m", Printable("\xc2\x9b"
                                  "31m"));
  EXPECT_EQ("\\x00", Printable(std::string_view("\0", 1)));
  EXPECT_EQ("a b", Printable("a\tb"));
}

TEST(Printable, SpellsOutWhatTurnsText) {
  EXPECT_EQ("a\\u{202e}b\\u{2066}\\u{200f}", Printable("a\xe2\x80\xae"
                                                       "b\xe2\x81\xa6\xe2\x80\x8f"));
}

TEST(Printable, SpellsOutBytesThatAreNoText) {
  EXPECT_EQ("\\xff\\xc3(", Printable("\xff\xc3("));
  EXPECT_EQ("\\xe5\\xbc", Printable("\xe5\xbc"));
}

TEST(Printable, HoldsForAllThatIsShown) {
  registry::v1::ListFacilitiesResponse list;
  list.add_facilities()->set_name(
      "\x1b]0;owned\x07\xe2\x80\xae"
      "x");
  for (const std::string& shown : {AsText(list), AsTable(list, "facilities", {"name"}),
                                   AsJson(list, false), AsJson(list, true)}) {
    EXPECT_EQ(std::string::npos, shown.find('\x1b')) << shown;
    EXPECT_EQ(std::string::npos, shown.find('\x07')) << shown;
    EXPECT_EQ(std::string::npos, shown.find("\xe2\x80\xae")) << shown;
  }
}

TEST(EscapeForJson, KeepsTheMeaning) {
  EXPECT_EQ("{\"a\": \"\\u2066\\u009b\"}\n", EscapeForJson("{\"a\": \"\xe2\x81\xa6\xc2\x9b\"}\n"));
}

}  // namespace
}  // namespace tongjian::program
