// A device of the clinic asks what it may delete, with and without a link to the hub.
#include <fstream>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "common/dicom/commitment.h"
#include "common/dicom/listener.h"
#include "common/dicom/uid.h"
#include "tests/wire/edge/clinic.h"
#include "tongjian/edge/v1/edge.grpc.pb.h"
#include "tongjian/imaging/v1/commitment.grpc.pb.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::edge {
namespace {

using dicom::CommitmentFailure;

const std::string kCommitment(dicom::uids::kStorageCommitment);
constexpr char kSecondaryCapture[] = "1.2.840.10008.5.1.4.1.1.7";

// A device's own port: it takes reports, or says that it cannot.
class Inbox final : public dicom::NormalizedHandler {
 public:
  absl::StatusOr<dicom::NormalizedReply> Handle(const dicom::AssociationInfo&,
                                                const dicom::NormalizedRequest& event) override {
    const std::lock_guard lock(mutex_);
    auto report = dicom::ReadReport(event);
    if (!report.ok()) return report.status();
    reports_.push_back(*std::move(report));
    return dicom::NormalizedReply();
  }
  std::vector<dicom::CommitmentResult> reports() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

 private:
  std::mutex mutex_;
  std::vector<dicom::CommitmentResult> reports_;
};

class AskingDevice : public ClinicTest {
 protected:
  void SetUp() override {
    ClinicTest::SetUp();
    Listen(0);
  }
  void TearDown() override {
    listener_.reset();
    ClinicTest::TearDown();
  }

  void Listen(uint16_t port) {
    listener_ = std::make_unique<dicom::Listener>(
        dicom::ListenerOptions{.endpoints = {dicom::Endpoint{.port = port}}});
    listener_->OnNormalized(kCommitment, inbox_);
    const absl::Status started = listener_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  // The registry learns of the device and its port, and the gateway of that.
  void Register(uint16_t port) {
    registry::v1::LogInRequest login;
    login.set_user_name("operator");
    std::string password;
    std::ifstream(folder_ + "/hub/files/registry/first-operator-password") >> password;
    login.set_password(password);
    const auto channel = rpc::OpenChannel({.address = absl::StrCat("127.0.0.1:", hub_port_),
                                           .files = {.authorities = folder_ + "/ca/ca.pem"}});
    ASSERT_TRUE(channel.ok());
    registry::v1::LogInResponse person;
    rpc::ClientCall first(rpc::OutgoingIdentity::Machine(), {.timeout = absl::Seconds(30)});
    const absl::Status logged = first.Result(
        registry::v1::AccountService::NewStub(*channel)->LogIn(first.context(), login, &person));
    ASSERT_TRUE(logged.ok()) << logged;
    registry::v1::CreateDeviceRequest request;
    request.set_request_id("device");
    registry::v1::Device& device = *request.mutable_device();
    device.set_id("dev-asking");
    device.set_facility_id(kClinic);
    device.set_name("DR");
    device.set_modality("DX");
    device.set_ae_title("DR1");
    device.set_address("127.0.0.1");
    device.set_port(port);
    device.set_active(true);
    registry::v1::Device made;
    rpc::ClientCall second(rpc::OutgoingIdentity::Person(person.token()), {});
    const absl::Status created = second.Result(
        registry::v1::DeviceService::NewStub(*channel)->CreateDevice(second.context(), request, &made));
    ASSERT_TRUE(created.ok()) << created;
  }

  // Asks and hangs up.
  absl::Status Ask(const std::string& transaction, const std::vector<std::string>& uids) {
    auto scu = dicom::Scu::Open({.calling_ae = "DR1",
                                 .host = "127.0.0.1",
                                 .port = static_cast<uint16_t>(gateway_->ports().dicom)},
                                {{kCommitment, {std::string(dicom::uids::kExplicitLittleEndian)}}});
    if (!scu.ok()) return scu.status();
    dicom::CommitmentRequest request = {.transaction_uid = transaction};
    for (const std::string& uid : uids) request.references.push_back({kSecondaryCapture, uid});
    return (*scu)->Call(dicom::CommitmentAction(request)).status();
  }
  ObjectWords Image(const std::string& uid) {
    return {.study_uid = study_, .sop_uid = uid, .patient_id = "P1", .patient_name = "ZHANG^SAN"};
  }
  imaging::v1::ListCommitmentsResponse AtTheGateway() {
    imaging::v1::ListCommitmentsResponse list;
    const absl::Status asked = AtGateway<v1::EdgeService>(
        &v1::EdgeService::Stub::ListCommitments, imaging::v1::ListCommitmentsRequest(), &list);
    EXPECT_TRUE(asked.ok()) << asked;
    return list;
  }

  const std::string study_ = dicom::NewUid();
  Inbox inbox_;
  std::unique_ptr<dicom::Listener> listener_;
};

TEST_F(AskingDevice, HearsWhatTheHubHasVerifiedOnceTheLinkIsBackAndBothHaveRestarted) {
  Register(listener_->port());
  const std::string image = dicom::NewUid(), never_sent = dicom::NewUid();
  StopHub();
  ASSERT_EQ(Send(Image(image)), 0);
  const std::string transaction = dicom::NewUid();
  ASSERT_TRUE(Ask(transaction, {image, never_sent}).ok());
  StopGateway();
  StartGateway();
  ASSERT_EQ(AtTheGateway().commitments_size(), 1);
  EXPECT_EQ(AtTheGateway().commitments(0).state(), imaging::v1::COMMITMENT_STATE_WAITING);
  EXPECT_TRUE(inbox_.reports().empty());

  StartHub();
  ASSERT_TRUE(Soon([&] { return inbox_.reports().size() == 1; })) << AtTheGateway().DebugString();
  const dicom::CommitmentResult report = inbox_.reports().front();
  EXPECT_EQ(report.transaction_uid, transaction);
  ASSERT_EQ(report.verdicts.size(), 2u);
  EXPECT_EQ(report.verdicts[0].reference.sop_instance_uid, image);
  EXPECT_EQ(report.verdicts[0].failure, CommitmentFailure::kNone);
  EXPECT_EQ(report.verdicts[1].reference.sop_instance_uid, never_sent);
  EXPECT_EQ(report.verdicts[1].failure, CommitmentFailure::kNoSuchInstance);
  ASSERT_TRUE(Soon([&] {
    return AtTheGateway().commitments(0).state() == imaging::v1::COMMITMENT_STATE_REPORTED;
  })) << AtTheGateway().DebugString();
  EXPECT_EQ(AtTheGateway().commitments(0).failed_count(), 1);
}

TEST_F(AskingDevice, ThatIsAwayIsTriedUntilItHears) {
  const uint16_t port = listener_->port();
  Register(port);
  listener_.reset();
  const std::string image = dicom::NewUid();
  ASSERT_EQ(Send(Image(image)), 0);
  ASSERT_TRUE(Ask(dicom::NewUid(), {image}).ok());
  ASSERT_TRUE(Soon([&] { return !AtTheGateway().commitments(0).last_error().empty(); }));
  Listen(port);
  ASSERT_TRUE(Soon([&] { return inbox_.reports().size() == 1; })) << AtTheGateway().DebugString();
  EXPECT_EQ(inbox_.reports().front().verdicts[0].failure, CommitmentFailure::kNone);
}

TEST_F(AskingDevice, WithoutARegisteredPortIsAFailureThatAPersonSeesAndTriesAgain) {
  const std::string image = dicom::NewUid();
  ASSERT_EQ(Send(Image(image)), 0);
  ASSERT_TRUE(Ask(dicom::NewUid(), {image}).ok());
  ASSERT_TRUE(Soon([&] {
    return AtTheGateway().commitments(0).state() == imaging::v1::COMMITMENT_STATE_FAILED;
  })) << AtTheGateway().DebugString();
  EXPECT_EQ(Status().alarms_size(), 1) << Status().DebugString();
  Register(listener_->port());
  const auto replay = [&](int count) {
    imaging::v1::ReplayCommitmentRequest request;
    request.set_request_id(absl::StrCat("again-", count));
    request.set_id(AtTheGateway().commitments(0).id());
    imaging::v1::Commitment commitment;
    return AtGateway<v1::EdgeService>(&v1::EdgeService::Stub::ReplayCommitment, request,
                                      &commitment);
  };
  // Until the gateway has heard of the port.
  int count = 0;
  ASSERT_TRUE(Soon([&] {
    if (AtTheGateway().commitments(0).state() == imaging::v1::COMMITMENT_STATE_FAILED) {
      EXPECT_TRUE(replay(++count).ok());
    }
    return inbox_.reports().size() == 1;
  })) << AtTheGateway().DebugString();
}

TEST_F(AskingDevice, MayNotUseATransactionForSomethingElse) {
  const std::string transaction = dicom::NewUid();
  ASSERT_TRUE(Ask(transaction, {"1.2.3"}).ok());
  EXPECT_TRUE(Ask(transaction, {"1.2.3"}).ok());
  const absl::Status other = Ask(transaction, {"1.2.4"});
  EXPECT_NE(std::string(other.message()).find("0131"), std::string::npos) << other;
}

}  // namespace
}  // namespace tongjian::edge
