// A gateway's records in a temporary folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/blob/store.h"
#include "common/store/database.h"
#include "services/edge/schema.h"

namespace tongjian::edge {

class RecordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tj-edge-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    auto database = store::Database::Open(
        {.url = "sqlite:" + folder_ + "/edge.db", .name = "edge", .migrations = Schema()}, clock_);
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    auto blobs = blob::Store::Open({.directory = folder_ + "/blobs", .reserve_bytes = 0}, clock_);
    ASSERT_TRUE(blobs.ok()) << blobs.status();
    blobs_ = *std::move(blobs);
  }
  void TearDown() override {
    database_.reset();
    blobs_.reset();
    std::filesystem::remove_all(folder_);
  }

  template <class Work>
  void Write(const Work& work) {
    const absl::Status status = database_->Write(work);
    ASSERT_TRUE(status.ok()) << status;
  }
  template <class Work>
  void Read(const Work& work) {
    const absl::Status status = database_->Read(work);
    ASSERT_TRUE(status.ok()) << status;
  }

  std::string folder_;
  base::ManualClock clock_{absl::FromUnixSeconds(1'773'900'000)};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<blob::Store> blobs_;
};

}  // namespace tongjian::edge
