// A server with one small service behind the real door, on a real database, with real keys.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/door.h"
#include "common/rpc/gate.h"
#include "common/rpc/host.h"
#include "common/security/authority.h"
#include "common/store/database.h"
#include "probe.grpc.pb.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::rpc {

namespace pb = probe::v1;

// A sink that can be told to fail, as a full disk would.
class Sink : public AuditSink {
 public:
  explicit Sink(store::Database& database) : real_(database) {}
  absl::Status Append(const audit::v1::AuditRecord& record) override {
    if (broken) return absl::ResourceExhaustedError("the disk is full");
    return real_.Append(record);
  }
  std::atomic<bool> broken{false};

 private:
  DatabaseAuditSink real_;
};

class ProbeGrpc final
    : public pb::ProbeService::WithCallbackMethod_Watch<pb::ProbeService::Service> {
 public:
  ProbeGrpc(const Door& door, store::Database& database) : door_(door), database_(database) {}

  grpc::Status Read(grpc::ServerContext* context, const pb::ProbeRequest* request,
                    pb::ProbeResponse* out) override;
  grpc::Status Write(grpc::ServerContext* context, const pb::ProbeRequest* request,
                     pb::ProbeResponse* out) override;
  grpc::Status Look(grpc::ServerContext* context, const pb::ProbeRequest* request,
                    pb::ProbeResponse* out) override;
  grpc::Status Knock(grpc::ServerContext* context, const pb::ProbeRequest* request,
                     pb::ProbeResponse* out) override;
  grpc::ServerWriteReactor<pb::ProbeResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const pb::ProbeRequest* request) override;

  // For the deed "wait": the call runs until LetGo.
  void AwaitWaiting();
  void LetGo();
  // The facilities whose calls ran, in the order in which they began.
  std::vector<std::string> Served();

 private:
  absl::Status Do(Call& call, const pb::ProbeRequest& request, pb::ProbeResponse* out);

  const Door& door_;
  store::Database& database_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  bool free_ = false;
  std::vector<std::string> served_;
};

struct RigOptions {
  bool closed = false;  // Nobody is believed.
  bool tls = false;     // A TLS port beside the loopback one.
  LoadLimits load = {};
  TurnLimits turns = {};
  bool deadline_required = true;
  bool client_certificate_required = false;
};

class Rig {
 public:
  explicit Rig(RigOptions options = {});
  ~Rig();

  std::shared_ptr<grpc::Channel> Inside() { return host_->InProcessChannel(); }
  std::shared_ptr<grpc::Channel> Plain();
  std::shared_ptr<grpc::Channel> Tls(const security::CredentialFiles& files);

  // A call to `method` by this caller. With principals from outside the process the loopback port
  // stands for "inside".
  using Method = grpc::Status (pb::ProbeService::Stub::*)(grpc::ClientContext*,
                                                          const pb::ProbeRequest&,
                                                          pb::ProbeResponse*);
  absl::Status Invoke(Method method, const std::shared_ptr<grpc::Channel>& channel,
                      const OutgoingIdentity& identity, const security::Caller* behalf = nullptr,
                      const std::string& deed = {});

  OutgoingIdentity AsService() { return OutgoingIdentity::Service(*principals_, "reading"); }
  OutgoingIdentity AsPerson(const std::string& role, const std::string& facility = "f1");
  // Files of a new certificate of the rig's authority.
  security::CredentialFiles Certificate(security::MachineRole role, const std::string& facility);
  // Another certificate and key into files that exist, as a renewal does.
  void Renew(const security::CredentialFiles& files, security::MachineRole role,
             const std::string& facility);

  std::vector<audit::v1::AuditRecord> Trail();

  base::SystemClock clock_;
  std::string directory_;
  telemetry::Registry metrics_;
  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<security::RevocationList> revoked_;
  std::unique_ptr<security::Principals> principals_;
  std::unique_ptr<security::TokenIssuer> issuer_;
  std::unique_ptr<security::TokenVerifier> verifier_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<Door> door_;
  std::unique_ptr<ProbeGrpc> grpc_;
  std::unique_ptr<ServerHost> host_;
  pb::ProbeResponse response_;  // Of the last Invoke.
  security::CredentialFiles server_files_;
  std::string last_serial_;  // Of the last Certificate.

 private:
  GateOptions GateOptionsOf(const RigOptions& options);
  int certificates_ = 0;
};

}  // namespace tongjian::rpc
