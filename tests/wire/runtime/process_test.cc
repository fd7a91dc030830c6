// A process of modules: made and started by their needs, served, stopped in reverse.
#include "common/runtime/process.h"

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/feed/follower.h"
#include "common/runtime/layout.h"
#include "common/security/authority.h"
#include "common/store/database.h"
#include "tongjian/audit/v1/record.pb.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MATCHER(IsOk, "") {
  *result_listener << arg.ToString();
  return arg.ok();
}

using Journal = std::vector<std::string>;

// Says what happens to it; opens a database of its own.
class Recorded : public Module {
 public:
  Recorded(std::string name, Journal& journal) : name_(std::move(name)), journal_(journal) {}
  ~Recorded() override { journal_.push_back("destroy " + name_); }
  absl::Status Start() override {
    journal_.push_back("start " + name_);
    return absl::OkStatus();
  }
  void Stop() override { journal_.push_back("stop " + name_); }

 private:
  const std::string name_;
  Journal& journal_;
};

ModuleEntry Entry(const std::string& name, std::vector<std::string> needs, Journal& journal) {
  return {.name = name,
          .needs = std::move(needs),
          .describe = nullptr,
          .create = [name, &journal](Runtime& runtime) -> absl::StatusOr<std::unique_ptr<Module>> {
            TJ_TRY(runtime.OpenDatabase(name, {}).status());
            journal.push_back("make " + name);
            return std::make_unique<Recorded>(name, journal);
          }};
}

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() {
    char name[] = "/tmp/tongjian-runtime-XXXXXX";
    directory_ = mkdtemp(name);
    options_.state = directory_ + "/state";
    options_.authority = "jinhua";
    options_.ca = directory_ + "/ca";
    options_.listen = "127.0.0.1:0";
    options_.plain_listen = "127.0.0.1:0";
    options_.dicom_port = 0;
    options_.admin_port = 0;
    options_.log_level = "error";
    options_.blob_reserve = config::MiB(1);
    EXPECT_THAT(security::Authority::Create(options_.ca, "test", clock_).status(), IsOk());
  }
  ~ProcessTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Process> Open(const std::vector<ModuleEntry>& table) {
    auto process = Process::Open(options_, "test", table, clock_);
    EXPECT_THAT(process.status(), IsOk());
    return *std::move(process);
  }

  base::SystemClock clock_;
  std::string directory_;
  ProcessOptions options_;
  Journal journal_;
};

TEST_F(ProcessTest, StartsByNeedsAndStopsInReverse) {
  {
    const auto process =
        Open({Entry("orders", {"registry"}, journal_), Entry("registry", {}, journal_)});
    ASSERT_THAT(process->Start(), IsOk());
    process->Stop();
    process->Stop();  // Twice is once.
  }
  EXPECT_THAT(journal_,
              ElementsAre("make registry", "make orders", "start registry", "start orders",
                          "stop orders", "stop registry", "destroy orders", "destroy registry"));
}

TEST_F(ProcessTest, WritesThePortsItGot) {
  const auto process = Open({Entry("registry", {}, journal_)});
  ASSERT_THAT(process->Start(), IsOk());
  EXPECT_GT(process->ports().rpc, 0);
  EXPECT_GT(process->ports().plain, 0);
  EXPECT_GT(process->ports().dicom, 0);
  EXPECT_GT(process->ports().admin, 0);
  std::ifstream file(PortsFile(options_.state));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(text, HasSubstr(absl::StrCat("\"rpc\":", process->ports().rpc)));
}

TEST_F(ProcessTest, KeepsItsKeysFromOthersAndOverARestart) {
  std::string token;
  {
    const auto process = Open({Entry("registry", {}, journal_)});
    token = process->runtime().principals().Sign("registry", nullptr, "r1");
  }
  const auto again = Open({Entry("registry", {}, journal_)});
  EXPECT_THAT(again->runtime().principals().Verify(token).status(), IsOk());
  for (const auto& entry : std::filesystem::directory_iterator(KeysDirectory(options_.state))) {
    if (entry.path().extension() != ".key") continue;
    struct stat info = {};
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 077, 0u) << entry.path();
  }
}

TEST_F(ProcessTest, CarriesNewsFromModuleToModule) {
  const auto process = Open({Entry("registry", {}, journal_), Entry("orders", {}, journal_)});
  Runtime& runtime = process->runtime();
  ASSERT_THAT(process->Start(), IsOk());
  EXPECT_EQ(runtime.Channel("nowhere")(), nullptr);
  // A follower as the orders module would have it; audit feeds are there as well.
  EXPECT_THAT(runtime.AuditSinkOf("registry").Append(audit::v1::AuditRecord()), IsOk());
  std::vector<std::string> seen;
  telemetry::Registry metrics;
  auto database = store::Database::Open(
      {.url = "sqlite:" + directory_ + "/follower.db", .name = "follower"}, clock_);
  feed::Follower follower({.feed = "registry.audit"}, runtime.Channel("registry"),
                          runtime.Identity("orders"), **database, metrics,
                          [&](store::Transaction&, const events::v1::Event& event) {
                            seen.emplace_back(feed::TypeOf(event));
                            return absl::OkStatus();
                          });
  EXPECT_THAT(follower.CatchUp(), IsOk());
  EXPECT_THAT(seen, ElementsAre("tongjian.audit.v1.AuditRecord"));
}

TEST_F(ProcessTest, SaysWhatIsMissing) {
  options_.ca = directory_ + "/nowhere";
  const auto without_ca = Process::Open(options_, "test", {}, clock_);
  EXPECT_THAT(std::string(without_ca.status().message()), HasSubstr("tongjian ca init"));
  options_.ca.clear();
  const auto without_tls = Open({});
  EXPECT_THAT(std::string(without_tls->Start().message()), HasSubstr("no TLS for 127.0.0.1:0"));
}

TEST_F(ProcessTest, OpensNoPortToEverybodyWithoutTls) {
  const auto refusal = [this] {
    const auto process = Process::Open(options_, "test", {}, clock_);
    if (!process.ok()) return std::string(process.status().message());
    return std::string((*process)->Start().message());
  };
  options_.plain_listen = "0.0.0.0:0";
  EXPECT_THAT(refusal(), HasSubstr("without TLS"));
  options_.plain_listen.clear();
  options_.dicom_address = "0.0.0.0";
  EXPECT_THAT(refusal(), HasSubstr("dicom.peers names nobody there"));
  options_.dicom_peers = {};
  EXPECT_THAT(refusal(), HasSubstr("dicom.peers names nobody there"));
  options_.dicom_peers = {"10.1.0.0/16", "0.0.0.0/0"};
  EXPECT_THAT(refusal(), HasSubstr("dicom.peers names everybody"));
  options_.dicom_peers = {"10.1.0.0/16"};
  EXPECT_THAT(refusal(), IsEmpty());
  options_.admin_address = "0.0.0.0";
  EXPECT_THAT(refusal(), HasSubstr("admin.peers names nobody there"));
  options_.admin_peers = {"10.1.0.7"};
  EXPECT_THAT(refusal(), IsEmpty());
  options_.web_port = 0;
  options_.web_address = "0.0.0.0";
  EXPECT_THAT(refusal(), HasSubstr("web.peers names nobody there"));
  options_.web_peers = {"::/0"};
  EXPECT_THAT(refusal(), HasSubstr("web.peers names everybody"));
  options_.web_peers = {"10.1.0.7"};
  EXPECT_THAT(refusal(), IsEmpty());
}

TEST(InOrder, RefusesCirclesAndUnknownNames) {
  Journal journal;
  const std::vector<ModuleEntry> circle = {Entry("a", {"b"}, journal), Entry("b", {"a"}, journal)};
  EXPECT_THAT(std::string(InOrder(circle, {}).status().message()), HasSubstr("needs itself"));
  EXPECT_THAT(std::string(InOrder({Entry("a", {}, journal)}, {"c"}).status().message()),
              HasSubstr("only a"));
  EXPECT_FALSE(InOrder({Entry("a", {"x"}, journal)}, {}).ok());
}

TEST(InOrder, LeavesOutWhatRunsElsewhere) {
  Journal journal;
  const std::vector<ModuleEntry> table = {Entry("orders", {"registry"}, journal),
                                          Entry("registry", {}, journal)};
  const auto entries = InOrder(table, {"orders"});
  ASSERT_THAT(entries.status(), IsOk());
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ(entries->front().name, "orders");
}

}  // namespace
}  // namespace tongjian::runtime
