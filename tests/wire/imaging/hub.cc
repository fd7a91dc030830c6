#include "tests/wire/imaging/hub.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "common/security/digest.h"
#include "common/security/key_file.h"
#include "common/store/feed.h"

namespace tongjian::imaging {

Hub::Hub(HubOptions options)
    : archive("", &clock, 0, options.full ? std::numeric_limits<int64_t>::max() : 0),
      options_(std::move(options)) {
  const std::string& directory = archive.folder.path();
  authority_ = *security::Authority::Create(directory + "/ca", "test", clock);
  revoked_ = *security::RevocationList::Open(directory + "/revoked.txt");
  principals_ = *security::Principals::Open(directory + "/principal.key", clock);
  sink_ = std::make_unique<rpc::DatabaseAuditSink>(*archive.database);
  gate_ = std::make_unique<rpc::Gate>(
      rpc::GateOptions{.identity = {.principals = principals_.get(), .revoked = revoked_.get()}},
      clock, archive.metrics);
  door_ = std::make_unique<rpc::Door>(*gate_, "imaging", *sink_);
  uploads_ = std::make_unique<Uploads>(options_.uploads, *archive.database, *archive.blobs,
                                       *archive.ingest, clock);
  workers_ = std::make_unique<Workers>(4);
  ingest_grpc_ = std::make_unique<IngestGrpc>(
      *archive.database, UploadParts{*uploads_, archive.places, *workers_, clock}, *archive.desk,
      *door_);
  study_grpc_ = std::make_unique<StudyGrpc>(*archive.database, *archive.blobs, *archive.desk,
                                            *workers_, *door_);
  rpc::HostOptions host;
  host.address = "127.0.0.1:0";
  host.files = Certificate(security::MachineRole::kHub, "hub");
  host_ = std::make_unique<rpc::ServerHost>(host, *gate_);
  TJ_CHECK(host_->Register<v1::IngestService>(*ingest_grpc_).ok());
  TJ_CHECK(host_->Register<v1::StudyService>(*study_grpc_).ok());
  const absl::Status started = host_->Start();
  EXPECT_THAT(started, IsOk());
  host_->SetServing(true);
  if (options_.dicom) StartDicom();
}

Hub::~Hub() {
  listener_.reset();
  host_.reset();
  workers_.reset();
}

void Hub::StartDicom() {
  peers_ = std::make_unique<DicomPeers>(archive.places, options_.default_facility, *sink_, clock);
  store_ = std::make_unique<StoreScp>(*peers_, *archive.blobs, *archive.ingest, clock);
  queries_ = std::make_unique<Queries>(*archive.database, *archive.blobs, QueryLimits());
  find_ = std::make_unique<StudyFind>(*peers_, *queries_,
                                      FindOptions{.retrieve_ae_title = "TONGJIAN"});
  retrieval_ =
      std::make_unique<Retrieval>(*peers_, *queries_, *archive.blobs, RetrieveOptions());
  move_ = std::make_unique<StudyMove>(*peers_, archive.places, *retrieval_);
  get_ = std::make_unique<StudyGet>(*peers_, *archive.database, *retrieval_);
  dicom::ListenerOptions options;
  options.endpoints = {dicom::Endpoint{.port = 0}};
  listener_ = std::make_unique<dicom::Listener>(options);
  listener_->OnStore(*store_);
  for (const auto uid : {dicom::uids::kPatientRootFind, dicom::uids::kStudyRootFind})
    listener_->OnFind(uid, *find_);
  for (const auto uid : {dicom::uids::kPatientRootMove, dicom::uids::kStudyRootMove})
    listener_->OnMove(uid, *move_);
  for (const auto uid : {dicom::uids::kPatientRootGet, dicom::uids::kStudyRootGet})
    listener_->OnGet(uid, *get_);
  const absl::Status started = listener_->Start();
  EXPECT_THAT(started, IsOk());
}

security::CredentialFiles Hub::Certificate(security::MachineRole role,
                                           const std::string& facility) {
  const std::string prefix = absl::StrCat(archive.folder.path(), "/certificate", ++certificates_);
  const security::CredentialFiles files{.certificate_chain = prefix + ".pem",
                                        .private_key = prefix + ".key",
                                        .authorities = prefix + "-ca.pem"};
  const auto issued = authority_->IssueWithNewKey({.role = role,
                                                   .facility_id = facility,
                                                   .dns_names = {"localhost"},
                                                   .ip_addresses = {"127.0.0.1"}},
                                                  absl::Hours(24));
  TJ_CHECK(issued.ok());
  using security::FileMode;
  TJ_CHECK(
      security::WriteDurably(files.private_key, issued->private_key_pem, FileMode::kSecret).ok());
  TJ_CHECK(
      security::WriteDurably(files.certificate_chain, issued->certificate_pem, FileMode::kPublic)
          .ok());
  TJ_CHECK(
      security::WriteDurably(files.authorities, authority_->certificate_pem(), FileMode::kPublic)
          .ok());
  return files;
}

std::shared_ptr<grpc::Channel> Hub::Gateway(const std::string& facility) {
  auto channel =
      rpc::OpenChannel({.address = absl::StrCat("localhost:", host_->port()),
                        .files = Certificate(security::MachineRole::kGateway, facility)});
  EXPECT_TRUE(channel.ok()) << channel.status();
  return *channel;
}

std::vector<audit::v1::AuditRecord> Hub::Trail() {
  std::vector<audit::v1::AuditRecord> records;
  const auto page = archive.database->feed().Read(store::kAuditStream, "", std::nullopt, 1000);
  EXPECT_TRUE(page.ok()) << page.status();
  for (const store::Event& event : page->events)
    EXPECT_TRUE(records.emplace_back().ParseFromString(event.payload));
  return records;
}

absl::StatusOr<std::string> Hub::ReadInstance(const std::string& study_id,
                                              const std::string& sop_instance_uid) {
  v1::ReadInstanceRequest request;
  request.set_study_id(study_id);
  request.set_sop_instance_uid(sop_instance_uid);
  rpc::ClientCall call(AsService(), {.timeout = absl::Seconds(60)});
  const auto stub = v1::StudyService::NewStub(Inside());
  const auto reader = stub->ReadInstance(call.context(), request);
  std::string content, digest;
  v1::ReadInstanceResponse message;
  while (reader->Read(&message)) {
    if (!message.digest().empty()) digest = message.digest();
    content += message.data();
  }
  TJ_TRY(call.Result(reader->Finish()));
  if (security::Sha256Text(content) != digest)
    return absl::DataLossError("not what the first message promised");
  return content;
}

UploadClient::UploadClient(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(v1::IngestService::NewStub(channel)) {
  context_.set_wait_for_ready(true);
  stream_ = stub_->Upload(&context_);
}

void UploadClient::Begin(const Object& object) {
  v1::UploadRequest request;
  v1::UploadBegin& begin = *request.mutable_begin();
  begin.set_upload_id(object.upload_id);
  begin.set_size(static_cast<int64_t>(object.bytes.size()));
  begin.set_digest(security::Sha256Text(object.bytes));
  begin.set_facility_id(object.facility);
  begin.set_device_ae_title("DR1");
  begin.set_priority(static_cast<common::v1::Priority>(object.priority));
  stream_->Write(request);
}

void UploadClient::SendChunk(int64_t offset, std::string_view bytes) {
  SendChunk(offset, bytes, security::Crc32c(bytes));
}

void UploadClient::SendChunk(int64_t offset, std::string_view bytes, uint32_t crc32c) {
  v1::UploadRequest request;
  request.mutable_chunk()->set_offset(offset);
  request.mutable_chunk()->set_data(std::string(bytes));
  request.mutable_chunk()->set_crc32c(crc32c);
  stream_->Write(request);
}

void UploadClient::Finish(const std::string& upload_id) {
  v1::UploadRequest request;
  request.mutable_finish()->set_upload_id(upload_id);
  stream_->Write(request);
}

v1::UploadResponse UploadClient::Next() {
  v1::UploadResponse response;
  if (!stream_->Read(&response)) response.Clear();
  return response;
}

v1::UploadResponse UploadClient::NextEnd() {
  v1::UploadResponse response = Next();
  while (response.has_state()) response = Next();
  return response;
}

v1::UploadResponse UploadClient::Send(const Object& object, size_t chunk_size) {
  Begin(object);
  const v1::UploadResponse first = Next();
  if (!first.has_state() || first.state().complete()) return first.has_state() ? NextEnd() : first;
  for (size_t at = static_cast<size_t>(first.state().committed_size()); at < object.bytes.size();
       at += chunk_size) {
    SendChunk(static_cast<int64_t>(at), std::string_view(object.bytes).substr(at, chunk_size));
  }
  Finish(object.upload_id);
  return NextEnd();
}

void UploadClient::Break() {
  context_.TryCancel();
  while (Next().answer_case() != v1::UploadResponse::ANSWER_NOT_SET) {
  }
}

grpc::Status UploadClient::End() {
  stream_->WritesDone();
  while (Next().answer_case() != v1::UploadResponse::ANSWER_NOT_SET) {
  }
  return stream_->Finish();
}

}  // namespace tongjian::imaging
