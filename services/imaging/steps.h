// What devices' performed steps mean for studies.
#pragma once

#include "absl/status/status.h"
#include "common/acquisition/step_store.h"
#include "common/store/transaction.h"
#include "services/imaging/completeness.h"
#include "services/imaging/evidence.h"
#include "services/imaging/study.h"
#include "tongjian/imaging/v1/performed_step.pb.h"

namespace tongjian::imaging {

// Follows steps. Safe for concurrent use.
class Steps {
 public:
  Steps(QuietRules quiet, TimeRules times) : quiet_(quiet), times_(times) {}

  // In the transaction that wrote a step: its studies learn of it, what it names and is not here is
  // awaited, and PerformedStepChanged is emitted to those who see the facility's or the study's.
  absl::Status Changed(store::Transaction& tx, const acquisition::PerformedStep& step) const;

  // For the wire, without the master patient.
  v1::PerformedStep Encode(const acquisition::PerformedStep& step) const;

 private:
  absl::Status Tell(store::Transaction& tx, const acquisition::PerformedStep& step,
                    Study& study) const;

  const QuietRules quiet_;
  const TimeRules times_;
};

// A study is new, its row written: what devices said of it before its first image came.
absl::Status MeetSteps(store::Transaction& tx, Study& study);

// One of its instances has arrived and was counted: it is awaited no more, and the study may be
// complete by that.
absl::Status NoteArrival(store::Transaction& tx, Study& study, const Instance& instance,
                         const QuietRules& quiet);

}  // namespace tongjian::imaging
