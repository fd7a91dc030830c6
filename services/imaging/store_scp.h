// C-STORE at the hub: objects from devices and PACS that reach it themselves.
#pragma once

#include "common/dicom/service.h"
#include "services/imaging/dicom_peers.h"
#include "services/imaging/ingest.h"

namespace tongjian::imaging {

// Streams each object to the blob store and answers success once object and rows are durable.
// Memory is one PDU. Safe for concurrent use; what it is given must outlive it.
class StoreScp final : public dicom::StoreHandler {
 public:
  StoreScp(DicomPeers& peers, blob::Store& blobs, Ingest& ingest, const base::Clock& clock)
      : peers_(peers), blobs_(blobs), ingest_(ingest), clock_(clock) {}

  absl::StatusOr<std::unique_ptr<dicom::StoreSink>> Begin(
      const dicom::AssociationInfo& info, const dicom::StoreRequest& request) override;
  void Refused(const dicom::AssociationInfo& info, const absl::Status& refusal) override;

 private:
  DicomPeers& peers_;
  blob::Store& blobs_;
  Ingest& ingest_;
  const base::Clock& clock_;
};

}  // namespace tongjian::imaging
