// Goal: while the audit service is away everyone goes on working, and afterwards no record is
// missing and none is there twice. Method: registry and orders in one process, the audit service in
// another that follows their feeds over TLS; it is stopped and started while a clinic's HIS orders.
// At the end the feeds' own records are compared with the chain, on the files of both.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/rpc/channel.h"
#include "common/runtime/layout.h"
#include "common/runtime/process.h"
#include "common/security/authority.h"
#include "common/security/key_file.h"
#include "common/store/feed.h"
#include "services/audit/heads.h"
#include "services/audit/module.h"
#include "services/audit/schema.h"
#include "services/audit/trail_store.h"
#include "services/audit/verify.h"
#include "services/orders/module.h"
#include "services/orders/schema.h"
#include "services/registry/module.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::audit {
namespace {

constexpr char kClinic[] = "fac-tangxi";
constexpr int kClients = 4;

class AuditAway : public testing::Test {
 protected:
  AuditAway() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tj-audit-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    auto authority = security::Authority::Create(folder_ + "/ca", "test", clock_);
    EXPECT_TRUE(authority.ok()) << authority.status();
    authority_ = *std::move(authority);
    work_ = Launch("work", {registry::RegistryModule(), orders::OrdersModule()},
                   {absl::StrCat("--registry.seed-file=", TJ_SOURCE_DIR,
                                 "/deploy/community/jinhua.json")},
                   {});
    his_ = Connect();
  }
  ~AuditAway() override {
    audit_.reset();
    work_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Both share keys and authority, as the processes of one hub do.
  std::unique_ptr<runtime::Process> Launch(const std::string& name,
                                           const std::vector<runtime::ModuleEntry>& table,
                                           const std::vector<std::string>& flags,
                                           const std::vector<std::string>& remote) {
    config::Settings settings("test");
    for (const runtime::ModuleEntry& entry : table) {
      if (entry.describe != nullptr) entry.describe(settings);
    }
    EXPECT_TRUE(settings.Parse(flags, {}).ok());
    runtime::ProcessOptions options;
    options.state = folder_ + "/" + name;
    options.authority = "test";
    options.keys = folder_ + "/keys";
    options.ca = folder_ + "/ca";
    options.listen = "127.0.0.1:0";
    options.remote = remote;
    options.admin_port = -1;
    options.drain = absl::ZeroDuration();
    options.grace = absl::Seconds(2);
    options.log_level = "error";
    options.blob_reserve = config::MiB(1);
    auto process = runtime::Process::Open(options, name, table, clock_);
    EXPECT_TRUE(process.ok()) << process.status();
    const absl::Status started = (*process)->Start();
    EXPECT_TRUE(started.ok()) << started;
    return *std::move(process);
  }

  void StartAudit() {
    const std::string address = absl::StrCat("127.0.0.1:", work_->ports().rpc);
    audit_ = Launch("audit", {AuditModule()}, {"--audit.sources=registry,orders"},
                    {"registry=" + address, "orders=" + address});
  }
  void StopAudit() { audit_.reset(); }

  std::shared_ptr<grpc::Channel> Connect() {
    const security::CredentialFiles files = {folder_ + "/his.pem", folder_ + "/his.key",
                                             folder_ + "/ca/ca.pem"};
    const auto issued = authority_->IssueWithNewKey(
        {.role = security::MachineRole::kHis, .facility_id = kClinic}, absl::Hours(24));
    EXPECT_TRUE(issued.ok()) << issued.status();
    EXPECT_TRUE(security::WriteDurably(files.private_key, issued->private_key_pem,
                                       security::FileMode::kSecret)
                    .ok());
    EXPECT_TRUE(security::WriteDurably(files.certificate_chain, issued->certificate_pem,
                                       security::FileMode::kPublic)
                    .ok());
    auto channel = rpc::OpenChannel(
        {.address = absl::StrCat("127.0.0.1:", work_->ports().rpc), .files = files});
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *channel;
  }

  absl::Status Order(const std::string& id) {
    orders::v1::CreateOrderRequest request;
    request.set_request_id(id);
    orders::v1::Order& order = *request.mutable_order();
    order.set_ordering_facility_id(kClinic);
    order.mutable_patient()->set_facility_id(kClinic);
    order.mutable_patient()->set_facility_patient_id(id);
    order.mutable_patient()->set_name("张三");
    order.add_items()->set_name("胸部正位");
    order.mutable_items(0)->set_modality("DX");
    orders::v1::Order created;
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.timeout = absl::Seconds(30)});
    return call.Result(orders::v1::OrderService::NewStub(his_)->CreateOrder(call.context(), request,
                                                                            &created));
  }

  // `count` orders from several clients at once; how many were answered.
  int Work(const std::string& name, int count) {
    std::atomic<int> answered{0};
    std::vector<std::thread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&, client] {
        for (int i = client; i < count; i += kClients) {
          const absl::Status status = Order(absl::StrCat(name, i));
          EXPECT_TRUE(status.ok()) << status;
          answered += status.ok() ? 1 : 0;
        }
      });
    }
    for (std::thread& client : clients) client.join();
    return answered;
  }

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

  // The records of the orders service: as it wrote them, and as they are chained.
  std::vector<std::string> Written() {
    const auto database = Open("work", "orders", orders::Schema());
    std::vector<std::string> records;
    for (std::string cursor;;) {
      const auto page = database->feed().Read(store::kAuditStream, cursor, std::nullopt, 1000);
      EXPECT_TRUE(page.ok()) << page.status();
      for (const store::Event& event : page->events) records.push_back(event.payload);
      if (!page->more) return records;
      cursor = page->next_cursor;
    }
  }
  std::vector<std::string> Chained() {
    const auto database = Open("audit", "audit", Schema());
    std::vector<std::string> records;
    const absl::Status read =
        TrailStore(*database).ForEach(1, [&](const Link& link, const EntryIndex&) {
          if (link.source == "orders.audit") records.push_back(link.record);
        });
    EXPECT_TRUE(read.ok()) << read;
    return records;
  }

  static bool Soon(const std::function<bool()>& holds) {
    for (int i = 0; i < 600; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

  std::string folder_;
  base::SystemClock clock_;
  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<runtime::Process> work_;
  std::unique_ptr<runtime::Process> audit_;
  std::shared_ptr<grpc::Channel> his_;
};

TEST_F(AuditAway, StopsNobodysWorkAndLosesNoRecord) {
  ASSERT_TRUE(Soon([&] { return Order("first").ok(); }));  // Until orders knows the facilities.
  StartAudit();
  EXPECT_EQ(100, Work("with", 100));
  StopAudit();  // With some of it still to come.
  EXPECT_EQ(300, Work("without", 300));
  StartAudit();
  StopAudit();  // While it catches up.
  std::thread working([&] { EXPECT_EQ(100, Work("again", 100)); });
  StartAudit();
  working.join();

  const std::vector<std::string> written = Written();
  EXPECT_GE(written.size(), 501u);
  EXPECT_TRUE(Soon([&] { return Chained().size() >= written.size(); }));
  EXPECT_EQ(written, Chained());  // All of them, once, in their order.
  StopAudit();
  const auto database = Open("audit", "audit", Schema());
  TrailStore trail(*database);
  const auto signer = security::OpenBuiltInSigner({folder_ + "/keys/signing.key",
                                                   folder_ + "/keys/signing.pem",
                                                   folder_ + "/keys/signing-authorities.pem"},
                                                  clock_);
  ASSERT_TRUE(signer.ok()) << signer.status();
  const Heads heads(trail, **signer, runtime::ServiceDirectory(folder_ + "/audit", "audit") + "/heads.log");
  const auto found = Verify(trail, heads, 1, {});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->intact()) << found->faults.front().message;
  EXPECT_GE(found->entries, static_cast<int64_t>(written.size()));
}

}  // namespace
}  // namespace tongjian::audit
