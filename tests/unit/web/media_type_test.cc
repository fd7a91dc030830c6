#include "common/web/media_type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tongjian::web {
namespace {

TEST(Accept, IsReadAsViewersSpellIt) {
  const auto types =
      ParseAccept({"application/dicom+json, multipart/related; type=application/octet-stream; "
                   "transfer-syntax=*"});
  ASSERT_EQ(types.size(), 2u);
  EXPECT_EQ(types[0].type, "application/dicom+json");
  EXPECT_EQ(types[1].type, "multipart/related");
  EXPECT_EQ(types[1].Parameter("type"), "application/octet-stream");
  EXPECT_EQ(types[1].Parameter("transfer-syntax"), "*");
}

TEST(Accept, KeepsCommasAndSemicolonsWithinQuotes) {
  const auto types = ParseAccept({"a/b; x=\"1,2;3\\\"4\" ; Y=z", "c/d"});
  ASSERT_EQ(types.size(), 2u);
  EXPECT_EQ(types[0].Parameter("x"), "1,2;3\"4");
  EXPECT_EQ(types[0].Parameter("y"), "z");
  EXPECT_EQ(types[1].type, "c/d");
}

TEST(Accept, PutsTheBestFirstAndEquallyGoodOnesInTheirOrder) {
  const auto types = ParseAccept({"a/a;q=0.5, b/b, C/C, d/d;q=0"});
  ASSERT_EQ(types.size(), 4u);
  EXPECT_EQ(types[0].type, "b/b");
  EXPECT_EQ(types[1].type, "c/c");
  EXPECT_EQ(types[2].type, "a/a");
  EXPECT_EQ(types[3].quality, 0);
}

TEST(Accept, OfNonsenseIsNothingAndOfTooMuchIsBounded) {
  EXPECT_TRUE(ParseAccept({"", " , ;x=1,"}).empty());
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "a/b,";
  EXPECT_LE(ParseAccept({many, many}).size(), 64u);
  EXPECT_EQ(ParseAccept({"a/b; x=\"never closed, c/d"}).size(), 1u);
}

TEST(MediaRange, TakesInWhatItSays) {
  EXPECT_TRUE(Covers("*/*", "image/jpeg"));
  EXPECT_TRUE(Covers("image/*", "image/jpeg"));
  EXPECT_TRUE(Covers("image/jpeg", "image/jpeg"));
  EXPECT_FALSE(Covers("image/*", "imagery/x"));
  EXPECT_FALSE(Covers("image/jp2", "image/jpeg"));
}

}  // namespace
}  // namespace tongjian::web
