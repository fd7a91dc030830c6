// C-STORE at the gateway: accepted means safe.
#pragma once

#include "common/blob/store.h"
#include "common/dicom/service.h"
#include "services/edge/device_time.h"
#include "services/edge/devices.h"
#include "services/edge/spool_store.h"

namespace tongjian::edge {

// Streams each object into the spool and answers success once bytes and row are durable. Memory is
// one PDU. Safe for concurrent use; what it is given must outlive it.
class StoreScp final : public dicom::StoreHandler {
 public:
  StoreScp(Devices& devices, blob::Store& blobs, Spool& spool, rpc::AuditSink& audit,
           ClockRules rules, const base::Clock& clock)
      : devices_(devices),
        blobs_(blobs),
        spool_(spool),
        audit_(audit),
        rules_(rules),
        clock_(clock) {}

  absl::StatusOr<std::unique_ptr<dicom::StoreSink>> Begin(
      const dicom::AssociationInfo& info, const dicom::StoreRequest& request) override;
  void Refused(const dicom::AssociationInfo& info, const absl::Status& refusal) override;

 private:
  Devices& devices_;
  blob::Store& blobs_;
  Spool& spool_;
  rpc::AuditSink& audit_;
  const ClockRules rules_;
  const base::Clock& clock_;
};

}  // namespace tongjian::edge
