#include "tests/wire/registry/hub.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/config/settings.h"
#include "common/security/authority.h"
#include "common/security/key_file.h"
#include "services/registry/module.h"

namespace tongjian::registry {

void HubTest::SetUp() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tj-hub-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  const auto authority = security::Authority::Create(folder_ + "/ca", "test", clock_);
  ASSERT_TRUE(authority.ok()) << authority.status();
  Start();
}

void HubTest::TearDown() {
  Stop();
  std::filesystem::remove_all(folder_);
}

void HubTest::Start() {
  runtime::ProcessOptions options;
  runtime::ModuleEntry registry = RegistryModule();
  config::Settings settings("test");
  registry.describe(settings);
  const std::string seed = std::string(TJ_SOURCE_DIR) + "/deploy/community/jinhua.json";
  ASSERT_TRUE(settings.Parse({"--registry.seed-file=" + seed}, {}).ok());
  options.state = folder_ + "/state";
  options.authority = "test";
  options.listen = "127.0.0.1:0";
  options.names = {"localhost", "127.0.0.1"};
  options.ca = folder_ + "/ca";
  options.admin_port = -1;
  options.drain = absl::ZeroDuration();
  auto hub = runtime::Process::Open(options, "hub", {registry}, clock_);
  ASSERT_TRUE(hub.ok()) << hub.status();
  hub_ = *std::move(hub);
  ASSERT_TRUE(hub_->Start().ok());
}

Client HubTest::Service() {
  return {hub_->runtime().Channel("registry")(), hub_->runtime().Identity("orders")};
}

Client HubTest::Stranger() {
  rpc::ChannelOptions options;
  options.address = absl::StrCat("127.0.0.1:", hub_->ports().rpc);
  options.files.authorities = folder_ + "/ca/ca.pem";
  const auto channel = rpc::OpenChannel(options);
  EXPECT_TRUE(channel.ok()) << channel.status();
  return {*channel, rpc::OutgoingIdentity::Machine()};
}

Client HubTest::Person(const std::string& user_name, const std::string& password) {
  Client client = Stranger();
  pb::LogInRequest request;
  request.set_user_name(user_name);
  request.set_password(password);
  pb::LogInResponse response;
  const absl::Status status =
      client.Call<pb::AccountService>(&pb::AccountService::Stub::LogIn, request, &response);
  EXPECT_TRUE(status.ok()) << status;
  client.identity = rpc::OutgoingIdentity::Person(response.token());
  return client;
}

Client HubTest::Operator() {
  std::string password;
  std::ifstream(folder_ + "/state/files/registry/first-operator-password") >> password;
  return Person("operator", password);
}

Client HubTest::Machine(const std::string& facility_id, const std::string& role) {
  pb::CreateEnrollmentCodeRequest ask;
  ask.set_request_id(base::RandomHex(8));
  ask.set_facility_id(facility_id);
  ask.set_role(role);
  pb::CreateEnrollmentCodeResponse code;
  absl::Status status = Operator().Call<pb::EnrollmentService>(
      &pb::EnrollmentService::Stub::CreateEnrollmentCode, ask, &code);
  EXPECT_TRUE(status.ok()) << status;
  const auto key = security::MakeKeyAndRequest(facility_id);
  pb::EnrollRequest enroll;
  enroll.set_code(code.code());
  enroll.set_csr_pem(key->request_pem);
  pb::EnrollResponse enrolled;
  status = Stranger().Call<pb::EnrollmentService>(&pb::EnrollmentService::Stub::Enroll, enroll,
                                                  &enrolled);
  EXPECT_TRUE(status.ok()) << status;

  const std::string base = absl::StrCat(folder_, "/", facility_id, "-", role);
  EXPECT_TRUE(
      security::WriteDurably(base + ".key", key->private_key_pem, security::FileMode::kSecret)
          .ok());
  EXPECT_TRUE(
      security::WriteDurably(base + ".pem", enrolled.certificate_pem(), security::FileMode::kPublic)
          .ok());
  rpc::ChannelOptions options;
  options.address = absl::StrCat("127.0.0.1:", hub_->ports().rpc);
  options.files = {base + ".pem", base + ".key", folder_ + "/ca/ca.pem"};
  const auto channel = rpc::OpenChannel(options);
  EXPECT_TRUE(channel.ok()) << channel.status();
  return {*channel, rpc::OutgoingIdentity::Machine()};
}

Client HubTest::WithRole(const std::string& role, const std::string& facility_id) {
  const std::string password = base::RandomHex(12);
  pb::CreateAccountRequest request;
  request.set_request_id(base::RandomHex(8));
  request.set_password(password);
  pb::Account* account = request.mutable_account();
  account->set_user_name(absl::StrCat("u", base::RandomHex(4)));
  account->set_facility_id(facility_id);
  account->add_roles(role);
  account->set_active(true);
  pb::Account created;
  const absl::Status status = Operator().Call<pb::AccountService>(
      &pb::AccountService::Stub::CreateAccount, request, &created);
  EXPECT_TRUE(status.ok()) << status;
  return Person(created.user_name(), password);
}

}  // namespace tongjian::registry
