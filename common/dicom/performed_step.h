// Modality performed procedure steps (PS3.4 annex F): what a device says it has begun, done or broken
// off. The rules that hub and gateways share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/dataset.h"

namespace tongjian::dicom {

// Performed Procedure Step Status. IN PROGRESS leads to either of the others, which are final.
enum class StepStatus { kInProgress = 1, kCompleted = 2, kDiscontinued = 3 };

// "IN PROGRESS", "COMPLETED", "DISCONTINUED", as on the wire.
std::string_view Name(StepStatus status);
std::optional<StepStatus> ParseStepStatus(std::string_view text);
inline bool IsFinal(StepStatus status) { return status != StepStatus::kInProgress; }

// Reasons of a refusal, for the DIMSE status: 0120, 0121, and 0110 with error id A710.
inline constexpr char kAttributeMissing[] = "ATTRIBUTE_MISSING";
inline constexpr char kAttributeEmpty[] = "ATTRIBUTE_EMPTY";
inline constexpr char kStepIsFinal[] = "STEP_IS_FINAL";

// What a step in this state must say (table F.7.2-1): the attributes of type 1, each with a value.
// Those of type 2 may be absent here: what a device does not know is not held against it. A step
// that was discontinued need name no series. INVALID_ARGUMENT with one of the reasons above, or
// without one for a value that cannot be.
absl::Status CheckStep(StepStatus status, const Dataset& attributes);

// The state a new step begins in: IN PROGRESS and nothing else. Errors as CheckStep.
absl::Status CheckNewStep(const Dataset& attributes);

// Applies an N-SET: each attribute replaces the whole former one; what identifies the step
// (scheduled step, patient, start, station, modality) stays as it was created. The new status.
// FAILED_PRECONDITION (STEP_IS_FINAL) for a step that has ended; errors as CheckStep, with
// `attributes` unchanged.
absl::StatusOr<StepStatus> ChangeStep(StepStatus status, Dataset& attributes,
                                      const Dataset& modification);

// Which exam a step belongs to; several where one acquisition answers several.
struct StepRequest {
  std::string study_instance_uid;
  std::string accession_number;
  std::string requested_procedure_id;
  std::string scheduled_step_id;
  std::string description;
};

struct StepInstance {
  std::string sop_class_uid;
  std::string sop_instance_uid;
};

struct StepSeries {
  std::string series_instance_uid;
  std::string description;
  std::string protocol;
  std::vector<StepInstance> instances;  // Images and other composite objects.
};

// What the attributes say, padding taken off.
struct StepWords {
  std::vector<StepRequest> requests;
  std::vector<StepSeries> series;
  std::string step_id;
  std::string station_ae_title;
  std::string modality;
  std::string description;
  std::string start_date;
  std::string start_time;
  std::string end_date;
  std::string end_time;
  std::string discontinuation_reason;  // The code's meaning, else the code, else the comment.

  size_t instances() const;
};
StepWords WordsOf(const Dataset& attributes);

// As it is kept and passed on: explicit little endian, UTF-8. INVALID_ARGUMENT for what cannot be
// written, or read.
absl::StatusOr<std::string> EncodeAttributes(const Dataset& attributes);
absl::StatusOr<Dataset> DecodeAttributes(std::string_view bytes);

}  // namespace tongjian::dicom
