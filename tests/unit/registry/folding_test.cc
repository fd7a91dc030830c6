#include "services/registry/folding.h"

#include <gtest/gtest.h>

namespace tongjian::registry {
namespace {

TEST(FoldName, DropsWidthCaseAndSpaces) {
  EXPECT_EQ(FoldName("张 三"), "张三");
  EXPECT_EQ(FoldName("张\u3000三"), "张三");
  EXPECT_EQ(FoldName("ＺＨＡＮＧ\u3000Ｓａｎ"), "zhangsan");
  EXPECT_EQ(FoldName("ZHANG^SAN"), "zhangsan");
  EXPECT_EQ(FoldName("Müller"), FoldName("MÜLLER"));
  EXPECT_EQ(FoldName("\u200b张三\ufeff"), "张三");
}

TEST(FoldName, TakesEveryMiddleDotForOne) {
  EXPECT_EQ(FoldName("买买提·艾力"), "买买提艾力");
  EXPECT_EQ(FoldName("买买提・艾力"), "买买提艾力");
  EXPECT_EQ(FoldName("买买提•艾力"), "买买提艾力");
}

TEST(FoldName, KeepsRareCharactersAndWhatIsNoText) {
  EXPECT_EQ(FoldName("𠮷田"), "𠮷田");
  EXPECT_EQ(FoldName("a\xff\xfe z"), "a\xff\xfez");
  EXPECT_EQ(FoldName("\xe5\xbc"), "\xe5\xbc");  // A character cut in half.
}

TEST(IsLatin, TellsScriptsApart) {
  EXPECT_TRUE(IsLatin("zhangsan"));
  EXPECT_TRUE(IsLatin(""));
  EXPECT_TRUE(IsLatin("müller"));
  EXPECT_FALSE(IsLatin("张三"));
  EXPECT_FALSE(IsLatin("zhang三"));
}

TEST(NameKey, OfAPrefixIsAPrefix) {
  EXPECT_EQ(NameKey("张三").substr(0, 6), NameKey("张"));
  EXPECT_LT(NameKey("张三"), NameKey("张") + "g");
  EXPECT_LT(NameKey("张"), NameKey("张三"));
}

}  // namespace
}  // namespace tongjian::registry
