// Goal: what was done at a gateway stands in the hub's trail, each deed once, whatever happens to
// the link, the gateway or the hub. Method: a clinic at work while both come and go; afterwards the
// gateway's own records are compared with the hub's chain, on the files of both.
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/runtime/layout.h"
#include "common/security/digest.h"
#include "common/store/feed.h"
#include "services/audit/heads.h"
#include "services/audit/schema.h"
#include "services/audit/trail_store.h"
#include "services/audit/verify.h"
#include "services/edge/schema.h"
#include "tests/wire/edge/clinic.h"
#include "tongjian/audit/v1/audit.grpc.pb.h"
#include "tongjian/edge/v1/edge.grpc.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {
namespace {

using audit::v1::AuditRecord;

class GatewayTrail : public ClinicTest {
 protected:
  std::unique_ptr<store::Database> Open(const std::string& state, const std::string& service,
                                        const std::vector<store::Migration>& schema) {
    auto database = store::Database::Open(
        {.url = "sqlite:" + runtime::DatabaseFile(folder_ + "/" + state, service),
         .name = service,
         .migrations = schema},
        clock_);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }

  // What the gateway has written, by the digest of its bytes, in order.
  std::vector<std::string> Written(std::map<std::string, AuditRecord>* records = nullptr) {
    const auto database = Open("gateway", "edge", Schema());
    std::vector<std::string> digests;
    for (std::string cursor;;) {
      const auto page = database->feed().Read(store::kAuditStream, cursor, std::nullopt, 1000);
      EXPECT_TRUE(page.ok()) << page.status();
      for (const store::Event& event : page->events) {
        digests.push_back(security::Sha256Text(event.payload));
        if (records != nullptr) (*records)[digests.back()].ParseFromString(event.payload);
      }
      if (!page->more) return digests;
      cursor = page->next_cursor;
    }
  }

  // What the hub's chain has of it, oldest first.
  std::vector<AuditRecord> Chained() {
    const auto database = Open("hub", "audit", audit::Schema());
    audit::TrailStore trail(*database);
    std::vector<AuditRecord> records;
    const absl::Status read =
        trail.ForEach(1, [&](const audit::Link& link, const audit::EntryIndex&) {
          if (link.source != absl::StrCat("edge.audit@", kClinic)) return;
          records.emplace_back();
          EXPECT_TRUE(records.back().ParseFromString(link.record));
        });
    EXPECT_TRUE(read.ok()) << read;
    return records;
  }

  int64_t ChainLength() {
    const auto database = Open("hub", "audit", audit::Schema());
    const auto tail = audit::TrailStore(*database).Tail();
    EXPECT_TRUE(tail.ok()) << tail.status();
    return tail.ok() ? tail->sequence : 0;
  }

  // What a clinic does: an order, the device's worklist, an image, a question that is refused.
  void Work(const std::string& name) {
    const auto order = Order("order-" + name, name);
    ASSERT_TRUE(order.ok()) << order.status();
    ASSERT_FALSE(Worklist().empty());
    const std::string study = absl::StrCat("1.2.3.", ++studies_);
    ASSERT_EQ(0, Send({.study_uid = study,
                       .sop_uid = study + ".1.1",
                       .accession_number = order->accession_number(),
                       .patient_id = name,
                       .patient_name = "张三"}));
    orders::v1::GetOrderRequest unknown;
    unknown.set_id("none-" + name);
    orders::v1::Order none;
    EXPECT_FALSE(AtGateway<orders::v1::OrderService>(&orders::v1::OrderService::Stub::GetOrder,
                                                     unknown, &none)
                     .ok());
  }

  void AwaitDelivery() {
    ASSERT_TRUE(Soon([&] { return Status().audit_waiting() == 0; }));
  }

  // The hub has a beginning of what the gateway wrote, each record once and in order; how many.
  size_t ExpectOnceAndInOrder() {
    std::map<std::string, AuditRecord> said;
    const std::vector<std::string> written = Written(&said);
    const std::vector<AuditRecord> chained = Chained();
    EXPECT_LE(chained.size(), written.size());
    for (size_t i = 0; i < std::min(chained.size(), written.size()); ++i) {
      EXPECT_EQ(written[i], chained[i].delivery().digest()) << i;
      EXPECT_EQ(said[written[i]].method(), chained[i].method());
      EXPECT_EQ(kClinic, chained[i].delivery().facility_id());
      EXPECT_EQ("gateway", chained[i].actor().machine_role());
    }
    return chained.size();
  }

  int studies_ = 0;
};

TEST_F(GatewayTrail, ReachesTheHubOnceAcrossACutLinkAndARestart) {
  AwaitNumbers();
  Work("p1");
  AwaitDelivery();
  StopHub();
  Work("p2");
  ASSERT_TRUE(Soon([&] { return Status().audit_waiting() >= 4; }));
  StopGateway();
  StartGateway();
  Work("p3");
  const size_t least = Written().size();
  StartHub();
  AwaitDelivery();
  StopGateway();
  StopHub();

  EXPECT_GE(ExpectOnceAndInOrder(), least);
  std::map<std::string, int> methods;
  int refused = 0;
  for (const AuditRecord& record : Chained()) {
    ++methods[record.method()];
    refused += record.code() == 0 ? 0 : 1;
  }
  EXPECT_EQ(3, methods["tongjian.orders.v1.OrderService/CreateOrder"]);
  EXPECT_EQ(3, methods["C-FIND modality worklist"]);
  EXPECT_EQ(3, methods["C-STORE"]);
  EXPECT_GE(refused, 3);
}

TEST_F(GatewayTrail, HoldsTheRefusalOfAMalformedObject) {
  EXPECT_NE(0, Send({.study_uid = "1.2.3.9",
                     .sop_uid = "1.2.3.9.1.1",
                     .patient_id = "p9",
                     .patient_name = "张三",
                     .cut_bytes = 100}));
  StopGateway();
  std::map<std::string, AuditRecord> records;
  Written(&records);
  int refused = 0;
  for (const auto& [digest, record] : records) {
    if (record.method() != "C-STORE") continue;
    EXPECT_EQ(static_cast<int>(absl::StatusCode::kInvalidArgument), record.code());
    ++refused;
  }
  EXPECT_EQ(1, refused);
}

TEST_F(GatewayTrail, ComesAgainToAHubThatWasTurnedBackAndShowsThatItWas) {
  AwaitNumbers();
  Work("p1");
  AwaitDelivery();
  StopHub();
  std::filesystem::copy(folder_ + "/hub", folder_ + "/hub-before",
                        std::filesystem::copy_options::recursive);
  const int64_t before = ChainLength();
  StartHub();
  Work("p2");
  AwaitDelivery();
  // Each deed brings the newest head back, once there is one.
  int deeds = 0;
  ASSERT_TRUE(Soon([&] {
    EXPECT_TRUE(Order(absl::StrCat("deed-", ++deeds), "p3").ok());
    v1::ListTrailHeadsResponse heads;
    const absl::Status listed = AtGateway<v1::EdgeService>(
        &v1::EdgeService::Stub::ListTrailHeads, v1::ListTrailHeadsRequest(), &heads);
    EXPECT_TRUE(listed.ok()) << listed;
    return heads.heads_size() > 0 && heads.heads(0).sequence() > before;
  }));
  const size_t least = Written().size();
  StopHub();
  std::filesystem::remove_all(folder_ + "/hub");
  std::filesystem::rename(folder_ + "/hub-before", folder_ + "/hub");
  StartHub();
  EXPECT_TRUE(Soon([&] { return Chained().size() >= least; }));
  StopGateway();
  StopHub();
  EXPECT_GE(Chained().size(), least);

  const auto database = Open("hub", "audit", audit::Schema());
  audit::TrailStore trail(*database);
  const auto witnesses = trail.Witnesses(10);
  ASSERT_TRUE(witnesses.ok()) << witnesses.status();
  EXPECT_EQ(1u, witnesses->size());
}

TEST_F(GatewayTrail, TakesRecordsOfGatewaysAlone) {
  audit::v1::AppendRecordsRequest request;
  request.add_records(AuditRecord().SerializeAsString());
  audit::v1::AppendRecordsResponse response;
  const absl::Status asked = AtHub<audit::v1::AuditService>(
      &audit::v1::AuditService::Stub::AppendRecords, request, &response);  // As the HIS.
  EXPECT_TRUE(absl::IsPermissionDenied(asked)) << asked;
}

}  // namespace
}  // namespace tongjian::edge
