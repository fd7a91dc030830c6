#include "services/imaging/store_scp.h"

#include <utility>

#include "common/base/status.h"

namespace tongjian::imaging {
namespace {

constexpr char kOperation[] = "C-STORE";

class Sink final : public dicom::StoreSink {
 public:
  Sink(DicomPeers& peers, dicom::AssociationInfo info, Ingest& ingest,
       std::unique_ptr<blob::Writer> writer, std::shared_ptr<TouchLog> log, Arrival arrival)
      : peers_(peers),
        info_(std::move(info)),
        ingest_(ingest),
        writer_(std::move(writer)),
        log_(std::move(log)),
        arrival_(std::move(arrival)) {}

  absl::Status Append(std::string_view bytes) override { return writer_->Append(bytes); }

  absl::Status Finish(const dicom::Header& header) override {
    const absl::Status kept = Keep(header);
    if (!kept.ok()) peers_.RecordRefusal(info_, log_->deed().caller, kOperation, kept);
    return kept;
  }

  void Abandon() override { writer_.reset(); }

 private:
  absl::Status Keep(const dicom::Header& header) {
    TJ_ASSIGN_OR_RETURN(arrival_.receipt, writer_->Commit());
    writer_.reset();
    arrival_.header = &header;
    TJ_ASSIGN_OR_RETURN(const Stored stored,
                        ingest_.Store(arrival_, [this](store::Transaction& tx, const Stored& what) {
                          return log_->WriteIn(tx, what);
                        }));
    log_->Done(stored);
    return absl::OkStatus();
  }

  DicomPeers& peers_;
  const dicom::AssociationInfo info_;
  Ingest& ingest_;
  std::unique_ptr<blob::Writer> writer_;
  const std::shared_ptr<TouchLog> log_;
  Arrival arrival_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<dicom::StoreSink>> StoreScp::Begin(
    const dicom::AssociationInfo& info, const dicom::StoreRequest&) {
  const absl::StatusOr<DicomPeer> peer = peers_.Identify(info);
  if (!peer.ok()) {
    peers_.RecordRefusal(info, kOperation, peer.status());
    return peer.status();
  }
  absl::StatusOr<std::unique_ptr<blob::Writer>> writer = blobs_.Create();
  if (!writer.ok()) {
    peers_.RecordRefusal(info, peer->caller, kOperation, writer.status());
    return writer.status();
  }
  Arrival arrival;
  arrival.facility_id = peer->facility_id;
  arrival.device_id = peer->device ? peer->device->id : "";
  arrival.device_ae_title = info.calling_ae;
  arrival.receipt_time = clock_.Now();
  return std::make_unique<Sink>(peers_, info, ingest_, *std::move(writer),
                                peers_.LogOf(info, *peer), std::move(arrival));
}

void StoreScp::Refused(const dicom::AssociationInfo& info, const absl::Status& refusal) {
  const absl::StatusOr<DicomPeer> peer = peers_.Identify(info);
  if (!peer.ok()) return peers_.RecordRefusal(info, kOperation, refusal);
  peers_.RecordRefusal(info, peer->caller, kOperation, refusal);
}

}  // namespace tongjian::imaging
