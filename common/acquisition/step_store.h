// Performed procedure steps in the database of a service: the table `performed_step` of its schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/dicom/performed_step.h"
#include "common/store/transaction.h"

namespace tongjian::acquisition {

// A step as a device of a facility reported it.
struct PerformedStep {
  std::string facility_id;
  std::string sop_instance_uid;
  dicom::StepStatus status = dicom::StepStatus::kInProgress;
  dicom::Dataset attributes;
  std::string device_ae_title;  // Who reported it.
  std::string device_address;
  std::string device_id;  // In the registry, or empty.
  absl::Time created;     // When it was first heard of, here or at the gateway.
  absl::Time updated;
  int64_t version = 0;  // 1, 2, 3 with each change.
};

absl::StatusOr<std::optional<PerformedStep>> FindStep(store::Session& session,
                                                      std::string_view facility_id,
                                                      std::string_view sop_instance_uid);
// With the rows that find it by its studies. ALREADY_EXISTS for one that is there.
absl::Status InsertStep(store::Transaction& tx, const PerformedStep& step);
absl::Status UpdateStep(store::Transaction& tx, const PerformedStep& step);

// Steps of a study of a facility, oldest first, at most `limit`.
absl::StatusOr<std::vector<PerformedStep>> StepsOfStudy(store::Session& session,
                                                        std::string_view facility_id,
                                                        std::string_view study_instance_uid,
                                                        int64_t limit);

// A facility's steps (none given: everybody's), newest first, before the one given.
struct StepFilter {
  std::string facility_id;
  std::optional<dicom::StepStatus> status;
  absl::Time before_created = absl::InfiniteFuture();
  std::string before_uid;
};
absl::StatusOr<std::vector<PerformedStep>> ListSteps(store::Session& session,
                                                     const StepFilter& filter, int64_t limit);

// How the exam of a study stands by its last step: the requested procedure's where one is named and
// the step names it too. Nothing where no device spoke of it.
absl::StatusOr<std::optional<dicom::StepStatus>> LastStatusOf(
    store::Session& session, std::string_view study_instance_uid,
    std::string_view requested_procedure_id);

// Forgets at most `limit` steps that ended, or were never ended, before `before`; how many.
absl::StatusOr<int64_t> TrimSteps(store::Transaction& tx, absl::Time before, int64_t limit);

}  // namespace tongjian::acquisition
