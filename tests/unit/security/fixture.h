// What the tests of this folder share: a directory of their own, a clock, and a status matcher.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace tongjian::security {

class InDirectory : public ::testing::Test {
 protected:
  InDirectory() {
    std::string name = ::testing::TempDir() + "tongjian-security-XXXXXX";
    directory_ = mkdtemp(name.data()) == nullptr ? "" : name;
  }
  ~InDirectory() override {
    std::error_code ignored;  // Best effort: the system clears its temporary folder too.
    std::filesystem::remove_all(directory_, ignored);
  }
  void SetUp() override { ASSERT_FALSE(directory_.empty()); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static int Mode(const std::string& path) {
    return static_cast<int>(std::filesystem::status(path).permissions());
  }

  std::string directory_;
  base::ManualClock clock_{absl::FromUnixSeconds(1'770'000'000)};
};

inline absl::StatusCode CodeOf(const absl::Status& status) { return status.code(); }
template <class T>
absl::StatusCode CodeOf(const absl::StatusOr<T>& result) {
  return result.status().code();
}

}  // namespace tongjian::security

#define ASSERT_OK(expression) ASSERT_EQ((expression).ok(), true)
#define EXPECT_CODE(code, expression) \
  EXPECT_EQ(absl::StatusCode::code, ::tongjian::security::CodeOf(expression))
