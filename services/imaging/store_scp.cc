#include "services/imaging/store_scp.h"

#include <utility>

#include "common/base/status.h"

namespace tongjian::imaging {
namespace {

class Sink final : public dicom::StoreSink {
 public:
  Sink(Ingest& ingest, std::unique_ptr<blob::Writer> writer, std::shared_ptr<TouchLog> log,
       Arrival arrival)
      : ingest_(ingest),
        writer_(std::move(writer)),
        log_(std::move(log)),
        arrival_(std::move(arrival)) {}

  absl::Status Append(std::string_view bytes) override { return writer_->Append(bytes); }

  absl::Status Finish(const dicom::Header& header) override {
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

  void Abandon() override { writer_.reset(); }

 private:
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
    peers_.RecordRefusal(info, "C-STORE", peer.status());
    return peer.status();
  }
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<blob::Writer> writer, blobs_.Create());
  Arrival arrival;
  arrival.facility_id = peer->facility_id;
  arrival.device_id = peer->device ? peer->device->id : "";
  arrival.device_ae_title = info.calling_ae;
  arrival.receipt_time = clock_.Now();
  return std::make_unique<Sink>(ingest_, std::move(writer), peers_.LogOf(info, *peer),
                                std::move(arrival));
}

}  // namespace tongjian::imaging
