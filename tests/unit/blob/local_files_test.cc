#include <unistd.h>

#include <filesystem>

#include "common/blob/files.h"
#include "common/blob/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::blob {
namespace {

using testing::ElementsAre;

class LocalFilesTest : public testing::Test {
 protected:
  LocalFilesTest() { std::filesystem::create_directories(directory_); }
  ~LocalFilesTest() override { std::filesystem::remove_all(directory_); }

  const std::string directory_ =
      std::filesystem::temp_directory_path() / ("tj_local_files_test_" + std::to_string(getpid()));
  Files& files_ = LocalFiles();
};

TEST_F(LocalFilesTest, WriteReadCutAndList) {
  const std::string path = directory_ + "/a";
  EXPECT_EQ(files_.Open(path, OpenMode::kWrite).status().code(), absl::StatusCode::kNotFound);
  auto file = files_.Open(path, OpenMode::kCreateNew).value();
  EXPECT_EQ(files_.Open(path, OpenMode::kCreateNew).status().code(),
            absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(file->WriteAt(3, "hello").ok());
  EXPECT_EQ(file->ReadAt(0, 100).value(), std::string("\0\0\0hello", 8));
  ASSERT_TRUE(file->Truncate(5).ok());
  EXPECT_EQ(file->Size().value(), 5);
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(files_.MakeDirectory(directory_ + "/b").ok());
  ASSERT_TRUE(files_.MakeDirectory(directory_ + "/b").ok());
  EXPECT_THAT(files_.List(directory_).value(), ElementsAre("a", "b"));
  ASSERT_TRUE(files_.Rename(path, directory_ + "/c").ok());
  EXPECT_EQ(files_.Info(path).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files_.Info(directory_ + "/c").value().size, 5);
  ASSERT_TRUE(files_.SyncDirectory(directory_).ok());
  ASSERT_TRUE(files_.Remove(directory_ + "/c").ok());
  ASSERT_TRUE(files_.Remove(directory_ + "/c").ok());
  ASSERT_TRUE(files_.RemoveDirectory(directory_ + "/b").ok());
  EXPECT_GT(files_.FreeBytes(directory_).value(), 0);
}

TEST_F(LocalFilesTest, FollowNoLinks) {
  std::filesystem::create_symlink("/etc/passwd", directory_ + "/link");
  EXPECT_FALSE(files_.Open(directory_ + "/link", OpenMode::kRead).ok());
}

TEST_F(LocalFilesTest, LockOnce) {
  auto lock = files_.Lock(directory_ + "/lock").value();
  EXPECT_EQ(files_.Lock(directory_ + "/lock").status().code(),
            absl::StatusCode::kFailedPrecondition);
  lock.reset();
  EXPECT_TRUE(files_.Lock(directory_ + "/lock").ok());
}

TEST_F(LocalFilesTest, CarryAStore) {
  base::SystemClock clock;
  StoreOptions options;
  options.directory = directory_ + "/deep/er/objects";
  options.reserve_bytes = 0;
  auto store = Store::Open(options, clock).value();
  auto writer = store->OpenPartial("one").value();
  ASSERT_TRUE(writer->Append("hello ").ok());
  ASSERT_TRUE(writer->Flush().ok());
  writer.reset();
  store.reset();
  store = Store::Open(options, clock).value();
  writer = store->OpenPartial("one").value();
  ASSERT_EQ(writer->committed_size(), 6);
  ASSERT_TRUE(writer->Append("world").ok());
  const Receipt receipt = writer->Commit().value();
  EXPECT_EQ(store->OpenReader(receipt.locator).value()->Read(0, 100).value(), "hello world");
  const auto mode =
      std::filesystem::status(options.directory + "/objects/" + receipt.locator.substr(3))
          .permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  options.reserve_bytes = int64_t{1} << 60;
  options.directory += "2";
  EXPECT_EQ(Store::Open(options, clock).value()->Create().status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace tongjian::blob
