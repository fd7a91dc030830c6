// What C-MOVE and C-GET have in common: sub-operations, one object each, counted and answered
// (PS3.4 C.4.2, C.4.3).
#pragma once

#include <string>
#include <vector>

#include "common/dicom/scu.h"
#include "common/dicom/session.h"

namespace tongjian::dicom {

// Runs a plan's sub-operations and answers the requester after each. For one thread.
class Suboperations {
 public:
  Suboperations(const Exchange& exchange, size_t objects);
  virtual ~Suboperations() = default;

  // The status is that of the requester's association.
  absl::Status Run(const std::vector<StoredObject>& objects);
  // After Run: the final response, with the UIDs that failed.
  absl::Status RespondFinally();
  const MoveCounts& counts() const { return counts_; }

 protected:
  // Sends one. Any failure counts as that of the one sub-operation; where the requester's own
  // association is lost, say so by LoseRequester.
  virtual absl::StatusOr<StoreOutcome> Send(const StoredObject& object) = 0;
  void LoseRequester(absl::Status lost) { lost_ = std::move(lost); }
  // A C-CANCEL that has come.
  void Note(const Command& cancel);
  const Exchange& exchange() const { return exchange_; }

 private:
  absl::Status TakeCancel();
  void Count(const StoredObject& object, const absl::StatusOr<StoreOutcome>& outcome);

  const Exchange& exchange_;
  MoveCounts counts_;
  bool cancelled_ = false;
  absl::Status lost_;
  std::string last_failure_;
  std::vector<std::string> failed_uids_;
};

// The final status of a request that could not be planned.
int PlanStatus(const absl::Status& result);

}  // namespace tongjian::dicom
