#include "common/config/toml.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Toml, ReadsSectionsKeysAndValues) {
  const auto items = ParseToml(
      "\xEF\xBB\xBF# a comment\r\n"
      "name = \"通检 # not a comment\" # a comment\n"
      "\n[ imaging . store ]\n"
      "a-b = -12\nc.d = true\n"
      "e = 'C:\\raw'\n"
      "f = [ \"x, y\", # one\n  'z',\n 3,\n]\n"
      "g = []\n");
  ASSERT_TRUE(items.ok()) << items.status();
  ASSERT_EQ(items->size(), 6u);
  EXPECT_EQ((*items)[0].name, "name");
  EXPECT_THAT((*items)[0].values, ElementsAre("通检 # not a comment"));
  EXPECT_EQ((*items)[1].name, "imaging.store.a-b");
  EXPECT_THAT((*items)[1].values, ElementsAre("-12"));
  EXPECT_EQ((*items)[1].line, 5);
  EXPECT_EQ((*items)[2].name, "imaging.store.c.d");
  EXPECT_THAT((*items)[2].values, ElementsAre("true"));
  EXPECT_THAT((*items)[3].values, ElementsAre("C:\\raw"));
  EXPECT_TRUE((*items)[4].is_list);
  EXPECT_THAT((*items)[4].values, ElementsAre("x, y", "z", "3"));
  EXPECT_EQ((*items)[5].line, 12);
  EXPECT_THAT((*items)[5].values, ElementsAre());
}

TEST(Toml, DecodesEscapes) {
  const auto items = ParseToml(R"(a = "\t\"\\\n\u68c0\U0001F642")");
  ASSERT_TRUE(items.ok()) << items.status();
  EXPECT_EQ((*items)[0].values[0], "\t\"\\\n检🙂");
}

TEST(Toml, RefusesWhatItWouldReadWronglyAndNamesTheLine) {
  for (const char* text : {"x",
                           "x =",
                           "x = word",
                           "x = 1.5",
                           "x = 2020-01-01",
                           "x = 0123",
                           "x = \"a",
                           "x = 'a\nb'",
                           "x = \"\\q\"",
                           "x = \"\\ud800\"",
                           "x = \"\"\"a\"\"\"",
                           "x = [1",
                           "x = [1 2]",
                           "x = [[1]]",
                           "x = 1 y = 2",
                           "[a",
                           "[[a]]",
                           "[a]\n[a]",
                           "= 1",
                           "a b = 1",
                           "x = 1\nx = 2",
                           "a.b = 1\n[a]\nb = 2",
                           "x = { a = 1 }",
                           "\"x\" = 1",
                           "x = \"\x01\""}) {
    const std::string spaced = std::string("\n\n") + text;
    const auto items = ParseToml(spaced);
    ASSERT_FALSE(items.ok()) << text;
    EXPECT_THAT(std::string(items.status().message()), testing::ContainsRegex("^line [3-5]: "))
        << text;
  }
}

TEST(Toml, NeverRepeatsAValue) {
  EXPECT_THAT(std::string(ParseToml("password = hunter2").status().message()),
              testing::Not(HasSubstr("hunter2")));
}

TEST(Toml, ReadsWhatItWrites) {
  const std::string text = "a\"b\\c\n\x7F检";
  const auto items = ParseToml("x = " + TomlString(text));
  ASSERT_TRUE(items.ok()) << items.status();
  EXPECT_EQ((*items)[0].values[0], text);
}

TEST(Toml, SurvivesEveryPrefixOfAFile) {
  const std::string text = "[a]\nb = [\"\\u68c0\", 'x', 1]\nc = \"\\n\"\n";
  for (size_t size = 0; size <= text.size(); ++size) {
    (void)ParseToml(std::string_view(text).substr(0, size));
  }
  EXPECT_TRUE(ParseToml(text).ok());
}

}  // namespace
}  // namespace tongjian::config
