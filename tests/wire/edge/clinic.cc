#include "tests/wire/edge/clinic.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/config/settings.h"
#include "common/dicom/part10.h"
#include "common/dicom/uid.h"
#include "common/security/key_file.h"
#include "services/audit/module.h"
#include "services/edge/module.h"
#include "services/exchange/module.h"
#include "services/imaging/module.h"
#include "services/orders/module.h"
#include "services/registry/module.h"
#include "tongjian/edge/v1/edge.grpc.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {
namespace {

constexpr char kSecondaryCapture[] = "1.2.840.10008.5.1.4.1.1.7";

absl::StatusOr<std::unique_ptr<runtime::Process>> Launch(runtime::ProcessOptions options,
                                                      const std::string& program,
                                                      const std::vector<runtime::ModuleEntry>& table,
                                                      const std::vector<std::string>& flags,
                                                      const base::Clock& clock) {
  config::Settings settings("test");
  for (const runtime::ModuleEntry& entry : table) {
    if (entry.describe != nullptr) entry.describe(settings);
  }
  TJ_TRY(settings.Parse(flags, {}));
  options.admin_port = -1;
  options.drain = absl::ZeroDuration();
  options.grace = absl::Seconds(2);
  options.log_level = "error";
  options.blob_reserve = config::MiB(1);
  TJ_ASSIGN_OR_RETURN(auto process, runtime::Process::Open(options, program, table, clock));
  TJ_TRY(process->Start());
  return process;
}

class Bytes final : public dicom::ObjectSource {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t taken = std::min(size, bytes_.size() - at_);
    std::memcpy(buffer, bytes_.data() + at_, taken);
    at_ += taken;
    return taken;
  }

 private:
  const std::string bytes_;
  size_t at_ = 0;
};

std::string FileOf(const ObjectWords& words) {
  namespace tags = dicom::tags;
  dicom::Dataset dataset;
  dataset.Set(tags::kSpecificCharacterSet, "ISO_IR 192");
  dataset.Set(tags::kSopClassUid, kSecondaryCapture);
  dataset.Set(tags::kSopInstanceUid, words.sop_uid);
  dataset.Set(tags::kStudyInstanceUid, words.study_uid);
  dataset.Set(tags::kSeriesInstanceUid, words.study_uid + ".1");
  dataset.Set(tags::kModality, "DX");
  dataset.Set(tags::kAccessionNumber, words.accession_number);
  dataset.Set(tags::kPatientId, words.patient_id);
  dataset.Set(tags::kPatientName, words.patient_name);
  dataset.SetElement(tags::kPixelData,
                     {.vr = "OB", .values = {std::string(words.pixel_bytes, words.pixel)}});
  const auto bytes = dicom::WriteDataset(dataset, dicom::uids::kExplicitLittleEndian,
                                         dicom::CharacterSet("ISO_IR 192"));
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return dicom::WriteMetaHeader(
             {kSecondaryCapture, words.sop_uid, std::string(dicom::uids::kExplicitLittleEndian), "DR1"}) +
         *bytes;
}

}  // namespace

void ClinicTest::SetUp() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tj-edge-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  std::filesystem::create_directories(folder_ + "/drop");
  auto authority = security::Authority::Create(folder_ + "/ca", "test", clock_);
  ASSERT_TRUE(authority.ok()) << authority.status();
  authority_ = *std::move(authority);
  StartHub();
  StartGateway();
}

void ClinicTest::TearDown() {
  StopGateway();
  StopHub();
  std::filesystem::remove_all(folder_);
}

void ClinicTest::StartHub() {
  runtime::ProcessOptions options;
  options.state = folder_ + "/hub";
  options.authority = "test";
  options.ca = folder_ + "/ca";
  options.listen = absl::StrCat("127.0.0.1:", hub_port_);
  auto hub = Launch(options, "hub",
                 {registry::RegistryModule(), imaging::ImagingModule(), orders::OrdersModule(),
                  exchange::ExchangeModule(), audit::AuditModule()},
                 {absl::StrCat("--registry.seed-file=", TJ_SOURCE_DIR, "/deploy/community/jinhua.json"),
                  "--audit.sources=registry,imaging,orders,exchange,audit", "--audit.head-interval=1s"},
                 clock_);
  ASSERT_TRUE(hub.ok()) << hub.status();
  hub_ = *std::move(hub);
  hub_port_ = hub_->ports().rpc;
}

void ClinicTest::StopHub() { hub_.reset(); }

void ClinicTest::StartGateway() {
  const security::CredentialFiles files = Machine("gateway");
  runtime::ProcessOptions options;
  options.state = folder_ + "/gateway";
  options.authority = "edge";
  options.listen = "127.0.0.1:0";
  options.certificate = files.certificate_chain;
  options.private_key = files.private_key;
  options.client_authorities = files.authorities;
  options.dicom_port = 0;
  auto gateway = Launch(options, "edge", {EdgeModule("test")},
                     {absl::StrCat("--edge.hub=127.0.0.1:", hub_port_),
                      "--edge.certificate=" + files.certificate_chain,
                      "--edge.private-key=" + files.private_key,
                      "--edge.hub-authorities=" + files.authorities, "--edge.quiet-time=1s",
                      absl::StrCat("--edge.urgent-devices=", kEmergencyRoom),
                      "--edge.drop-folder=" + folder_ + "/drop"},
                     clock_);
  ASSERT_TRUE(gateway.ok()) << gateway.status();
  gateway_ = *std::move(gateway);
}

void ClinicTest::StopGateway() { gateway_.reset(); }

security::CredentialFiles ClinicTest::Machine(const std::string& role) {
  const std::string base = folder_ + "/" + role;
  const security::CredentialFiles files = {base + ".pem", base + ".key", folder_ + "/ca/ca.pem"};
  if (std::filesystem::exists(files.certificate_chain)) return files;
  const auto issued = authority_->IssueWithNewKey({.role = *security::ParseMachineRole(role),
                                                   .facility_id = kClinic,
                                                   .dns_names = {"localhost"},
                                                   .ip_addresses = {"127.0.0.1"}},
                                                  absl::Hours(24 * 90));
  EXPECT_TRUE(issued.ok()) << issued.status();
  EXPECT_TRUE(security::WriteDurably(files.private_key, issued->private_key_pem,
                                     security::FileMode::kSecret)
                  .ok());
  EXPECT_TRUE(security::WriteDurably(files.certificate_chain, issued->certificate_pem,
                                     security::FileMode::kPublic)
                  .ok());
  return files;
}

std::shared_ptr<grpc::Channel> ClinicTest::To(int port, std::shared_ptr<grpc::Channel>& kept,
                                              int& kept_port) {
  if (kept != nullptr && kept_port == port) return kept;
  const auto channel = rpc::OpenChannel({.address = absl::StrCat("127.0.0.1:", port),
                                         .files = Machine("his"),
                                         .reconnect_max = absl::Seconds(1)});
  EXPECT_TRUE(channel.ok()) << channel.status();
  kept = *channel;
  kept_port = port;
  return kept;
}

std::shared_ptr<grpc::Channel> ClinicTest::ToGateway() {
  return To(gateway_->ports().rpc, gateway_channel_, gateway_channel_port_);
}

absl::StatusOr<orders::v1::Order> ClinicTest::Order(const std::string& request_id,
                                                    const std::string& patient) {
  orders::v1::CreateOrderRequest request;
  request.set_request_id(request_id);
  orders::v1::Order& order = *request.mutable_order();
  order.set_ordering_facility_id(kClinic);
  order.mutable_patient()->set_facility_id(kClinic);
  order.mutable_patient()->set_facility_patient_id(patient);
  order.mutable_patient()->set_name("张三");
  orders::v1::OrderItem& item = *order.add_items();
  item.set_name("胸部正位");
  item.set_modality("DX");
  orders::v1::Order created;
  TJ_TRY(AtGateway<orders::v1::OrderService>(&orders::v1::OrderService::Stub::CreateOrder, request,
                                             &created));
  return created;
}

absl::StatusOr<orders::v1::Order> ClinicTest::AtGatewayById(const std::string& id) {
  orders::v1::GetOrderRequest request;
  request.set_id(id);
  orders::v1::Order order;
  using orders::v1::OrderService;
  TJ_TRY(AtGateway<OrderService>(&OrderService::Stub::GetOrder, request, &order));
  return order;
}

void ClinicTest::AwaitNumbers() {
  ASSERT_TRUE(Soon([&] { return Status().accession_numbers_left() >= 3000; }));
}

v1::EdgeStatus ClinicTest::Status() {
  v1::EdgeStatus status;
  const absl::Status asked = AtGateway<v1::EdgeService>(&v1::EdgeService::Stub::GetStatus,
                                                        v1::GetStatusRequest(), &status);
  EXPECT_TRUE(asked.ok()) << asked;
  return status;
}

uint16_t ClinicTest::Send(const ObjectWords& words) {
  std::string file = FileOf(words);
  file.resize(file.size() - words.cut_bytes);
  dicom::StoredObject object = {
      kSecondaryCapture, words.sop_uid, std::string(dicom::uids::kExplicitLittleEndian),
      [file]() -> absl::StatusOr<std::unique_ptr<dicom::ObjectSource>> {
        return std::make_unique<Bytes>(file);
      }};
  auto scu = dicom::Scu::Open({.calling_ae = words.calling_ae,
                               .host = "127.0.0.1",
                               .port = static_cast<uint16_t>(gateway_->ports().dicom)},
                              dicom::ContextsFor({object}));
  EXPECT_TRUE(scu.ok()) << scu.status();
  if (!scu.ok()) return 0xFFFF;
  const auto outcome = (*scu)->Store(object);
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.ok() ? outcome->status : 0xFFFF;
}

std::vector<dicom::Dataset> ClinicTest::Worklist() {
  const std::string find(dicom::uids::kModalityWorklistFind);
  auto scu = dicom::Scu::Open({.calling_ae = "DR1",
                               .host = "127.0.0.1",
                               .port = static_cast<uint16_t>(gateway_->ports().dicom)},
                              {{find, {std::string(dicom::uids::kExplicitLittleEndian)}}});
  EXPECT_TRUE(scu.ok()) << scu.status();
  std::vector<dicom::Dataset> found;
  if (!scu.ok()) return found;
  dicom::Dataset query;
  for (const dicom::Tag tag : {dicom::tags::kAccessionNumber, dicom::tags::kPatientName,
                               dicom::tags::kPatientId, dicom::tags::kStudyInstanceUid}) {
    query.Set(tag, "");
  }
  const absl::Status answered = (*scu)->Find(find, query, [&](const dicom::Dataset& match) {
    found.push_back(match);
    return true;
  });
  EXPECT_TRUE(answered.ok()) << answered;
  return found;
}

bool ClinicTest::Soon(const std::function<bool()>& holds) {
  for (int i = 0; i < 600; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

}  // namespace tongjian::edge
