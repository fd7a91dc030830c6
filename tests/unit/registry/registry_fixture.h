// A registry's database on either backend, with a few facilities in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "common/store/event.h"
#include "services/registry/communities.h"
#include "services/registry/facilities.h"

namespace tongjian::registry {

enum class Backend { kSqlite, kPostgres };

// The database is new for each test; tests on the server are skipped where there is none. The clock
// stands still.
class RegistryTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Runs in a transaction of its own.
  template <class T>
  absl::StatusOr<T> Change(const std::function<absl::StatusOr<T>(store::Transaction&)>& change) {
    absl::StatusOr<T> result = absl::UnknownError("did not run");
    const absl::Status status = database_->Write([&](store::Transaction& tx) {
      result = change(tx);
      return result.status();
    });
    if (!status.ok()) return status;
    return result;
  }
  template <class T>
  absl::StatusOr<T> Ask(const std::function<absl::StatusOr<T>(store::Session&)>& query) {
    absl::StatusOr<T> result = absl::UnknownError("did not run");
    const absl::Status status = database_->Read([&](store::Session& session) {
      result = query(session);
      return result.status();
    });
    if (!status.ok()) return status;
    return result;
  }

  // "hub", "clinic-a", "clinic-b" and the county community "com" of them that hub leads.
  void AddSample();
  // What was announced on "registry" since the last call; waits for `count` events.
  std::vector<store::Event> News(size_t count);

  const security::Scope all_ = security::Scope::Service();
  base::ManualClock clock_{absl::FromUnixSeconds(1'717'200'000)};
  base::Ids ids_{"test", clock_};
  std::string folder_;
  std::unique_ptr<store::Database> database_;
  Directory directory_{ids_};
  Facilities facilities_{directory_};
  Communities communities_{directory_};

 private:
  std::string cursor_;
};

std::string BackendName(const ::testing::TestParamInfo<Backend>& info);

#define TJ_REGISTRY_ON_BOTH(suite)                                                               \
  INSTANTIATE_TEST_SUITE_P(Both, suite, ::testing::Values(Backend::kSqlite, Backend::kPostgres), \
                           BackendName)

}  // namespace tongjian::registry
