#include "tests/unit/registry/registry_fixture.h"

#include <cstdlib>
#include <filesystem>

#include "common/store/feed.h"
#include "services/registry/kinds.h"
#include "services/registry/schema.h"
#include "tests/support/postgres.h"

namespace tongjian::registry {

void RegistryTest::SetUp() {
  store::DatabaseOptions options;
  options.name = "registry";
  options.migrations = Schema();
  std::string pattern = (std::filesystem::temp_directory_path() / "tj-registry-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  options.url = "sqlite:" + folder_ + "/registry.db";
  if (GetParam() == Backend::kPostgres) {
    auto* server = testing::Postgres::Get();
    if (server == nullptr) GTEST_SKIP() << testing::Postgres::why();
    options.url = server->Url();
    static int schemas = 0;  // A schema of its own is made faster than a database.
    options.name = "registry_" + std::to_string(++schemas);
  }
  auto opened = store::Database::Open(options, clock_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  database_ = *std::move(opened);
}

void RegistryTest::TearDown() {
  database_.reset();
  std::filesystem::remove_all(folder_);
}

void RegistryTest::AddSample() {
  for (const char* id : {"hub", "clinic-a", "clinic-b"}) {
    pb::Facility facility;
    facility.set_id(id);
    facility.set_name(id);
    facility.set_active(true);
    const auto added = Change<pb::Facility>(
        [&](store::Transaction& tx) { return facilities_.Create(tx, all_, facility); });
    ASSERT_TRUE(added.ok()) << added.status();
  }
  pb::Community community;
  community.set_id("com");
  community.set_name("com");
  community.set_kind(pb::COMMUNITY_KIND_COUNTY_COMMUNITY);
  community.set_binding(pb::BINDING_TIGHT);
  community.set_lead_facility_id("hub");
  community.set_region_code("330702");
  const auto added = Change<pb::Community>(
      [&](store::Transaction& tx) { return communities_.Create(tx, all_, community); });
  ASSERT_TRUE(added.ok()) << added.status();
  ASSERT_EQ(News(4).size(), 4u);
}

std::vector<store::Event> RegistryTest::News(size_t count) {
  std::vector<store::Event> news;
  while (news.size() < count) {
    if (!database_->feed().Wait("registry", cursor_, absl::Seconds(20))) break;
    const auto page = database_->feed().Read("registry", cursor_, std::nullopt, 1000);
    if (!page.ok()) {
      ADD_FAILURE() << page.status();
      break;
    }
    news.insert(news.end(), page->events.begin(), page->events.end());
    cursor_ = page->next_cursor;
  }
  return news;
}

std::string BackendName(const ::testing::TestParamInfo<Backend>& info) {
  return info.param == Backend::kSqlite ? "Sqlite" : "Postgres";
}

}  // namespace tongjian::registry
