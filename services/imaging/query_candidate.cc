#include "services/imaging/query_candidate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

std::string DicomSex(int64_t sex) { return sex == 1 ? "M" : sex == 2 ? "F" : sex == 3 ? "O" : ""; }

std::string DicomDate(std::string date) {
  std::erase(date, '-');
  return date;
}

}  // namespace

void AddStudy(const Study& study, dicom::Dataset& to) {
  to.Set(tags::kPatientName, study.patient.person_name);
  to.Set(tags::kPatientId, study.patient.facility_patient_id);
  to.Set(tags::kIssuerOfPatientId, study.facility_id);
  to.Set(tags::kPatientSex, DicomSex(study.patient.sex));
  to.Set(tags::kPatientBirthDate, DicomDate(study.patient.birth_date));
  to.Set(tags::kStudyInstanceUid, study.study_instance_uid);
  to.Set(tags::kStudyDate, study.study_date);
  to.Set(tags::kStudyTime, study.study_time);
  to.Set(tags::kStudyId, study.study_number);
  to.Set(tags::kStudyDescription, study.description);
  to.Set(tags::kAccessionNumber, study.accession_number);
  to.SetValues(tags::kModalitiesInStudy, study.modalities);
  to.Set(tags::kNumberOfStudyRelatedSeries, absl::StrCat(study.series_count));
  to.Set(tags::kNumberOfStudyRelatedInstances, absl::StrCat(study.instance_count));
  // Not keys of this level, and asked for all the same.
  to.SetValues(tags::kModality, study.modalities);
  to.Set(tags::kBodyPartExamined, study.body_part);
}

void AddSeries(const Series& series, dicom::Dataset& to) {
  to.Set(tags::kSeriesInstanceUid, series.series_instance_uid);
  to.Set(tags::kModality, series.modality);
  to.Set(tags::kSeriesNumber, absl::StrCat(series.number));
  to.Set(tags::kSeriesDescription, series.description);
  to.Set(tags::kBodyPartExamined, series.body_part);
  to.Set(tags::kNumberOfSeriesRelatedInstances, absl::StrCat(series.instance_count));
}

void AddInstance(const Instance& instance, dicom::Dataset& to) {
  to.Set(tags::kSopClassUid, instance.sop_class_uid);
  to.Set(tags::kSopInstanceUid, instance.sop_instance_uid);
  to.Set(tags::kInstanceNumber, absl::StrCat(instance.number));
  to.Set(tags::kNumberOfFrames, instance.frames > 0 ? absl::StrCat(instance.frames) : "");
  if (!HasPixelFacts(instance)) return;
  const auto fact = [&](dicom::Tag tag, int64_t value) {
    to.Set(tag, value > 0 ? absl::StrCat(value) : "");
  };
  fact(tags::kRows, instance.pixel_rows);
  fact(tags::kColumns, instance.pixel_columns);
  fact(tags::kBitsAllocated, instance.bits_allocated);
}

void AddMissing(const dicom::Dataset& from, dicom::Dataset& to) {
  for (const auto& [tag, element] : from.elements()) {
    if (!to.Has(tag)) to.SetElement(tag, element);
  }
}

}  // namespace tongjian::imaging
