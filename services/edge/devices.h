// Which facility a device of the clinic belongs to, and who may associate.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/dicom/service.h"
#include "common/rpc/trail.h"

namespace tongjian::edge {

// A gateway's devices are its facility's, but for AE titles that the settings give to a village
// below. Immutable but for its memory of what is in the trail already; safe for concurrent use.
class Devices {
 public:
  // `villages`: "AE=facility". INVALID_ARGUMENT for another form.
  static absl::StatusOr<std::map<std::string, std::string>> ParseVillages(
      const std::vector<std::string>& villages);

  // AE titles, each. INVALID_ARGUMENT for what is none.
  static absl::StatusOr<std::set<std::string>> ParseUrgent(const std::vector<std::string>& urgent);

  Devices(std::string facility_id, std::map<std::string, std::string> villages,
          std::set<std::string> urgent)
      : facility_id_(std::move(facility_id)),
        villages_(std::move(villages)),
        urgent_(std::move(urgent)) {}

  const std::string& FacilityOf(std::string_view ae_title) const;
  // Whether what it sends is urgent unless an order says otherwise: the emergency room's.
  bool IsUrgent(const std::string& ae_title) const { return urgent_.count(ae_title) > 0; }
  // The trail of one operation of an association. A device known by its address alone is marked as
  // a weak identity.
  rpc::Deed DeedOf(const dicom::AssociationInfo& info, std::string_view operation) const;
  // Whether this is the association's first object of the study: the one that goes into the trail.
  bool FirstOf(const std::string& association, const std::string& study_uid);
  // It was not taken after all: the next one is the first.
  void Forget(const std::string& association, const std::string& study_uid);

 private:
  static constexpr size_t kRememberedMax = 4096;

  const std::string facility_id_;
  const std::map<std::string, std::string> villages_;
  const std::set<std::string> urgent_;
  std::mutex mutex_;
  std::set<std::pair<std::string, std::string>> seen_;
};

}  // namespace tongjian::edge
