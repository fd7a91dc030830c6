// Performed procedure steps as a modality words them.
#pragma once

#include <string>
#include <vector>

#include "common/dicom/dataset.h"
#include "common/dicom/performed_step.h"

namespace tongjian::testing_steps {

struct Exam {
  std::string study_uid = "1.2.826.0.1";
  std::string accession_number;
  std::string procedure_id;
  std::string patient_id = "P1";
  std::string patient_name = "WANG^XIAODONG=王^小东";
};

// What N-CREATE carries.
inline dicom::Dataset Begun(const Exam& exam) {
  namespace tags = dicom::tags;
  dicom::Dataset scheduled;
  scheduled.Set(tags::kStudyInstanceUid, exam.study_uid);
  scheduled.Set(tags::kAccessionNumber, exam.accession_number);
  scheduled.Set(tags::kRequestedProcedureId, exam.procedure_id);
  scheduled.Set(tags::kScheduledProcedureStepId, exam.procedure_id);
  dicom::Dataset step;
  step.SetItems(tags::kScheduledStepAttributesSequence, {scheduled});
  step.Set(tags::kPatientName, exam.patient_name);
  step.Set(tags::kPatientId, exam.patient_id);
  step.Set(tags::kPatientBirthDate, "19800101");
  step.Set(tags::kPatientSex, "M");
  step.Set(tags::kPerformedProcedureStepId, "PPS1");
  step.Set(tags::kPerformedStationAeTitle, "DR1");
  step.Set(tags::kPerformedProcedureStepStartDate, "20260105");
  step.Set(tags::kPerformedProcedureStepStartTime, "083000");
  step.Set(tags::kPerformedProcedureStepStatus, "IN PROGRESS");
  step.Set(tags::kModality, "DX");
  step.SetItems(tags::kPerformedSeriesSequence, {});
  return step;
}

// What the last N-SET carries.
inline dicom::Dataset Ended(dicom::StepStatus status, const std::vector<std::string>& images,
                            const std::string& reason = "") {
  namespace tags = dicom::tags;
  dicom::Dataset step;
  step.Set(tags::kPerformedProcedureStepStatus, dicom::Name(status));
  step.Set(tags::kPerformedProcedureStepEndDate, "20260105");
  step.Set(tags::kPerformedProcedureStepEndTime, "084000");
  if (!reason.empty()) {
    dicom::Dataset code;
    code.Set(tags::kCodeValue, "110513");
    code.Set(tags::kCodingSchemeDesignator, "DCM");
    code.Set(tags::kCodeMeaning, reason);
    step.SetItems(tags::kDiscontinuationReasonCodeSequence, {code});
  }
  if (images.empty()) return step;
  std::vector<dicom::Dataset> references;
  for (const std::string& uid : images) {
    dicom::Dataset reference;
    reference.Set(tags::kReferencedSopClassUid, "1.2.840.10008.5.1.4.1.1.1.1");
    reference.Set(tags::kReferencedSopInstanceUid, uid);
    references.push_back(std::move(reference));
  }
  dicom::Dataset series;
  series.Set(tags::kSeriesInstanceUid, "1.2.826.0.1.1");
  series.Set(tags::kProtocolName, "CHEST PA");
  series.SetItems(tags::kReferencedImageSequence, references);
  step.SetItems(tags::kPerformedSeriesSequence, {series});
  return step;
}

}  // namespace tongjian::testing_steps
