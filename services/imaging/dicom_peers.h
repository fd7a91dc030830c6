// Who stands behind a DICOM association.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/dicom/service.h"
#include "common/rpc/trail.h"
#include "common/security/caller.h"
#include "services/imaging/places.h"
#include "services/imaging/touch_log.h"

namespace tongjian::imaging {

struct DicomPeer {
  std::string facility_id;
  std::optional<Device> device;  // Where the registry knows it.
  security::Caller caller;
};

// Recognizes peers, and keeps the trail of their associations. Safe for concurrent use; what it is
// given must outlive it.
class DicomPeers {
 public:
  // `default_facility`: whose objects an unknown device's are; empty: unknown devices are refused.
  DicomPeers(const Places& places, std::string default_facility, rpc::AuditSink& sink,
             const base::Clock& clock)
      : places_(places),
        default_facility_(std::move(default_facility)),
        sink_(sink),
        clock_(clock) {}

  // By certificate; else by AE title and address among the registry's devices; else the default
  // facility. The AE title alone is a claim, so all but the first are marked as weak identities.
  // PERMISSION_DENIED for a stranger.
  absl::StatusOr<DicomPeer> Identify(const dicom::AssociationInfo& info) const;
  // As Identify, for one who wants to see something: the default facility is nobody.
  absl::StatusOr<DicomPeer> IdentifyReader(const dicom::AssociationInfo& info) const;

  // The trail of an association's stores.
  std::shared_ptr<TouchLog> LogOf(const dicom::AssociationInfo& info, const DicomPeer& peer);
  // A refusal, to whom: once an association, operation and code.
  void RecordRefusal(const dicom::AssociationInfo& info, const security::Caller& caller,
                     std::string_view operation, const absl::Status& refusal);
  // The same to a stranger.
  void RecordRefusal(const dicom::AssociationInfo& info, std::string_view operation,
                     const absl::Status& refusal);
  // The trail of one operation.
  rpc::Trail TrailOf(const dicom::AssociationInfo& info, const DicomPeer& peer,
                     std::string_view operation) const;

  rpc::AuditSink& sink() const { return sink_; }

 private:
  static constexpr size_t kAssociationsMax = 1024;
  struct Association {
    std::shared_ptr<TouchLog> log;  // Null until it stores.
    std::set<std::pair<std::string, absl::StatusCode>> refused;  // Operations, and why.
  };
  // With mutex_ held.
  Association& Remember(const std::string& id);
  rpc::Deed DeedOf(const dicom::AssociationInfo& info, const security::Caller& caller,
                   std::string_view operation) const;

  const Places& places_;
  const std::string default_facility_;
  rpc::AuditSink& sink_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Association> associations_;
  std::list<std::string> order_;  // Of arrival: the oldest is forgotten first.
};

}  // namespace tongjian::imaging
