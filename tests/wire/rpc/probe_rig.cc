#include "tests/wire/rpc/probe_rig.h"

#include <stdlib.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/reactor.h"
#include "common/security/key_file.h"
#include "common/store/feed.h"

namespace tongjian::rpc {

absl::Status ProbeGrpc::Do(Call& call, const pb::ProbeRequest& request, pb::ProbeResponse* out) {
  call.trail().TouchPatient(request.patient_id());
  {
    const std::lock_guard lock(mutex_);
    served_.push_back(security::Originator(call.caller()).facility_id);
  }
  out->set_caller(security::Describe(call.caller()));
  out->set_request_id(call.request_id());
  if (request.deed() == "fail") return base::InvalidField("deed", "is fail");
  if (request.deed() == "throw") throw std::runtime_error("王小明");
  if (request.deed() == "wait") {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return free_; });
  }
  return absl::OkStatus();
}

void ProbeGrpc::AwaitWaiting() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_; });
}

void ProbeGrpc::LetGo() {
  const std::lock_guard lock(mutex_);
  free_ = true;
  changed_.notify_all();
}

std::vector<std::string> ProbeGrpc::Served() {
  const std::lock_guard lock(mutex_);
  return served_;
}

grpc::Status ProbeGrpc::Read(grpc::ServerContext* context, const pb::ProbeRequest* request,
                             pb::ProbeResponse* out) {
  return door_.Serve(context, "tongjian.probe.v1.ProbeService/Read",
                     [&](Call& call) { return Do(call, *request, out); });
}

grpc::Status ProbeGrpc::Write(grpc::ServerContext* context, const pb::ProbeRequest* request,
                              pb::ProbeResponse* out) {
  return door_.Serve(context, "tongjian.probe.v1.ProbeService/Write", [&](Call& call) {
    return database_.Write([&](store::Transaction& tx) -> absl::Status {
      call.trail().TouchPatient(request->patient_id());
      TJ_TRY(call.trail().WriteIn(tx));
      return Do(call, *request, out);
    });
  });
}

grpc::Status ProbeGrpc::Look(grpc::ServerContext* context, const pb::ProbeRequest* request,
                             pb::ProbeResponse* out) {
  return door_.Serve(context, "tongjian.probe.v1.ProbeService/Look",
                     [&](Call& call) { return Do(call, *request, out); });
}

grpc::Status ProbeGrpc::Knock(grpc::ServerContext* context, const pb::ProbeRequest* request,
                              pb::ProbeResponse* out) {
  return door_.Serve(context, "tongjian.probe.v1.ProbeService/Knock",
                     [&](Call& call) { return Do(call, *request, out); });
}

namespace {

// Writes one response and ends.
class WatchOnce final : public grpc::ServerWriteReactor<pb::ProbeResponse> {
 public:
  WatchOnce(std::unique_ptr<Call> call, const pb::ProbeRequest& request) : call_(std::move(call)) {
    call_->trail().TouchPatient(request.patient_id());
    response_.set_caller(security::Describe(call_->caller()));
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    Finish(call_->Close(ok ? absl::OkStatus() : absl::CancelledError("the reader went away")));
  }
  void OnDone() override { delete this; }

 private:
  std::unique_ptr<Call> call_;
  pb::ProbeResponse response_;
};

}  // namespace

grpc::ServerWriteReactor<pb::ProbeResponse>* ProbeGrpc::Watch(grpc::CallbackServerContext* context,
                                                              const pb::ProbeRequest* request) {
  grpc::Status refusal;
  auto call = door_.Open(context, "tongjian.probe.v1.ProbeService/Watch", &refusal);
  if (call == nullptr) return Refuse<grpc::ServerWriteReactor<pb::ProbeResponse>>(refusal);
  return new WatchOnce(std::move(call), *request);
}

GateOptions Rig::GateOptionsOf(const RigOptions& options) {
  GateOptions gate;
  gate.load = options.load;
  gate.turns = options.turns;
  gate.deadline_required = options.deadline_required;
  if (!options.closed) {
    gate.identity = {
        .tokens = verifier_.get(), .principals = principals_.get(), .revoked = revoked_.get()};
  }
  return gate;
}

Rig::Rig(RigOptions options) {
  char name[] = "/tmp/tongjian-rpc-XXXXXX";
  directory_ = mkdtemp(name);
  authority_ = *security::Authority::Create(directory_ + "/ca", "test", clock_);
  revoked_ = *security::RevocationList::Open(directory_ + "/revoked.txt");
  principals_ = *security::Principals::Open(directory_ + "/principal.key", clock_);
  issuer_ = *security::TokenIssuer::Open(directory_ + "/token.key", "hub", "tongjian", clock_);
  verifier_ = *security::TokenVerifier::Create(
      {{.issuer = issuer_->issuer(), .audience = issuer_->audience(), .jwks = issuer_->jwks()}},
      clock_);
  database_ = *store::Database::Open({.url = "sqlite:" + directory_ + "/probe.db", .name = "probe"},
                                     clock_);
  sink_ = std::make_unique<Sink>(*database_);
  gate_ = std::make_unique<Gate>(GateOptionsOf(options), clock_, metrics_);
  door_ = std::make_unique<Door>(*gate_, "probe", *sink_);
  grpc_ = std::make_unique<ProbeGrpc>(*door_, *database_);

  HostOptions host;
  host.plain_address = "127.0.0.1:0";
  host.client_certificate_required = options.client_certificate_required;
  if (options.tls) {
    host.address = "127.0.0.1:0";
    server_files_ = Certificate(security::MachineRole::kHub, "hub");
    host.files = server_files_;
    host.files_refresh = absl::Seconds(1);
  }
  host_ = std::make_unique<ServerHost>(host, *gate_);
  TJ_CHECK(host_->Register<pb::ProbeService>(*grpc_).ok());
  const absl::Status started = host_->Start();
  EXPECT_TRUE(started.ok()) << started;
}

Rig::~Rig() {
  grpc_->LetGo();
  host_.reset();
  std::filesystem::remove_all(directory_);
}

std::shared_ptr<grpc::Channel> Rig::Plain() {
  return *OpenChannel(
      {.address = absl::StrCat("127.0.0.1:", host_->plain_port()), .plaintext = true});
}

std::shared_ptr<grpc::Channel> Rig::Tls(const security::CredentialFiles& files) {
  auto channel =
      OpenChannel({.address = absl::StrCat("localhost:", host_->port()), .files = files});
  EXPECT_TRUE(channel.ok()) << channel.status();
  return *channel;
}

absl::Status Rig::Invoke(Method method, const std::shared_ptr<grpc::Channel>& channel,
                         const OutgoingIdentity& identity, const security::Caller* behalf,
                         const std::string& deed) {
  const auto stub = pb::ProbeService::NewStub(channel);
  ClientCall call(identity, {.timeout = absl::Seconds(20), .behalf = behalf});
  pb::ProbeRequest request;
  request.set_patient_id("patient-1");
  request.set_deed(deed);
  return call.Result((stub.get()->*method)(call.context(), request, &response_));
}

OutgoingIdentity Rig::AsPerson(const std::string& role, const std::string& facility) {
  security::Claims claims;
  claims.user_id = "u1";
  claims.facility_id = facility;
  claims.roles = {role};
  return OutgoingIdentity::Person(*issuer_->Issue(claims, absl::Hours(1)));
}

security::CredentialFiles Rig::Certificate(security::MachineRole role,
                                           const std::string& facility) {
  const std::string prefix = absl::StrCat(directory_, "/certificate", ++certificates_);
  const security::CredentialFiles files{.certificate_chain = prefix + ".pem",
                                        .private_key = prefix + ".key",
                                        .authorities = prefix + "-ca.pem"};
  Renew(files, role, facility);
  return files;
}

void Rig::Renew(const security::CredentialFiles& files, security::MachineRole role,
                const std::string& facility) {
  const auto issued = authority_->IssueWithNewKey({.role = role,
                                                   .facility_id = facility,
                                                   .dns_names = {"localhost"},
                                                   .ip_addresses = {"127.0.0.1"}},
                                                  absl::Hours(24));
  TJ_CHECK(issued.ok());
  last_serial_ = issued->serial;
  using security::FileMode;
  TJ_CHECK(
      security::WriteDurably(files.private_key, issued->private_key_pem, FileMode::kSecret).ok());
  TJ_CHECK(
      security::WriteDurably(files.certificate_chain, issued->certificate_pem, FileMode::kPublic)
          .ok());
  TJ_CHECK(
      security::WriteDurably(files.authorities, authority_->certificate_pem(), FileMode::kPublic)
          .ok());
}

std::vector<audit::v1::AuditRecord> Rig::Trail() {
  std::vector<audit::v1::AuditRecord> records;
  const auto page = database_->feed().Read(store::kAuditStream, "", std::nullopt, 1000);
  EXPECT_TRUE(page.ok()) << page.status();
  for (const store::Event& event : page->events) {
    EXPECT_TRUE(records.emplace_back().ParseFromString(event.payload));
  }
  return records;
}

}  // namespace tongjian::rpc
