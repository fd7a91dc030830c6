// The hub's devices as common/acquisition asks for them.
#pragma once

#include "common/acquisition/senders.h"
#include "services/imaging/dicom_peers.h"

namespace tongjian::imaging {

// Safe for concurrent use; `peers` must outlive it.
class DeviceSenders final : public acquisition::Senders {
 public:
  explicit DeviceSenders(DicomPeers& peers) : peers_(peers) {}

  absl::StatusOr<acquisition::Sender> Identify(const dicom::AssociationInfo& info) override;
  rpc::Trail TrailOf(const dicom::AssociationInfo& info, std::string_view operation) override;
  void Refused(const dicom::AssociationInfo& info, std::string_view operation,
               const absl::Status& refusal) override;

 private:
  DicomPeers& peers_;
};

}  // namespace tongjian::imaging
