#include "common/dicom/performed_step.h"

#include <algorithm>
#include <array>

#include "common/dicom/charset.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr char kCharset[] = "ISO_IR 192";

// Type 1 at N-CREATE, beside the scheduled step.
constexpr std::array kNeededToBegin = {
    tags::kPerformedProcedureStepId,        tags::kPerformedStationAeTitle,
    tags::kPerformedProcedureStepStartDate, tags::kPerformedProcedureStepStartTime,
    tags::kPerformedProcedureStepStatus,    tags::kModality};
constexpr std::array kNeededToEnd = {tags::kPerformedProcedureStepEndDate,
                                     tags::kPerformedProcedureStepEndTime};

// "Not allowed" in an N-SET.
constexpr std::array kFixed = {tags::kSpecificCharacterSet,
                               tags::kSopClassUid,
                               tags::kSopInstanceUid,
                               tags::kModality,
                               tags::kReferencedPatientSequence,
                               tags::kPatientName,
                               tags::kPatientId,
                               tags::kIssuerOfPatientId,
                               tags::kPatientBirthDate,
                               tags::kPatientSex,
                               tags::kStudyId,
                               tags::kPerformedStationAeTitle,
                               tags::kPerformedStationName,
                               tags::kPerformedLocation,
                               tags::kPerformedProcedureStepStartDate,
                               tags::kPerformedProcedureStepStartTime,
                               tags::kPerformedProcedureStepId,
                               tags::kScheduledStepAttributesSequence};

absl::Status Refuse(const char* reason, Tag tag, const char* what) {
  return base::Error(absl::StatusCode::kInvalidArgument, reason, "", what + TagText(tag));
}

std::string TextOf(const Dataset& dataset, Tag tag) {
  return std::string(TrimPadding(dataset.Text(tag)));
}

absl::Status Need(const Dataset& dataset, Tag tag) {
  const Dataset::Element* element = dataset.Find(tag);
  if (element == nullptr) return Refuse(kAttributeMissing, tag, "missing attribute ");
  const bool empty = element->vr == "SQ" ? element->items.empty() : TextOf(dataset, tag).empty();
  return empty ? Refuse(kAttributeEmpty, tag, "missing value of attribute ") : absl::OkStatus();
}

absl::Status NeedUid(const Dataset& dataset, Tag tag) {
  TJ_TRY(Need(dataset, tag));
  if (ValidUid(TextOf(dataset, tag))) return absl::OkStatus();
  return Refuse("INVALID_FIELD", tag, "no UID in attribute ");
}

absl::Status CheckSeries(const Dataset& series) {
  TJ_TRY(NeedUid(series, tags::kSeriesInstanceUid));
  TJ_TRY(Need(series, tags::kProtocolName));
  for (const Tag tag : {tags::kReferencedImageSequence, tags::kReferencedNonImageCompositeSequence}) {
    for (const Dataset& reference : series.Items(tag)) {
      TJ_TRY(NeedUid(reference, tags::kReferencedSopClassUid));
      TJ_TRY(NeedUid(reference, tags::kReferencedSopInstanceUid));
    }
  }
  return absl::OkStatus();
}

bool IsFixed(Tag tag) { return std::find(kFixed.begin(), kFixed.end(), tag) != kFixed.end(); }

std::string ReasonOf(const Dataset& attributes) {
  for (const Dataset& code : attributes.Items(tags::kDiscontinuationReasonCodeSequence)) {
    for (const Tag tag : {tags::kCodeMeaning, tags::kCodeValue}) {
      if (const std::string text = TextOf(code, tag); !text.empty()) return text;
    }
  }
  return TextOf(attributes, tags::kPerformedProcedureStepComments);
}

StepSeries SeriesOf(const Dataset& item) {
  StepSeries series = {.series_instance_uid = TextOf(item, tags::kSeriesInstanceUid),
                       .description = TextOf(item, tags::kSeriesDescription),
                       .protocol = TextOf(item, tags::kProtocolName)};
  for (const Tag tag : {tags::kReferencedImageSequence, tags::kReferencedNonImageCompositeSequence}) {
    for (const Dataset& reference : item.Items(tag)) {
      series.instances.push_back({TextOf(reference, tags::kReferencedSopClassUid),
                                  TextOf(reference, tags::kReferencedSopInstanceUid)});
    }
  }
  return series;
}

}  // namespace

std::string_view Name(StepStatus status) {
  switch (status) {
    case StepStatus::kInProgress:
      return "IN PROGRESS";
    case StepStatus::kCompleted:
      return "COMPLETED";
    case StepStatus::kDiscontinued:
      return "DISCONTINUED";
  }
  return "";
}

std::optional<StepStatus> ParseStepStatus(std::string_view text) {
  for (const StepStatus status :
       {StepStatus::kInProgress, StepStatus::kCompleted, StepStatus::kDiscontinued}) {
    if (TrimPadding(text) == Name(status)) return status;
  }
  return {};
}

absl::Status CheckStep(StepStatus status, const Dataset& attributes) {
  TJ_TRY(Need(attributes, tags::kScheduledStepAttributesSequence));
  for (const Dataset& scheduled : attributes.Items(tags::kScheduledStepAttributesSequence)) {
    TJ_TRY(NeedUid(scheduled, tags::kStudyInstanceUid));
  }
  for (const Tag tag : kNeededToBegin) TJ_TRY(Need(attributes, tag));
  if (ParseStepStatus(attributes.Text(tags::kPerformedProcedureStepStatus)) != status) {
    return Refuse("INVALID_FIELD", tags::kPerformedProcedureStepStatus, "no such state: ");
  }
  for (const Dataset& series : attributes.Items(tags::kPerformedSeriesSequence)) {
    // What is still being done may lack what is known at its end.
    if (IsFinal(status)) TJ_TRY(CheckSeries(series));
  }
  if (!IsFinal(status)) return absl::OkStatus();
  for (const Tag tag : kNeededToEnd) TJ_TRY(Need(attributes, tag));
  return status == StepStatus::kCompleted ? Need(attributes, tags::kPerformedSeriesSequence)
                                          : absl::OkStatus();
}

absl::Status CheckNewStep(const Dataset& attributes) {
  return CheckStep(StepStatus::kInProgress, attributes);
}

absl::StatusOr<StepStatus> ChangeStep(StepStatus status, Dataset& attributes,
                                      const Dataset& modification) {
  if (IsFinal(status)) {
    return base::Conflict(kStepIsFinal,
                          "Performed Procedure Step Object may no longer be updated");
  }
  Dataset changed = attributes;
  for (const auto& [tag, element] : modification.elements()) {
    if (!IsFixed(tag)) changed.SetElement(tag, element);
  }
  const std::optional<StepStatus> next =
      ParseStepStatus(changed.Text(tags::kPerformedProcedureStepStatus));
  if (!next) return Refuse("INVALID_FIELD", tags::kPerformedProcedureStepStatus, "no such state: ");
  TJ_TRY(CheckStep(*next, changed));
  attributes = std::move(changed);
  return *next;
}

size_t StepWords::instances() const {
  size_t count = 0;
  for (const StepSeries& one : series) count += one.instances.size();
  return count;
}

StepWords WordsOf(const Dataset& attributes) {
  StepWords words;
  for (const Dataset& item : attributes.Items(tags::kScheduledStepAttributesSequence)) {
    words.requests.push_back({TextOf(item, tags::kStudyInstanceUid),
                              TextOf(item, tags::kAccessionNumber),
                              TextOf(item, tags::kRequestedProcedureId),
                              TextOf(item, tags::kScheduledProcedureStepId),
                              TextOf(item, tags::kScheduledProcedureStepDescription)});
  }
  for (const Dataset& item : attributes.Items(tags::kPerformedSeriesSequence))
    words.series.push_back(SeriesOf(item));
  words.step_id = TextOf(attributes, tags::kPerformedProcedureStepId);
  words.station_ae_title = TextOf(attributes, tags::kPerformedStationAeTitle);
  words.modality = TextOf(attributes, tags::kModality);
  words.description = TextOf(attributes, tags::kPerformedProcedureStepDescription);
  words.start_date = TextOf(attributes, tags::kPerformedProcedureStepStartDate);
  words.start_time = TextOf(attributes, tags::kPerformedProcedureStepStartTime);
  words.end_date = TextOf(attributes, tags::kPerformedProcedureStepEndDate);
  words.end_time = TextOf(attributes, tags::kPerformedProcedureStepEndTime);
  words.discontinuation_reason = ReasonOf(attributes);
  return words;
}

absl::StatusOr<std::string> EncodeAttributes(const Dataset& attributes) {
  return WriteDataset(attributes, uids::kExplicitLittleEndian, CharacterSet(kCharset));
}

absl::StatusOr<Dataset> DecodeAttributes(std::string_view bytes) {
  ReadLimits limits;
  limits.bytes_max = 2 << 20;  // UTF-8 takes more room than what came.
  limits.elements_max = 100'000;
  TJ_ASSIGN_OR_RETURN(ReadResult read, ReadDataset(bytes, uids::kExplicitLittleEndian, limits));
  return std::move(read.dataset);
}

}  // namespace tongjian::dicom
