// The server's ports: TLS, identities from certificates, limits, stop.
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status.h"
#include "tests/wire/rpc/probe_rig.h"

namespace tongjian::rpc {
namespace {

using security::MachineRole;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Stub = pb::ProbeService::Stub;

TEST(Host, TakesTheFacilityFromTheClientsCertificate) {
  Rig rig({.tls = true});
  const auto channel = rig.Tls(rig.Certificate(MachineRole::kGateway, "f1"));
  const absl::Status status = rig.Invoke(&Stub::Read, channel, OutgoingIdentity::Machine());
  ASSERT_TRUE(status.ok()) << status;
  const auto trail = rig.Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].actor().kind(), "MACHINE");
  EXPECT_EQ(trail[0].actor().machine_role(), "gateway");
  EXPECT_EQ(trail[0].actor().facility_id(), "f1");
  EXPECT_EQ(trail[0].peer(), "127.0.0.1");
}

TEST(Host, LetsAGatewayForwardItsPerson) {
  Rig rig({.tls = true});
  security::Caller doctor;
  doctor.kind = security::CallerKind::kPerson;
  doctor.facility_id = "f1";
  doctor.user_id = "u7";
  doctor.roles = {"clinic_doctor"};
  const auto channel = rig.Tls(rig.Certificate(MachineRole::kGateway, "f1"));
  ASSERT_TRUE(rig.Invoke(&Stub::Read, channel, OutgoingIdentity::Machine(), &doctor).ok());
  EXPECT_EQ(rig.Trail().back().actor().on_behalf_of().user_id(), "u7");
  doctor.facility_id = "f2";
  EXPECT_EQ(rig.Invoke(&Stub::Read, channel, OutgoingIdentity::Machine(), &doctor).code(),
            absl::StatusCode::kPermissionDenied);
}

TEST(Host, KeepsIdentityPerCallAndNotPerConnection) {
  Rig rig({.tls = true});
  const auto channel = rig.Tls(rig.Certificate(MachineRole::kHis, "f1"));
  ASSERT_TRUE(rig.Invoke(&Stub::Read, channel, rig.AsPerson("clinic_doctor")).ok());
  ASSERT_TRUE(rig.Invoke(&Stub::Read, channel, OutgoingIdentity::Machine()).ok());
  const auto trail = rig.Trail();
  ASSERT_THAT(trail, SizeIs(2));
  EXPECT_EQ(trail[0].actor().kind(), "PERSON");
  EXPECT_EQ(trail[1].actor().kind(), "MACHINE");
  EXPECT_EQ(trail[1].actor().user_id(), "");
}

TEST(Host, LetsNobodyBringAPrincipalFromOutside) {
  Rig rig({.tls = true});
  const auto gateway = rig.Tls(rig.Certificate(MachineRole::kGateway, "f1"));
  EXPECT_EQ(rig.Invoke(&Stub::Look, gateway, rig.AsService()).code(),
            absl::StatusCode::kUnauthenticated);
  const auto bare = rig.Tls({.authorities = rig.Certificate(MachineRole::kHis, "f1").authorities});
  EXPECT_EQ(rig.Invoke(&Stub::Look, bare, rig.AsService()).code(),
            absl::StatusCode::kUnauthenticated);
  const auto hub = rig.Tls(rig.Certificate(MachineRole::kHub, "hub"));
  EXPECT_TRUE(rig.Invoke(&Stub::Look, hub, rig.AsService()).ok());
}

TEST(Host, ServesATokenWithoutACertificateUnlessOneIsRequired) {
  Rig rig({.tls = true});
  const auto bare = rig.Tls({.authorities = rig.Certificate(MachineRole::kHis, "f1").authorities});
  EXPECT_TRUE(rig.Invoke(&Stub::Read, bare, rig.AsPerson("clinic_doctor")).ok());

  Rig strict({.tls = true, .client_certificate_required = true});
  const auto strict_bare =
      strict.Tls({.authorities = strict.Certificate(MachineRole::kHis, "f1").authorities});
  EXPECT_EQ(strict.Invoke(&Stub::Read, strict_bare, strict.AsPerson("clinic_doctor")).code(),
            absl::StatusCode::kUnavailable);
}

TEST(Host, TurnsForeignCertificatesAwayInTheHandshake) {
  Rig rig({.tls = true});
  Rig other;
  security::CredentialFiles files = other.Certificate(MachineRole::kGateway, "f1");
  files.authorities =
      rig.Certificate(MachineRole::kHis, "f1").authorities;  // It trusts us, we do not trust it.
  EXPECT_EQ(rig.Invoke(&Stub::Read, rig.Tls(files), OutgoingIdentity::Machine()).code(),
            absl::StatusCode::kUnavailable);
}

TEST(Host, RefusesARevokedCertificateOnAnOpenConnection) {
  Rig rig({.tls = true});
  const auto channel = rig.Tls(rig.Certificate(MachineRole::kGateway, "f1"));
  ASSERT_TRUE(rig.Invoke(&Stub::Read, channel, OutgoingIdentity::Machine()).ok());
  ASSERT_TRUE(rig.revoked_->Add(rig.last_serial_).ok());
  EXPECT_EQ(rig.Invoke(&Stub::Read, channel, OutgoingIdentity::Machine()).code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(Host, UsesRenewedFilesForTheNextConnectionsOfBothEnds) {
  Rig rig({.tls = true});
  const security::CredentialFiles client = rig.Certificate(MachineRole::kGateway, "f1");
  const std::string old_client = rig.last_serial_;
  ASSERT_TRUE(rig.Invoke(&Stub::Read, rig.Tls(client), OutgoingIdentity::Machine()).ok());
  rig.Renew(client, MachineRole::kGateway, "f1");
  rig.Renew(rig.server_files_, MachineRole::kHub, "renewed");
  ASSERT_TRUE(rig.revoked_->Add(old_client).ok());
  // A new channel reads its own files at once; what it sees of the server changes within a second
  // or two.
  const absl::Time limit = absl::Now() + absl::Seconds(30);
  std::string seen;
  while (seen.find("renewed") == std::string::npos && absl::Now() < limit) {
    const auto stub = pb::ProbeService::NewStub(rig.Tls(client));
    ClientCall call(OutgoingIdentity::Machine(), {});
    ASSERT_TRUE(stub->Read(call.context(), {}, &rig.response_).ok());
    const auto names = call.context()->auth_context()->FindPropertyValues("peer_uri");
    ASSERT_FALSE(names.empty());
    seen.assign(names[0].data(), names[0].size());
  }
  EXPECT_THAT(seen, HasSubstr("renewed"));
}

TEST(Host, ServesNothingBeyondLoopbackWithoutTls) {
  Rig rig;
  ServerHost open({.plain_address = "0.0.0.0:0"}, *rig.gate_);
  EXPECT_EQ(open.Start().code(), absl::StatusCode::kFailedPrecondition);
  ServerHost without_files({.address = "127.0.0.1:0"}, *rig.gate_);
  const absl::Status status = without_files.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no TLS for 127.0.0.1:0"));
}

TEST(Host, SaysSoWhenThePortIsTaken) {
  Rig rig;
  ServerHost second({.plain_address = absl::StrCat("127.0.0.1:", rig.host_->plain_port())},
                    *rig.gate_);
  EXPECT_EQ(second.Start().code(), absl::StatusCode::kUnavailable);
}

TEST(Host, RefusesTooMuchMetadataAndTooLargeAMessage) {
  Rig rig({.tls = true});
  const auto stub =
      pb::ProbeService::NewStub(rig.Tls(rig.Certificate(MachineRole::kGateway, "f1")));
  ClientCall call(OutgoingIdentity::Machine(), {});
  call.context()->AddMetadata("x-large", std::string(20'000, 'x'));
  EXPECT_FALSE(stub->Look(call.context(), {}, &rig.response_).ok());

  ClientCall large(OutgoingIdentity::Machine(), {});
  pb::ProbeRequest request;
  request.set_deed(std::string(5 << 20, 'x'));
  EXPECT_EQ(stub->Look(large.context(), request, &rig.response_).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(Host, LetsRunningCallsEndWithinTheGrace) {
  Rig rig;
  absl::Status status = absl::UnknownError("not called");
  std::thread caller(
      [&] { status = rig.Invoke(&Stub::Look, rig.Plain(), rig.AsService(), nullptr, "wait"); });
  rig.grpc_->AwaitWaiting();
  std::thread stopper([&] { rig.host_->Shutdown(absl::Seconds(20)); });
  rig.grpc_->LetGo();
  stopper.join();
  caller.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(rig.host_->InProcessChannel(), nullptr);
}

}  // namespace
}  // namespace tongjian::rpc
