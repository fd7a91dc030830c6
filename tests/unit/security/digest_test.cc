#include "common/security/digest.h"

#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

// FIPS 180-4's example.
constexpr char kAbc[] = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digests, NameTheirAlgorithm) { EXPECT_EQ(kAbc, Sha256Text("abc")); }

TEST(Digests, AreTheSameInPiecesAndAgainAfterwards) {
  Sha256 hash;
  hash.Update("a");
  hash.Update("");
  hash.Update("bc");
  EXPECT_EQ(kAbc, hash.FinishText());
  hash.Update("abc");
  EXPECT_EQ(kAbc, hash.FinishText());
}

TEST(Digests, AreReadBackToTheirBytes) { EXPECT_EQ(Sha256Bytes("abc"), *ParseDigest(kAbc)); }

TEST(Digests, OfOtherFormsAreRefused) {
  const std::string hex = std::string(kAbc).substr(7);
  for (const std::string& text :
       {hex, "sm3:" + hex, "sha256:" + hex.substr(1), "sha256:" + hex + "0",
        "sha256:G" + hex.substr(1), "sha256:B" + hex.substr(1), std::string()}) {
    EXPECT_CODE(kInvalidArgument, ParseDigest(text)) << text;
  }
}

// RFC 3720 B.4 and the check value of the CRC catalogue.
TEST(Crc32c, HasTheStandardsValues) {
  EXPECT_EQ(0xE3069283u, Crc32c("123456789"));
  EXPECT_EQ(0x8A9136AAu, Crc32c(std::string(32, '\0')));
  EXPECT_EQ(0x62A8AB43u, Crc32c(std::string(32, '\xff')));
  EXPECT_EQ(0u, Crc32c(""));
}

TEST(Crc32c, ContinuesWhereItStopped) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Crc32c(text), Crc32c(text.substr(cut), Crc32c(text.substr(0, cut)))) << cut;
  }
}

TEST(Comparison, TellsEqualFromDifferent) {
  EXPECT_TRUE(EqualInConstantTime("same", "same"));
  EXPECT_FALSE(EqualInConstantTime("same", "sama"));
  EXPECT_FALSE(EqualInConstantTime("same", "sam"));
  EXPECT_TRUE(EqualInConstantTime("", ""));
}

}  // namespace
}  // namespace tongjian::security
