// From the keys of a query to walks along indexes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/dicom/dataset.h"
#include "common/dicom/match.h"
#include "services/imaging/query_keys.h"
#include "services/imaging/search_store.h"

namespace tongjian::imaging {

// Which studies are looked at: all that match are among them. Rows that cannot match are passed over
// before a study is read.
struct QueryPlan {
  std::vector<Walk> walks;  // One after the other; a study may come twice.

  bool MayMatch(const SearchRow& row) const;

  std::vector<std::string> patient_numbers;  // Any of them; empty: any.
  std::vector<std::string> accession_numbers;
  std::string name_prefix;  // As it stands in columns.
  dicom::Range dates;
};

// The most selective keys decide: a UID, an accession number, a patient's number, a name, a modality
// within dates, dates. INVALID_ARGUMENT naming the attribute for a malformed date or UID, or more than
// 1,000 values in a list.
absl::StatusOr<QueryPlan> PlanOf(const dicom::Dataset& keys);

}  // namespace tongjian::imaging
