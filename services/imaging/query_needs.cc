#include "services/imaging/query_needs.h"

#include <utility>

#include "common/dicom/match.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

// What a study's own row answers for, though it is a key of series.
bool AnsweredByStudy(dicom::Tag tag) {
  return tag == tags::kModality || tag == tags::kBodyPartExamined;
}

constexpr std::pair<dicom::Tag, dicom::Tag> kMoments[] = {
    {tags::kStudyDate, tags::kStudyTime},
    {tags::kSeriesDate, tags::kSeriesTime},
    {tags::kPerformedProcedureStepStartDate, tags::kPerformedProcedureStepStartTime},
    {tags::kAcquisitionDate, tags::kAcquisitionTime},
    {tags::kContentDate, tags::kContentTime},
};

}  // namespace

QueryNeeds::QueryNeeds(const Query& query) {
  for (const auto& [tag, key] : query.keys.elements()) {
    if (tag == tags::kTimezoneOffsetFromUtc) study_kept = true;
    if (IsControlKey(tag)) continue;
    KeyPlace place = PlaceOf(tag);
    if (query.level <= QueryLevel::kStudy && AnsweredByStudy(tag)) place.level = QueryLevel::kStudy;
    if (place.source != KeySource::kObject && place.level > query.level) continue;
    const bool of_study = place.level <= QueryLevel::kStudy;
    const bool matched = !IsUniversal(key) && place.source != KeySource::kCount;
    dicom::Dataset* wanted = of_study                            ? &study
                             : place.level == QueryLevel::kSeries ? &series
                                                                  : &image;
    if (place.source == KeySource::kObject) {
      object_tags.insert(tag);
      wanted = &object;
    } else if (place.source == KeySource::kKept) {
      (of_study ? study_kept : series_kept) = true;
    }
    if (matched) wanted->SetElement(tag, key);
    pixel_facts |= tag == tags::kRows || tag == tags::kColumns || tag == tags::kBitsAllocated;
    patient_counts |= tag == query_tags::kNumberOfPatientRelatedStudies ||
                      tag == query_tags::kNumberOfPatientRelatedSeries ||
                      tag == query_tags::kNumberOfPatientRelatedInstances;
    sop_classes |= tag == query_tags::kSopClassesInStudy;
  }
}

bool MatchesKeys(const dicom::Dataset& wanted, const dicom::Dataset& candidate, bool combined) {
  if (!combined) return dicom::Matches(wanted, candidate);
  dicom::Dataset rest = wanted;
  for (const auto& [date, time] : kMoments) {
    if (!rest.Has(date) || !rest.Has(time)) continue;
    if (!dicom::MatchesDateTime(rest.Text(date), rest.Text(time), candidate.Text(date),
                                candidate.Text(time))) {
      return false;
    }
    rest.Erase(date);
    rest.Erase(time);
  }
  return dicom::Matches(rest, candidate);
}

}  // namespace tongjian::imaging
