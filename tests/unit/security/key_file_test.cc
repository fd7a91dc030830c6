#include "common/security/key_file.h"

#include <sys/stat.h>

#include <thread>
#include <vector>

#include "tests/unit/security/fixture.h"

namespace tongjian::security {
namespace {

class KeyFiles : public InDirectory {};

TEST_F(KeyFiles, AreReadBackWithTheirMode) {
  const mode_t before = umask(077);
  ASSERT_OK(WriteDurably(Path("secret"), "one", FileMode::kSecret));
  ASSERT_OK(WriteDurably(Path("public"), "two", FileMode::kPublic));
  umask(before);
  EXPECT_EQ(0600, Mode(Path("secret")));
  EXPECT_EQ(0644, Mode(Path("public")));
  EXPECT_EQ("one", *ReadSmallFile(Path("secret"), FileMode::kSecret));
  EXPECT_EQ("two", *ReadSmallFile(Path("public"), FileMode::kPublic));
}

TEST_F(KeyFiles, LeaveNoTemporaryFileBehind) {
  ASSERT_OK(WriteDurably(Path("a"), "1", FileMode::kSecret));
  ASSERT_OK(WriteDurably(Path("a"), "2", FileMode::kSecret));
  EXPECT_CODE(kAlreadyExists, CreateDurably(Path("a"), "3", FileMode::kSecret));
  EXPECT_CODE(kInternal, WriteDurably(Path("no/such/folder"), "4", FileMode::kSecret));
  const std::filesystem::directory_iterator files(directory_);
  EXPECT_EQ(1, std::distance(begin(files), end(files)));
  EXPECT_EQ("2", Content(Path("a")));
}

TEST_F(KeyFiles, ThatManyCreateAtOnceAreCreatedByOne) {
  std::vector<absl::Status> results(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back(
        [&, i] { results[i] = CreateDurably(Path("key"), std::to_string(i), FileMode::kSecret); });
  }
  for (auto& thread : threads) thread.join();
  int winners = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].ok()) continue;
    ++winners;
    EXPECT_EQ(std::to_string(i), Content(Path("key")));
  }
  EXPECT_EQ(1, winners);
}

TEST_F(KeyFiles, AreRefusedWhenOthersMayReadTheSecret) {
  ASSERT_OK(WriteDurably(Path("key"), "hush", FileMode::kSecret));
  for (const mode_t mode : {0640, 0604, 0620, 0666}) {
    ASSERT_EQ(0, chmod(Path("key").c_str(), mode));
    const auto read = ReadSmallFile(Path("key"), FileMode::kSecret);
    EXPECT_CODE(kFailedPrecondition, read) << mode;
    EXPECT_THAT(std::string(read.status().message()), ::testing::Not(::testing::HasSubstr("hush")));
  }
}

TEST_F(KeyFiles, AreRefusedWhenTheyAreMissingTooLargeOrNoFile) {
  EXPECT_CODE(kNotFound, ReadSmallFile(Path("none"), FileMode::kPublic));
  EXPECT_CODE(kFailedPrecondition, ReadSmallFile(directory_, FileMode::kPublic));
  ASSERT_OK(WriteDurably(Path("big"), std::string((1 << 20) + 1, 'x'), FileMode::kPublic));
  EXPECT_CODE(kFailedPrecondition, ReadSmallFile(Path("big"), FileMode::kPublic));
}

TEST_F(KeyFiles, GetTheirDirectoriesMade) {
  ASSERT_OK(MakeDirectory(Path("a/b/c")));
  ASSERT_OK(MakeDirectory(Path("a/b/c")));
  EXPECT_EQ(0700, Mode(Path("a/b/c")));
  ASSERT_OK(WriteDurably(Path("file"), "", FileMode::kPublic));
  EXPECT_CODE(kInternal, MakeDirectory(Path("file")));
}

}  // namespace
}  // namespace tongjian::security
