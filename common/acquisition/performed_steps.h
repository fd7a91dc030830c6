// Modality Performed Procedure Step as a service: N-CREATE and N-SET, at the hub and at a gateway.
#pragma once

#include <functional>
#include <string>

#include "common/acquisition/senders.h"
#include "common/acquisition/step_store.h"
#include "common/dicom/service.h"
#include "common/store/database.h"

namespace tongjian::acquisition {

// A step is answered with success once its row and whatever `changed` adds are durable. Safe for
// concurrent use; what it is given must outlive it.
class PerformedSteps final : public dicom::NormalizedHandler {
 public:
  // What follows from a step that is new or different, in its transaction. May run more than once.
  using Changed = std::function<absl::Status(store::Transaction&, const PerformedStep&)>;

  PerformedSteps(Senders& senders, store::Database& database, Changed changed)
      : senders_(senders), database_(database), changed_(std::move(changed)) {}

  absl::StatusOr<dicom::NormalizedReply> Handle(const dicom::AssociationInfo& info,
                                                const dicom::NormalizedRequest& request) override;

  // A step as a gateway has it. Its newer version replaces the older; one that is known, or comes
  // late, changes nothing, and neither does anything that comes after a final state. The step as it
  // stands. Errors as dicom::CheckStep.
  absl::StatusOr<PerformedStep> Put(store::Transaction& tx, const PerformedStep& step) const;

 private:
  absl::StatusOr<std::string> Create(const dicom::AssociationInfo& info, const Sender& sender,
                                     const dicom::NormalizedRequest& request) const;
  absl::Status Set(const dicom::AssociationInfo& info, const Sender& sender,
                   const dicom::NormalizedRequest& request) const;

  Senders& senders_;
  store::Database& database_;
  const Changed changed_;
};

}  // namespace tongjian::acquisition
