// The same tests on both backends.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/store/database.h"
#include "common/store/feed.h"

namespace tongjian::store {

enum class Backend { kSqlite, kPostgres };

// OK, or the status in the failure's text.
MATCHER(IsOk, "") {
  *result_listener << arg.ToString();
  return arg.ok();
}
MATCHER_P(HasCode, code, "") {
  *result_listener << arg.ToString();
  return arg.code() == code;
}

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A database of the tested backend with the tables of schema/, at a time that only moves when told
// to. The server's tests are skipped where there is no server.
class StoreTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override;

  DatabaseOptions Options() const;
  // Opens the same database once more, as another process would.
  std::unique_ptr<Database> OpenAgain(const DatabaseOptions& options);
  std::unique_ptr<Database> OpenAgain() { return OpenAgain(Options()); }

  absl::Status Insert(const std::string& id, int64_t number);
  int64_t Count(const std::string& sql);
  // Emits one event named `key` to `audiences`.
  absl::Status Emit(const std::string& key, std::vector<std::string> audiences = {"*"},
                    const std::string& stream = "things");
  // Reads until `count` events are there; positions are given a little after the commit.
  std::vector<std::string> ReadKeys(size_t count, const std::string& stream = "things");

  TemporaryFolder folder_;
  base::ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::string url_;
  std::string name_ = "things";
  std::unique_ptr<Database> database_;
};

std::string BackendName(const ::testing::TestParamInfo<Backend>& info);

#define TJ_ON_BOTH_BACKENDS(suite)                                                               \
  INSTANTIATE_TEST_SUITE_P(Both, suite, ::testing::Values(Backend::kSqlite, Backend::kPostgres), \
                           BackendName)

}  // namespace tongjian::store
