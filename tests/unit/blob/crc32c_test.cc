#include "common/blob/crc32c.h"

#include <string>

#include "gtest/gtest.h"

namespace tongjian::blob {
namespace {

TEST(Crc32c, AgreesWithTheExamplesOfRfc3720) {
  EXPECT_EQ(ExtendCrc32c(0, "123456789"), 0xE3069283u);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\xFF')), 0x62A8AB43u);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<char>(i));
  EXPECT_EQ(ExtendCrc32c(0, rising), 0x46DD794Eu);
}

TEST(Crc32c, IsTheSameInPieces) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const uint32_t first = ExtendCrc32c(0, std::string_view(text).substr(0, cut));
    EXPECT_EQ(ExtendCrc32c(first, std::string_view(text).substr(cut)), ExtendCrc32c(0, text));
  }
}

}  // namespace
}  // namespace tongjian::blob
