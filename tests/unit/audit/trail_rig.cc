#include "tests/unit/audit/trail_rig.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/security/authority.h"
#include "common/security/key_file.h"
#include "services/audit/record.h"
#include "services/audit/schema.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::audit {
namespace {

std::string MakeDirectory() {
  std::string path = testing::TempDir() + "/trailXXXXXX";
  EXPECT_NE(nullptr, mkdtemp(path.data()));
  return path;
}

}  // namespace

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

TrailRig::TrailRig() : directory_(MakeDirectory()), clock_(absl::FromUnixSeconds(1'800'000'000)) {
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
  Open();
}

TrailRig::~TrailRig() {
  Close();
  std::filesystem::remove_all(directory_);
}

void TrailRig::Open() {
  auto database = store::Database::Open(
      {.url = "sqlite:" + file(), .name = "audit", .migrations = Schema()}, clock_);
  ASSERT_TRUE(database.ok()) << database.status();
  database_ = *std::move(database);
  store_ = std::make_unique<TrailStore>(*database_);
  heads_ = std::make_unique<Heads>(*store_, *signer_, heads_file());
}

void TrailRig::Close() {
  heads_.reset();
  store_.reset();
  database_.reset();
}

void TrailRig::Append(int from, int to) {
  for (int next = from; next <= to;) {
    const int end = std::min(to, next + 999);
    ASSERT_TRUE(database_
                    ->Write([&](store::Transaction& tx) -> absl::Status {
                      for (int i = next; i <= end; ++i) {
                        const std::string record = RecordOf(i);
                        TJ_ASSIGN_OR_RETURN(const EntryIndex index, IndexOf(record));
                        TJ_TRY(TrailStore::Append(tx, "orders.audit", record, index).status());
                      }
                      return absl::OkStatus();
                    })
                    .ok());
    next = end + 1;
  }
}

void TrailRig::Tamper(const std::string& sql) {
  sqlite3* file = nullptr;
  ASSERT_EQ(SQLITE_OK, sqlite3_open(this->file().c_str(), &file));
  char* error = nullptr;
  EXPECT_EQ(SQLITE_OK, sqlite3_exec(file, sql.c_str(), nullptr, nullptr, &error)) << error;
  sqlite3_free(error);
  sqlite3_close(file);
}

Verification TrailRig::Check(const std::vector<Head>& known) {
  auto found = Verify(*store_, *heads_, 1, known);
  EXPECT_TRUE(found.ok()) << found.status();
  return *found;
}

bool TrailRig::Has(const Verification& found, std::string_view kind, int64_t sequence) {
  return std::any_of(found.faults.begin(), found.faults.end(), [&](const Fault& fault) {
    return fault.kind == kind && fault.sequence == sequence;
  });
}

}  // namespace tongjian::audit
