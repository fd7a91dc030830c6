#include "common/web/admin.h"

#include <httplib.h>

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::web {
namespace {

using testing::HasSubstr;
using testing::Not;

class Admin : public testing::Test {
 protected:
  void SetUp() override {
    AdminOptions options;
    options.version = "0.1.0 (test)";
    auto server = AdminServer::Start(
        options, registry_,
        {{"store",
          [this] { return healthy_ ? absl::OkStatus() : absl::InternalError("secret path"); }}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  httplib::Result Get(const char* path) {
    return httplib::Client("127.0.0.1", server_->port()).Get(path);
  }

  telemetry::Registry registry_;
  std::atomic<bool> healthy_{true};
  std::unique_ptr<AdminServer> server_;
};

TEST_F(Admin, ShowsMetricsInTheTextFormat) {
  registry_.GetCounter("tj_calls_total", "Calls.").Add(2);
  const auto answer = Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer->body, HasSubstr("tj_calls_total 2\n"));
}

TEST_F(Admin, IsReadyOnlyWhileEveryProbeHolds) {
  EXPECT_EQ(Get("/readyz")->status, 200);
  healthy_ = false;
  const auto answer = Get("/readyz");
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "store: INTERNAL\n");
  EXPECT_EQ(Get("/healthz")->status, 200);
  healthy_ = true;
  server_->StopAdvertising();
  EXPECT_EQ(Get("/readyz")->status, 503);
}

TEST_F(Admin, SaysItsVersionAndKnowsNothingElse) {
  EXPECT_EQ(Get("/version")->body, "0.1.0 (test)\n");
  EXPECT_EQ(Get("/")->status, 404);
  EXPECT_EQ(Get("/../etc/passwd")->status, 404);
  EXPECT_EQ(
      httplib::Client("127.0.0.1", server_->port()).Post("/metrics", "x", "text/plain")->status,
      404);
}

TEST_F(Admin, AnswersMoreClientsThanItHasThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n) answered += Get("/healthz")->status == 200;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 160);
}

TEST_F(Admin, RefusesAPortThatIsTaken) {
  AdminOptions options;
  options.port = server_->port();
  EXPECT_EQ(AdminServer::Start(options, registry_).status().code(), absl::StatusCode::kUnavailable);
  options.threads = 0;
  EXPECT_EQ(AdminServer::Start(options, registry_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(Admin, AnswersNothingOnceStopped) {
  const int port = server_->port();
  server_->Stop();
  server_->Stop();
  EXPECT_FALSE(httplib::Client("127.0.0.1", port).Get("/healthz"));
  AdminOptions options;
  options.port = port;
  EXPECT_TRUE(AdminServer::Start(options, registry_).ok());
}

TEST(AdminStart, StopsAtOnceManyTimes) {
  telemetry::Registry registry;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(AdminServer::Start({}, registry).ok());
}

TEST(AdminPeers, WhoAreNotNamedReadNothing) {
  telemetry::Registry registry;
  std::string allowed = "127.0.0.1";
  AdminOptions options;
  options.allows = [&allowed](const std::string& address) { return address == allowed; };
  const auto server = AdminServer::Start(options, registry);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto status = [&] {
    const auto answer = httplib::Client("127.0.0.1", (*server)->port()).Get("/metrics");
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(status(), 200);
  allowed = "10.0.0.7";
  EXPECT_EQ(status(), 403);
}

}  // namespace
}  // namespace tongjian::web
