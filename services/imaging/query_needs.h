// What a query's keys demand at each level.
#pragma once

#include <set>

#include "common/dicom/dataset.h"
#include "services/imaging/query.h"

namespace tongjian::imaging {

// Made once for a query, then only read.
struct QueryNeeds {
  explicit QueryNeeds(const Query& query);

  // The keys to be matched, by where their candidates are known.
  dicom::Dataset study;
  dicom::Dataset series;
  dicom::Dataset image;
  dicom::Dataset object;

  bool study_kept = false;  // Something that was kept of the study's header is matched or answered.
  bool series_kept = false;
  bool pixel_facts = false;
  bool patient_counts = false;
  bool sop_classes = false;
  // Attributes of the object itself.
  std::set<dicom::Tag> object_tags;
};

// All keys of `wanted`; a pair of date and time as one where `combined`.
bool MatchesKeys(const dicom::Dataset& wanted, const dicom::Dataset& candidate, bool combined);

}  // namespace tongjian::imaging
