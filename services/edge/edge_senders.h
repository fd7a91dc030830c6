// The clinic's devices as common/acquisition asks for them.
#pragma once

#include "common/acquisition/senders.h"
#include "common/base/clock.h"
#include "services/edge/devices.h"

namespace tongjian::edge {

// Safe for concurrent use; what it is given must outlive it.
class EdgeSenders final : public acquisition::Senders {
 public:
  EdgeSenders(Devices& devices, rpc::AuditSink& audit, const base::Clock& clock)
      : devices_(devices), audit_(audit), clock_(clock) {}

  absl::StatusOr<acquisition::Sender> Identify(const dicom::AssociationInfo& info) override;
  rpc::Trail TrailOf(const dicom::AssociationInfo& info, std::string_view operation) override;
  // Once an association, operation and code.
  void Refused(const dicom::AssociationInfo& info, std::string_view operation,
               const absl::Status& refusal) override;

 private:
  Devices& devices_;
  rpc::AuditSink& audit_;
  const base::Clock& clock_;
};

}  // namespace tongjian::edge
