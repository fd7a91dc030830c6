// Goal: `tongjian backup` of a hub that is being written to, restored and served elsewhere, has
// everything that was acknowledged before the backup began; who follows it is told; its trail is
// whole. Method: the real program over TLS with a gateway's certificate, orders and images sent all
// the while, a backup in between, and a second hub on what was restored.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/channel.h"
#include "tests/system/backup/program.h"
#include "tongjian/events/v1/feed.grpc.pb.h"
#include "tongjian/imaging/v1/study.grpc.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"
#include "tongjian/registry/v1/facility.grpc.pb.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;
using testing::Server;
using testing::Words;

constexpr char kProgram[] = TJ_PROGRAM;
constexpr char kFacility[] = "clinic";
constexpr int kImages = 20;

// A real image that every Debian with python3-pydicom has.
constexpr char kImage[] = "/usr/lib/python3/dist-packages/pydicom/data/test_files/CT_small.dcm";

std::string Content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class BackupSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "/hubXXXXXX";
    ASSERT_NE(nullptr, mkdtemp(path.data()));
    root_ = path;
    state_ = root_ + "/state";
    Do({kProgram, "ca", "init", "--directory", root_ + "/ca"});
    Do({kProgram, "ca", "issue", "--directory", root_ + "/ca", "--role", "gateway", "--facility",
        kFacility, "--out", root_ + "/gateway"});
    hub_ = Serve(state_);
    ASSERT_NE(nullptr, hub_);
    MakeFacility();
  }
  void TearDown() override {
    hub_.reset();
    if (HasFailure()) std::printf("the hub's log:\n%s\n", Content(state_ + ".log").c_str());
    fs::remove_all(root_);
  }

  Outcome Call(const Words& command) {
    return testing::Run(command, absl::StrCat(root_, "/output-", ++runs_));
  }
  void Do(const Words& command) {
    const Outcome outcome = Call(command);
    ASSERT_EQ(0, outcome.status) << command[1] << ": " << outcome.output;
  }

  std::unique_ptr<Server> Serve(const std::string& state) {
    std::string why;
    auto server = Server::Start(
        {kProgram, "serve", "--state", state, "--authority", "jinhua", "--ca", root_ + "/ca",
         "--rpc.listen", "127.0.0.1:0", "--admin.port", "-1", "--dicom.port", "0",
         "--imaging.default-facility", kFacility, "--blobs.reserve", "0"},
        state + ".log", &why);
    EXPECT_NE(nullptr, server) << why;
    return server;
  }

  std::shared_ptr<grpc::Channel> Channel(const Server& server, bool machine) const {
    rpc::ChannelOptions options{.address = absl::StrCat("127.0.0.1:", server.Port("rpc"))};
    options.files.authorities = root_ + "/ca/ca.pem";
    if (machine) {
      options.files.certificate_chain = root_ + "/gateway.pem";
      options.files.private_key = root_ + "/gateway.key";
    }
    auto channel = rpc::OpenChannel(options);
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *std::move(channel);
  }

  // As the operator that a new hub begins with.
  void MakeFacility() {
    const auto channel = Channel(*hub_, false);
    registry::v1::LogInRequest who;
    who.set_user_name("operator");
    who.set_password(std::string(
        absl::StripAsciiWhitespace(Content(state_ + "/files/registry/first-operator-password"))));
    registry::v1::LogInResponse logged_in;
    rpc::ClientCall log_in(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
    absl::Status status = log_in.Result(
        registry::v1::AccountService::NewStub(channel)->LogIn(log_in.context(), who, &logged_in));
    ASSERT_TRUE(status.ok()) << status;
    registry::v1::CreateFacilityRequest request;
    request.set_request_id("facility");
    request.mutable_facility()->set_id(kFacility);
    request.mutable_facility()->set_name("中心卫生院");
    registry::v1::Facility facility;
    rpc::ClientCall create(rpc::OutgoingIdentity::Person(logged_in.token()), {});
    status = create.Result(registry::v1::FacilityService::NewStub(channel)->CreateFacility(
        create.context(), request, &facility));
    ASSERT_TRUE(status.ok()) << status;
  }

  // The id of the new order.
  absl::StatusOr<std::string> CreateOrder(orders::v1::OrderService::Stub& stub, int number) {
    orders::v1::CreateOrderRequest request;
    request.set_request_id(absl::StrCat("order-", number));
    orders::v1::Order& order = *request.mutable_order();
    order.set_origin(orders::v1::ORDER_ORIGIN_HIS);
    order.set_ordering_facility_id(kFacility);
    order.mutable_patient()->set_facility_id(kFacility);
    order.mutable_patient()->set_facility_patient_id(absl::StrCat("P", number));
    order.mutable_patient()->set_name("张三");
    order.mutable_requester()->set_name("李四");
    order.mutable_requester()->set_facility_id(kFacility);
    order.set_discipline(common::v1::DISCIPLINE_IMAGING);
    order.set_priority(common::v1::PRIORITY_ROUTINE);
    order.set_patient_class(common::v1::PATIENT_CLASS_OUTPATIENT);
    orders::v1::OrderItem& item = *order.add_items();
    item.set_local_code("DR01");
    item.set_name("胸部正位");
    item.set_modality("DX");
    orders::v1::Order made;
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
    TJ_TRY(call.Result(stub.CreateOrder(call.context(), request, &made)));
    return made.id();
  }

  absl::StatusOr<events::v1::PullFeedResponse> Pull(const Server& server,
                                                    const std::string& cursor) {
    events::v1::PullFeedRequest request;
    request.set_feed("orders");
    request.set_cursor(cursor);
    request.set_page_size(1000);
    events::v1::PullFeedResponse page;
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
    const auto stub = events::v1::FeedService::NewStub(Channel(server, true));
    TJ_TRY(call.Result(stub->PullFeed(call.context(), request, &page)));
    return page;
  }

  // New instances of one study, each acknowledged when this returns.
  Outcome SendImages(const Server& server) {
    return Call({"storescu", "-aet", "DR", "-aec", "TONGJIAN", "+II", "--repeat",
                 absl::StrCat(kImages), "127.0.0.1", absl::StrCat(server.Port("dicom")), kImage});
  }

  std::vector<imaging::v1::Study> Studies(const Server& server) {
    const auto stub = imaging::v1::StudyService::NewStub(Channel(server, true));
    imaging::v1::ListStudiesRequest request;
    request.set_facility_id(kFacility);
    imaging::v1::ListStudiesResponse response;
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
    const absl::Status status = call.Result(stub->ListStudies(call.context(), request, &response));
    EXPECT_TRUE(status.ok()) << status;
    return {response.studies().begin(), response.studies().end()};
  }

  std::string root_;
  std::string state_;
  std::unique_ptr<Server> hub_;
  std::atomic<int> runs_{0};
};

// Orders written as fast as they are answered, until stopped.
class Orderer {
 public:
  explicit Orderer(std::function<absl::StatusOr<std::string>(int)> create)
      : thread_([this, create = std::move(create)] {
          for (int number = 1; !stop_; ++number) {
            auto id = create(number);
            std::lock_guard lock(mutex_);
            if (!id.ok()) failure_ = id.status();
            if (!id.ok()) return;
            ids_.push_back(*std::move(id));
          }
        }) {}
  ~Orderer() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::vector<std::string> ids() {
    std::lock_guard lock(mutex_);
    return ids_;
  }
  absl::Status failure() {
    std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> ids_;
  absl::Status failure_;
  std::atomic<bool> stop_{false};
  std::thread thread_;  // Last: it uses the others.
};

TEST_F(BackupSystemTest, TakenOfARunningHubHoldsAllThatWasAcknowledged) {
  const bool with_images = fs::exists(kImage) && Call({"storescu", "--version"}).status == 0;
  if (with_images) {
    const Outcome sent = SendImages(*hub_);
    ASSERT_EQ(0, sent.status) << sent.output;
  }
  const auto stub = orders::v1::OrderService::NewStub(Channel(*hub_, true));
  Orderer orderer([&](int number) { return CreateOrder(*stub, number); });
  while (orderer.ids().size() < 30 && orderer.failure().ok()) std::this_thread::yield();
  ASSERT_TRUE(orderer.failure().ok()) << orderer.failure();
  std::thread sender;
  if (with_images) sender = std::thread([&] { SendImages(*hub_); });
  const auto page = Pull(*hub_, "");
  const std::vector<std::string> acknowledged = orderer.ids();

  const Outcome made = Call({kProgram, "backup", "--state", state_, "--to", root_ + "/saved"});
  orderer.Stop();
  if (sender.joinable()) sender.join();
  ASSERT_EQ(0, made.status) << made.output;
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(orderer.failure().ok()) << orderer.failure();
  EXPECT_GT(orderer.ids().size(), acknowledged.size()) << "nothing was written meanwhile";
  EXPECT_EQ(0, hub_->Stop());

  const std::string again = root_ + "/again";
  Do({kProgram, "restore", "--from", root_ + "/saved", "--to", again});
  hub_ = Serve(again);
  ASSERT_NE(nullptr, hub_);
  const auto restored = orders::v1::OrderService::NewStub(Channel(*hub_, true));
  for (const std::string& id : acknowledged) {
    orders::v1::GetOrderRequest request;
    request.set_id(id);
    orders::v1::Order order;
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
    const absl::Status status = call.Result(restored->GetOrder(call.context(), request, &order));
    ASSERT_TRUE(status.ok()) << id << ": " << status;
  }

  EXPECT_EQ("CURSOR_FOREIGN", base::DetailOf(Pull(*hub_, page->next_cursor()).status()).reason);
  const auto from_the_start = Pull(*hub_, "");
  ASSERT_TRUE(from_the_start.ok()) << from_the_start.status();
  EXPECT_GE(from_the_start->events_size(), 30);

  if (!with_images) {
    std::printf("without images: no storescu or no python3-pydicom here\n");
  } else {
    int64_t instances = 0;
    for (const imaging::v1::Study& study : Studies(*hub_)) {
      instances += study.instance_count();
      // Every byte is verified on its way, at both ends.
      Do({kProgram, "ctl", "--address", absl::StrCat("127.0.0.1:", hub_->Port("rpc")), "--ca",
          root_ + "/ca/ca.pem", "--certificate", root_ + "/gateway.pem", "--key",
          root_ + "/gateway.key", "studies", "fetch", study.id(), root_ + "/fetched"});
    }
    EXPECT_GE(instances, kImages);
  }
  EXPECT_EQ(0, hub_->Stop());
  const Outcome verified = Call({kProgram, "audit", "verify", "--state", again});
  EXPECT_EQ(0, verified.status) << verified.output;
}

TEST_F(BackupSystemTest, AuditVerifyFindsWhatWasDoneToTheFiles) {
  const auto stub = orders::v1::OrderService::NewStub(Channel(*hub_, true));
  for (int number = 1; number <= 5; ++number) {
    const auto id = CreateOrder(*stub, number);
    ASSERT_TRUE(id.ok()) << id.status();
  }
  // While it runs, and after a stop, which signs a head.
  Outcome verified = Call({kProgram, "audit", "verify", "--state", state_});
  EXPECT_EQ(0, verified.status) << verified.output;
  EXPECT_EQ(0, hub_->Stop());
  const Outcome head = Call({kProgram, "audit", "head", "--state", state_});
  ASSERT_EQ(0, head.status) << head.output;
  std::ofstream(root_ + "/head.json") << head.output;
  const Words verify = {
      kProgram, "audit", "verify", "--state", state_, "--against", root_ + "/head.json"};
  verified = Call(verify);
  EXPECT_EQ(0, verified.status) << verified.output;
  EXPECT_NE(std::string::npos, verified.output.find("the trail is intact")) << verified.output;

  sqlite3* file = nullptr;
  ASSERT_EQ(SQLITE_OK, sqlite3_open((state_ + "/db/audit.db").c_str(), &file));
  ASSERT_EQ(SQLITE_OK, sqlite3_exec(file, "delete from entry where sequence > 2; delete from head",
                                    nullptr, nullptr, nullptr));
  sqlite3_close(file);
  fs::remove(state_ + "/files/audit/heads.log");
  verified = Call(verify);
  EXPECT_EQ(1, verified.status) << verified.output;
  EXPECT_NE(std::string::npos, verified.output.find("truncated")) << verified.output;
}

}  // namespace
}  // namespace tongjian
