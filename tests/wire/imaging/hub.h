// The imaging service as it is reached: mutual TLS, loopback gRPC and DICOM, on a real archive.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/dicom/listener.h"
#include "common/rpc/channel.h"
#include "common/rpc/door.h"
#include "common/rpc/gate.h"
#include "common/rpc/host.h"
#include "common/security/authority.h"
#include "common/security/principal.h"
#include "services/imaging/find.h"
#include "services/imaging/ingest_grpc.h"
#include "services/imaging/move.h"
#include "services/imaging/store_scp.h"
#include "services/imaging/study_grpc.h"
#include "tests/unit/imaging/archive.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::imaging {

struct HubOptions {
  UploadOptions uploads = {};
  bool dicom = false;
  std::string default_facility;
  bool full = false;  // No room for objects.
};

class Hub {
 public:
  explicit Hub(HubOptions options = {});
  ~Hub();

  // A gateway's own connection, by its certificate.
  std::shared_ptr<grpc::Channel> Gateway(const std::string& facility);
  // A service of the hub.
  std::shared_ptr<grpc::Channel> Inside() { return host_->InProcessChannel(); }
  rpc::OutgoingIdentity AsService() {
    return rpc::OutgoingIdentity::Service(*principals_, "reading");
  }
  std::vector<audit::v1::AuditRecord> Trail();
  std::string DicomPort() const { return std::to_string(listener_->port()); }
  // What StudyService.ReadInstance streams.
  absl::StatusOr<std::string> ReadInstance(const std::string& study_id,
                                           const std::string& sop_instance_uid);

  base::SystemClock clock;
  Archive archive;

 private:
  void StartDicom();
  security::CredentialFiles Certificate(security::MachineRole role, const std::string& facility);

  const HubOptions options_;
  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<security::RevocationList> revoked_;
  std::unique_ptr<security::Principals> principals_;
  std::unique_ptr<rpc::DatabaseAuditSink> sink_;
  std::unique_ptr<rpc::Gate> gate_;
  std::unique_ptr<rpc::Door> door_;
  std::unique_ptr<Uploads> uploads_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<IngestGrpc> ingest_grpc_;
  std::unique_ptr<StudyGrpc> study_grpc_;
  std::unique_ptr<DicomPeers> peers_;
  std::unique_ptr<StoreScp> store_;
  std::unique_ptr<Queries> queries_;
  std::unique_ptr<StudyFind> find_;
  std::unique_ptr<Retrieval> retrieval_;
  std::unique_ptr<StudyMove> move_;
  std::unique_ptr<StudyGet> get_;
  std::unique_ptr<dicom::Listener> listener_;
  std::unique_ptr<rpc::ServerHost> host_;
  int certificates_ = 0;
};

// One Upload stream of a gateway.
class UploadClient {
 public:
  explicit UploadClient(const std::shared_ptr<grpc::Channel>& channel);

  struct Object {
    std::string upload_id;
    std::string bytes;
    std::string facility = "f1";
    int64_t priority = 0;
  };
  void Begin(const Object& object);
  void SendChunk(int64_t offset, std::string_view bytes);
  void SendChunk(int64_t offset, std::string_view bytes, uint32_t crc32c);
  void Finish(const std::string& upload_id);
  // The next answer; none set when the stream has ended.
  v1::UploadResponse Next();
  // The next answer that is `done` or `failure`.
  v1::UploadResponse NextEnd();
  // A whole object from where the hub has it; its end.
  v1::UploadResponse Send(const Object& object, size_t chunk_size = 64 << 10);
  // The connection breaks.
  void Break();
  grpc::Status End();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::IngestService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::UploadRequest, v1::UploadResponse>> stream_;
};

}  // namespace tongjian::imaging
