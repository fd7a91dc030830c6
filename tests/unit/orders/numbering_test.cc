// Accession numbers and pre-assigned UIDs.
#include "services/orders/numbering.h"

#include <gtest/gtest.h>

#include "common/dicom/uid.h"

namespace tongjian::orders {
namespace {

TEST(AccessionNumbers, FitDicomsShortStringForEveryAuthority) {
  for (const char* authority : {"a", "jinhua", "abcdefghijkl"}) {
    const std::string number = FormatAccession(AccessionPrefix(authority), kAccessionNumberMax);
    EXPECT_LE(number.size(), kAccessionCharactersMax) << number;
    EXPECT_TRUE(ValidAccession(number));
  }
  EXPECT_EQ(FormatAccession("JINHUA", 42), "JINHUA000000042");
}

TEST(AccessionNumbers, AreReadBackOnlyWithTheirPrefixAndWidth) {
  EXPECT_EQ(ParseAccession("JINHUA", "JINHUA000000042"), 42);
  EXPECT_FALSE(ParseAccession("JINHUA", "YIWU00000000042").has_value());
  EXPECT_FALSE(ParseAccession("JINHUA", "JINHUA42").has_value());
  EXPECT_FALSE(ParseAccession("JINHUA", "JINHUA00000004X").has_value());
}

TEST(AccessionNumbers, OfDevicesMustBeFitToKeep) {
  EXPECT_TRUE(ValidAccession("17"));
  EXPECT_FALSE(ValidAccession(""));
  EXPECT_FALSE(ValidAccession("12345678901234567"));
  EXPECT_FALSE(ValidAccession("1\\2"));
  EXPECT_FALSE(ValidAccession(" 1"));
  EXPECT_FALSE(ValidAccession("号"));
}

TEST(BlockSizes, HaveADefaultAndALimit) {
  EXPECT_EQ(*CheckBlockSize(0), kBlockSizeDefault);
  EXPECT_EQ(*CheckBlockSize(7), 7);
  EXPECT_EQ(CheckBlockSize(10'001).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckBlockSize(-1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(StudyUids, AreValidUnderEitherRoot) {
  EXPECT_TRUE(NewStudyUid("").starts_with("2.25."));
  const std::string uid = NewStudyUid("1.2.156.112605.123456");
  EXPECT_TRUE(uid.starts_with("1.2.156.112605.123456."));
  EXPECT_TRUE(dicom::ValidUid(uid));
  EXPECT_NE(uid, NewStudyUid("1.2.156.112605.123456"));
  EXPECT_TRUE(CheckUidRoot("").ok());
  EXPECT_TRUE(CheckUidRoot("1.2.156.112605.123456").ok());
  EXPECT_FALSE(CheckUidRoot("1.2.156.112605.123456789.1").ok());
  EXPECT_FALSE(CheckUidRoot("hub").ok());
}

}  // namespace
}  // namespace tongjian::orders
