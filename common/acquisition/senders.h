// Who a device is to the service that answers it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/dicom/service.h"
#include "common/rpc/trail.h"

namespace tongjian::acquisition {

struct Sender {
  std::string facility_id;  // Whose facts it records.
  std::string device_id;    // In the registry, or empty.
};

// The hub knows devices by its registry, a gateway takes them for its clinic's. Safe for concurrent
// use.
class Senders {
 public:
  virtual ~Senders() = default;
  // PERMISSION_DENIED for a stranger.
  virtual absl::StatusOr<Sender> Identify(const dicom::AssociationInfo& info) = 0;
  // The trail of one operation of a sender that was identified.
  virtual rpc::Trail TrailOf(const dicom::AssociationInfo& info, std::string_view operation) = 0;
  // An operation was refused, to a stranger or to a known one: for trail and log.
  virtual void Refused(const dicom::AssociationInfo& info, std::string_view operation,
                       const absl::Status& refusal) = 0;
};

}  // namespace tongjian::acquisition
