// The clinic's performed steps: kept here, told to the hub.
#pragma once

#include <string>

#include "common/acquisition/performed_steps.h"
#include "common/security/caller.h"
#include "common/store/transaction.h"

namespace tongjian::edge {

class Outgoing;
class Spool;

// Safe for concurrent use; what it is given must outlive it.
class ClinicSteps {
 public:
  // `itself`: the gateway as a caller of its own.
  ClinicSteps(Outgoing& outgoing, Spool& spool, security::Caller itself)
      : outgoing_(outgoing), spool_(spool), itself_(std::move(itself)) {}

  // In the transaction that wrote a step: the hub will hear of it, behind the order it was made for;
  // a study of which all is here that a completed step names is reported without waiting for its
  // quiet time.
  absl::Status Changed(store::Transaction& tx, const acquisition::PerformedStep& step) const;

 private:
  absl::Status FinishIfWhole(store::Transaction& tx, const dicom::StepWords& words) const;

  Outgoing& outgoing_;
  Spool& spool_;
  const security::Caller itself_;
};

}  // namespace tongjian::edge
