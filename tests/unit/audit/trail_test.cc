// Goal: whatever is done to a stored trail behind the service's back is found and located. Method:
// a real trail in SQLite with real signed heads, changed by plain SQL.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/security/authority.h"
#include "common/security/key_file.h"
#include "services/audit/heads.h"
#include "services/audit/record.h"
#include "services/audit/schema.h"
#include "services/audit/trail_store.h"
#include "services/audit/verify.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::audit {
namespace {

std::string RecordOf(int number) {
  v1::AuditRecord record;
  *record.mutable_time() = rpc::ToProto(absl::FromUnixSeconds(1'800'000'000 + number));
  record.set_request_id(absl::StrCat("r", number));
  record.set_service("orders");
  record.set_method("tongjian.orders.v1.OrderService/GetOrder");
  record.mutable_actor()->set_kind("PERSON");
  record.mutable_actor()->set_user_id(number % 2 == 0 ? "u-even" : "u-odd");
  record.mutable_actor()->set_facility_id("f1");
  record.add_patients()->set_patient_id(absl::StrCat("p", number % 10));
  record.add_object_ids(absl::StrCat("o", number));
  return record.SerializeAsString();
}

class TrailTest : public testing::Test {
 protected:
  TrailTest() : directory_(MakeDirectory()), clock_(absl::FromUnixSeconds(1'800'000'000)) {
    auto database = store::Database::Open(
        {.url = "sqlite:" + directory_ + "/audit.db", .name = "audit", .migrations = Schema()},
        clock_);
    EXPECT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    store_ = std::make_unique<TrailStore>(*database_);
    auto authority = *security::Authority::Create(directory_ + "/ca", "Test", clock_);
    const security::Issued issued = *authority->IssueSigning("jinhua", absl::Hours(24 * 365));
    EXPECT_TRUE(security::WriteDurably(directory_ + "/sign.key", issued.private_key_pem,
                                       security::FileMode::kSecret)
                    .ok());
    EXPECT_TRUE(security::WriteDurably(directory_ + "/sign.pem", issued.certificate_pem,
                                       security::FileMode::kPublic)
                    .ok());
    signer_ = *security::OpenBuiltInSigner(
        {directory_ + "/sign.key", directory_ + "/sign.pem", directory_ + "/ca/ca.pem"}, clock_);
    heads_ = std::make_unique<Heads>(*store_, *signer_, directory_ + "/heads.log");
  }
  ~TrailTest() override { std::filesystem::remove_all(directory_); }

  static std::string MakeDirectory() {
    std::string path = testing::TempDir() + "/trailXXXXXX";
    EXPECT_NE(nullptr, mkdtemp(path.data()));
    return path;
  }

  void Append(int from, int to) {
    for (int next = from; next <= to;) {
      const int end = std::min(to, next + 999);
      ASSERT_TRUE(database_
                      ->Write([&](store::Transaction& tx) -> absl::Status {
                        for (int i = next; i <= end; ++i) {
                          TJ_ASSIGN_OR_RETURN(const EntryIndex index, IndexOf(RecordOf(i)));
                          TJ_TRY(
                              TrailStore::Append(tx, "orders.audit", RecordOf(i), index).status());
                        }
                        return absl::OkStatus();
                      })
                      .ok());
      next = end + 1;
    }
  }

  // What somebody with the file in hand does.
  void Tamper(const std::string& sql) {
    sqlite3* file = nullptr;
    ASSERT_EQ(SQLITE_OK, sqlite3_open((directory_ + "/audit.db").c_str(), &file));
    char* error = nullptr;
    ASSERT_EQ(SQLITE_OK, sqlite3_exec(file, sql.c_str(), nullptr, nullptr, &error)) << error;
    sqlite3_close(file);
  }

  Verification Check(std::optional<Head> known = std::nullopt) {
    auto found = Verify(*store_, *heads_, 1, known);
    EXPECT_TRUE(found.ok()) << found.status();
    return *found;
  }

  static bool Has(const Verification& found, std::string_view kind, int64_t sequence) {
    for (const Fault& fault : found.faults) {
      if (fault.kind == kind && fault.sequence == sequence) return true;
    }
    return false;
  }

  const std::string directory_;
  base::ManualClock clock_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<TrailStore> store_;
  std::unique_ptr<security::Signer> signer_;
  std::unique_ptr<Heads> heads_;
};

TEST_F(TrailTest, IsWholeWhenNobodyTouchedIt) {
  Append(1, 2500);
  ASSERT_EQ(2500, heads_->Sign()->sequence);
  const Verification found = Check();
  EXPECT_TRUE(found.intact()) << found.faults.front().message;
  EXPECT_EQ(2500, found.entries);
}

TEST_F(TrailTest, TakesTheSameRecordOnce) {
  Append(1, 3);
  Append(1, 3);
  EXPECT_EQ(3, store_->Tail()->sequence);
}

TEST_F(TrailTest, ShowsAChangedRecord) {
  Append(1, 100);
  Tamper(
      "update entry set record = (select record from entry where sequence = 41) where sequence = "
      "40");
  EXPECT_TRUE(Has(Check(), "changed", 40));
}

TEST_F(TrailTest, ShowsARemovedEntry) {
  Append(1, 100);
  Tamper("delete from entry where sequence = 50");
  EXPECT_TRUE(Has(Check(), "removed", 50));
}

TEST_F(TrailTest, ShowsTwoSwappedEntries) {
  Append(1, 100);
  Tamper(
      "update entry set sequence = -1 where sequence = 10; update entry set sequence = 10 where "
      "sequence = 11;"
      "update entry set sequence = 11 where sequence = -1");
  const Verification found = Check();
  EXPECT_TRUE(Has(found, "swapped", 10));
  EXPECT_TRUE(Has(found, "swapped", 11));
}

TEST_F(TrailTest, ShowsACutTailByTheHeadInTheFile) {
  Append(1, 100);
  ASSERT_TRUE(heads_->Sign().ok());
  Tamper("delete from entry where sequence > 90; delete from head");
  EXPECT_TRUE(Has(Check(), "truncated", 100));
}

TEST_F(TrailTest, ShowsACutTailByAHeadKeptElsewhere) {
  Append(1, 100);
  const Head kept = *heads_->Sign();
  Tamper("delete from entry where sequence > 90; delete from head");
  std::filesystem::remove(directory_ + "/heads.log");
  EXPECT_TRUE(Check().intact());  // Nothing here is left to show it...
  EXPECT_TRUE(Has(Check(kept), "truncated", 100));
}

TEST_F(TrailTest, ShowsAChainComputedAnew) {
  Append(1, 20);
  ASSERT_TRUE(heads_->Sign().ok());
  // Entry 15 is rewritten and every hash behind it is computed afresh: the chain fits, the signed
  // head does not.
  std::string hash = *store_->HashAt(14);
  std::string sql;
  for (int i = 15; i <= 20; ++i) {
    const Link link = MakeLink(i - 1, hash, "orders.audit", RecordOf(i == 15 ? 999 : i));
    hash = link.hash;
    absl::StrAppend(&sql, "update entry set previous_hash = '", link.previous_hash, "', hash = '",
                    link.hash, "'");
    if (i == 15) absl::StrAppend(&sql, ", record = '", store::Bytes(link.record), "'");
    absl::StrAppend(&sql, " where sequence = ", i, ";");
  }
  Tamper(sql);
  const Verification found = Check();
  EXPECT_TRUE(Has(found, "changed", 20));
}

TEST_F(TrailTest, ShowsAForgedHead) {
  Append(1, 20);
  ASSERT_TRUE(heads_->Sign().ok());
  Tamper("update head set hash = (select hash from entry where sequence = 19)");
  EXPECT_TRUE(Has(Check(), "bad_signature", 20));
}

TEST_F(TrailTest, ShowsAnEntryHiddenFromItsPatient) {
  Append(1, 30);
  Tamper("delete from entry_patient where sequence = 7");
  EXPECT_TRUE(Has(Check(), "index", 7));
}

TEST_F(TrailTest, FindsEveryKindOfDamageAmongManyEntries) {
  Append(1, 100'000);
  ASSERT_TRUE(heads_->Sign().ok());
  ASSERT_TRUE(Check().intact());
  Tamper(
      "update entry set source = 'reading.audit' where sequence = 12345; delete from entry where "
      "sequence = 54321;"
      "update entry set time = time + 1 where sequence = 77777; delete from entry where sequence > "
      "99990");
  const Verification found = Check();
  EXPECT_TRUE(Has(found, "changed", 12345));
  EXPECT_TRUE(Has(found, "removed", 54321));
  EXPECT_TRUE(Has(found, "index", 77777));
  EXPECT_TRUE(Has(found, "truncated", 100'000));
}

TEST_F(TrailTest, ListsByPatientNewestFirst) {
  Append(1, 50);
  const auto links = store_->List(security::Scope::Service(), {.patient_id = "p3"}, 0, 3);
  ASSERT_TRUE(links.ok()) << links.status();
  ASSERT_EQ(3u, links->size());
  EXPECT_EQ(43, (*links)[0].sequence);
  EXPECT_EQ(33, (*links)[1].sequence);
  const auto rest = store_->List(security::Scope::Service(), {.patient_id = "p3"}, 23, 10);
  ASSERT_EQ(2u, rest->size());
  EXPECT_EQ(3, rest->back().sequence);
}

TEST_F(TrailTest, ListsWhatWasWrittenBeforeThePatientWasKnown) {
  Append(1, 5);
  v1::AuditRecord record;
  record.set_request_id("before");
  record.add_patients()->set_facility_patient_digest("sha256:abc");
  const std::string bytes = record.SerializeAsString();
  ASSERT_TRUE(database_
                  ->Write([&](store::Transaction& tx) -> absl::Status {
                    TJ_TRY(TrailStore::Append(tx, "orders.audit", bytes, *IndexOf(bytes)).status());
                    return TrailStore::LinkPatient(tx, "sha256:abc", "p77");
                  })
                  .ok());
  const auto links = store_->List(security::Scope::Service(), {.patient_id = "p77"}, 0, 10);
  ASSERT_EQ(1u, links->size());
  EXPECT_EQ(6, links->front().sequence);
}

TEST_F(TrailTest, ShowsNothingToWhoMayNotReadTheWhole) {
  Append(1, 5);
  EXPECT_TRUE(store_->List(security::Scope::Facilities({"f1"}), {}, 0, 10)->empty());
}

TEST_F(TrailTest, FiltersByActorObjectAndTime) {
  Append(1, 20);
  const auto scope = security::Scope::Service();
  EXPECT_EQ(10u, store_->List(scope, {.actor = "u-odd"}, 0, 100)->size());
  EXPECT_EQ(1u, store_->List(scope, {.object_id = "o7"}, 0, 100)->size());
  EXPECT_EQ(1u, store_->List(scope, {.patient_id = "p7", .object_id = "o7"}, 0, 100)->size());
  EXPECT_EQ(0u, store_->List(scope, {.patient_id = "p8", .object_id = "o7"}, 0, 100)->size());
  EXPECT_EQ(5u,
            store_->List(scope, {.from = absl::FromUnixSeconds(1'800'000'016)}, 0, 100)->size());
}

}  // namespace
}  // namespace tongjian::audit
