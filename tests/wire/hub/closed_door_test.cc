// Every method of every service refuses a stranger. The rules are those the services were
// registered with, so a service that goes round the door is found as well as a method whose rule is
// too wide.
#include "tests/wire/rpc/closed_door.h"

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

#include "common/base/clock.h"
#include "common/runtime/process.h"
#include "services/tongjian/modules.h"

namespace tongjian {
namespace {

using ::testing::ElementsAre;

class HubTest : public testing::Test {
 protected:
  HubTest() {
    char name[] = "/tmp/tongjian-hub-XXXXXX";
    directory_ = mkdtemp(name);
    runtime::ProcessOptions options;
    options.state = directory_;
    options.listen.clear();
    options.admin_port = -1;
    options.log_level = "error";
    options.log_file = directory_ + "/log";
    options.blob_reserve = config::MiB(1);
    auto process = runtime::Process::Open(options, "test", program::HubModules(), clock_);
    EXPECT_TRUE(process.ok()) << process.status();
    process_ = *std::move(process);
    const absl::Status started = process_->Start();
    EXPECT_TRUE(started.ok()) << started;
  }
  ~HubTest() override {
    process_.reset();
    std::filesystem::remove_all(directory_);
  }

  base::SystemClock clock_;
  std::string directory_;
  std::unique_ptr<runtime::Process> process_;
};

TEST_F(HubTest, AnswersEveryMethodUnauthenticatedToAStranger) {
  rpc::ServerHost& host = process_->runtime().host();
  const auto answers = rpc::CallEveryMethod(host.InProcessChannel(), host.rules());
  EXPECT_GT(answers.size(), 40u);
  for (const rpc::MethodAnswer& answer : answers) {
    if (answer.anonymous) continue;
    EXPECT_EQ(answer.code, absl::StatusCode::kUnauthenticated) << answer.method;
  }
}

TEST_F(HubTest, LetsStrangersLogInAndEnrollAndNothingElse) {
  std::set<std::string> anonymous;
  for (const auto& [method, rule] : process_->runtime().host().rules().rules()) {
    if (rule.anonymous) anonymous.insert(method);
  }
  EXPECT_THAT(anonymous, ElementsAre("tongjian.registry.v1.AccountService/LogIn",
                                     "tongjian.registry.v1.EnrollmentService/Enroll"));
}

}  // namespace
}  // namespace tongjian
