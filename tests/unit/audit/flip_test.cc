// Goal: a bit that flips in the trail's database or in its file of heads is found by verifying, or
// has changed nothing that anybody reads. Method: 300 random, seeded flips anywhere in the files of
// a closed trail; each time it is opened, verified and read as a whole, by its table and by each
// index, and held against what was written.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/audit/schema.h"
#include "tests/unit/audit/trail_rig.h"

namespace tongjian::audit {
namespace {

constexpr int kFlips = 300;
constexpr int kEntries = 400;

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// What a listing goes through: the table, and each index.
constexpr const char* kOrders[] = {
    "select sequence, source, record, hash from entry order by sequence",
    "select sequence, actor, '', '' from entry indexed by entry_actor order by actor, sequence",
    "select sequence, facility, '', '' from entry indexed by entry_facility order by facility, "
    "sequence",
    "select sequence, cast(time as text), '', '' from entry indexed by entry_time order by time, "
    "sequence",
    "select sequence, patient, '', '' from entry_patient order by patient, sequence",
    "select sequence, object, '', '' from entry_object order by object, sequence"};

// All rows by one of them; what went wrong where that cannot be read.
std::string Everything(TrailStore& store, const char* sql) {
  std::string all;
  const absl::Status read = store.database().Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto rows, session.Query(sql));
    for (const store::Row& row : rows) {
      absl::StrAppend(&all, row.Int(0), " ", row.Text(1), " ", row.Text(2), " ", row.Text(3), "\n");
    }
    return absl::OkStatus();
  });
  return read.ok() ? all : read.ToString();
}

TEST(TrailFlips, AreFoundOrChangeNothing) {
  TrailRig rig;
  rig.Append(1, kEntries / 2);
  ASSERT_TRUE(rig.heads_->Sign().ok());
  rig.Append(kEntries / 2 + 1, kEntries);
  ASSERT_TRUE(rig.heads_->Sign().ok());
  std::map<std::string, std::string> wanted;
  for (const char* sql : kOrders) wanted[sql] = Everything(*rig.store_, sql);
  rig.Close();
  const std::string database = Bytes(rig.file());
  const std::string heads = Bytes(rig.heads_file());
  ASSERT_GT(heads.size(), 0u);

  std::mt19937_64 random(1);
  int found = 0;
  int harmless = 0;
  for (int i = 0; i < kFlips; ++i) {
    const bool in_heads = i % 10 == 0;
    std::string bytes = in_heads ? heads : database;
    const size_t at = random() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    SCOPED_TRACE(absl::StrCat(in_heads ? "heads" : "database", " offset ", at));
    WriteBytes(in_heads ? rig.heads_file() : rig.file(), bytes);
    const auto opened = store::Database::Open(
        {.url = "sqlite:" + rig.file(), .name = "audit", .migrations = Schema()}, rig.clock_);
    if (!opened.ok()) {
      ++found;
    } else {
      TrailStore store(**opened);
      Heads signed_heads(store, *rig.signer_, rig.heads_file());
      const auto verified = Verify(store, signed_heads, 1, {});
      if (!verified.ok() || !verified->intact()) {
        ++found;
      } else {
        for (const char* sql : kOrders) {
          EXPECT_TRUE(Everything(store, sql) == wanted[sql]) << "not found, but changes: " << sql;
        }
        ++harmless;
      }
    }
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(rig.file() + suffix);
    WriteBytes(rig.file(), database);
    WriteBytes(rig.heads_file(), heads);
  }
  std::cout << found << " found, " << harmless << " in unused space" << std::endl;
  EXPECT_GT(found, kFlips / 4);
}

}  // namespace
}  // namespace tongjian::audit
