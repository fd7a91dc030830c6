// Goal: whatever is done to a stored trail behind the service's back is found and located. Method:
// a real trail in SQLite with real signed heads, changed by plain SQL.
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/repeatable.h"
#include "services/audit/record.h"
#include "tests/unit/audit/trail_rig.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::audit {
namespace {

class TrailTest : public testing::Test, protected TrailRig {};

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

TEST_F(TrailTest, IsSyncedBeforeAnybodyCanSignIt) {
  const std::string record = RecordOf(1);
  const absl::Status written = database_->Write([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(TrailStore::Append(tx, "orders.audit", record, *IndexOf(record)).status());
    EXPECT_TRUE(store::Announces(tx));
    return absl::OkStatus();
  });
  EXPECT_TRUE(written.ok()) << written;
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
  EXPECT_TRUE(Has(Check({kept}), "truncated", 100));
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
