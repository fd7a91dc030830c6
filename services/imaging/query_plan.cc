#include "services/imaging/query_plan.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/dicom/person_name.h"
#include "common/dicom/uid.h"
#include "services/imaging/evidence.h"
#include "services/imaging/study_rows.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

constexpr size_t kListMax = 1000;
// Shorter prefixes of names (two letters) are met by too many.
constexpr size_t kNameBytesMin = 3;
// Behind every digit, in every collation.
constexpr char kAfterDigits[] = "x";
constexpr char kAfterHexadecimal[] = "g";

absl::Status Malformed(dicom::Tag tag, std::string_view what) {
  return base::InvalidField(dicom::TagText(tag),
                            "(" + dicom::TagText(tag) + ") " + std::string(what));
}

// The values of a key that are all to be matched exactly; empty where one is not.
absl::StatusOr<std::vector<std::string>> ExactValues(const dicom::Dataset& keys, dicom::Tag tag) {
  std::vector<std::string> values;
  for (const std::string& value : keys.Values(tag)) {
    if (value.empty()) continue;
    if (dicom::HasWildcard(value)) return std::vector<std::string>();
    values.push_back(value);
  }
  if (values.size() > kListMax) return Malformed(tag, "has more than 1,000 values");
  return values;
}

absl::StatusOr<std::vector<std::string>> Uids(const dicom::Dataset& keys, dicom::Tag tag) {
  std::vector<std::string> uids;
  for (const std::string& value : keys.Values(tag)) {
    // Some clients ask for all of them by an asterisk.
    if (value.empty() || value.find_first_not_of("* ") == std::string::npos) continue;
    if (!dicom::ValidUid(value)) return Malformed(tag, "is no UID");
    uids.push_back(value);
  }
  if (uids.size() > kListMax) return Malformed(tag, "has more than 1,000 values");
  return uids;
}

absl::StatusOr<dicom::Range> Dates(const dicom::Dataset& keys) {
  const std::string& text = keys.Text(tags::kStudyDate);
  if (keys.Values(tags::kStudyDate).size() > 1) return dicom::Range();
  if (text.find_first_not_of("* ") == std::string::npos) return dicom::Range();
  const auto range = dicom::ParseRange(text);
  if (!range) return Malformed(tags::kStudyDate, "is no date and no range");
  return *range;
}

// The letters before the first wildcard of the name's first group that has any, as they stand in
// columns.
std::string NamePrefix(const dicom::Dataset& keys) {
  if (keys.Values(tags::kPatientName).size() != 1) return "";
  const dicom::PersonName name = dicom::ParsePersonName(keys.Text(tags::kPatientName));
  for (const std::string* group : {&name.ideographic, &name.alphabetic, &name.phonetic}) {
    const std::string pattern = NameKey(*group);
    const std::string prefix = pattern.substr(0, pattern.find_first_of("*?"));
    if (!prefix.empty()) return ToColumn(prefix);
  }
  return "";
}

void AddExact(QueryPlan& plan, WalkKind kind, const std::vector<std::string>& values) {
  for (const std::string& value : values) plan.walks.push_back({.kind = kind, .value = value});
}

Walk DateWalk(const dicom::Range& dates, WalkKind kind, std::string value) {
  Walk walk = {.kind = kind, .value = std::move(value), .from = dates.from};
  if (!dates.to.empty()) walk.to = dates.to + kAfterDigits;
  // A study without a date is in no range.
  if (walk.from.empty() && !walk.to.empty()) walk.from = "0";
  return walk;
}

void AddNames(QueryPlan& plan) {
  for (const WalkKind kind : {WalkKind::kName, WalkKind::kLatin, WalkKind::kPhonetic}) {
    plan.walks.push_back({.kind = kind,
                          .from = plan.name_prefix,
                          .to = plan.name_prefix + kAfterHexadecimal});
  }
}

bool Holds(const std::vector<std::string>& values, const std::string& value) {
  return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

bool QueryPlan::MayMatch(const SearchRow& row) const {
  if (!Holds(patient_numbers, row.facility_patient_id)) return false;
  if (!Holds(accession_numbers, row.accession_number)) return false;
  if (!name_prefix.empty() && !row.name_key.starts_with(name_prefix) &&
      !row.latin_key.starts_with(name_prefix) && !row.phonetic_key.starts_with(name_prefix)) {
    return false;
  }
  if (!dates.from.empty() && row.study_date < dates.from) return false;
  return dates.to.empty() || (!row.study_date.empty() && row.study_date < dates.to + kAfterDigits);
}

absl::StatusOr<QueryPlan> PlanOf(const dicom::Dataset& keys) {
  QueryPlan plan;
  TJ_ASSIGN_OR_RETURN(plan.patient_numbers, ExactValues(keys, tags::kPatientId));
  TJ_ASSIGN_OR_RETURN(plan.accession_numbers, ExactValues(keys, tags::kAccessionNumber));
  TJ_ASSIGN_OR_RETURN(plan.dates, Dates(keys));
  plan.name_prefix = NamePrefix(keys);
  TJ_ASSIGN_OR_RETURN(const auto studies, Uids(keys, tags::kStudyInstanceUid));
  TJ_ASSIGN_OR_RETURN(const auto series, Uids(keys, tags::kSeriesInstanceUid));
  TJ_ASSIGN_OR_RETURN(const auto instances, Uids(keys, tags::kSopInstanceUid));
  TJ_ASSIGN_OR_RETURN(auto modalities, ExactValues(keys, tags::kModalitiesInStudy));
  if (modalities.empty()) {
    TJ_ASSIGN_OR_RETURN(modalities, ExactValues(keys, tags::kModality));
  }
  const bool dated = !plan.dates.from.empty() || !plan.dates.to.empty();
  AddExact(plan, WalkKind::kStudyUid, studies);
  if (plan.walks.empty()) AddExact(plan, WalkKind::kSeriesUid, series);
  if (plan.walks.empty()) AddExact(plan, WalkKind::kSopUid, instances);
  if (plan.walks.empty()) AddExact(plan, WalkKind::kAccession, plan.accession_numbers);
  if (plan.walks.empty()) AddExact(plan, WalkKind::kPatientNumber, plan.patient_numbers);
  if (!plan.walks.empty()) return plan;
  if (plan.name_prefix.size() >= 2 * kNameBytesMin) {
    AddNames(plan);
  } else if (!modalities.empty()) {
    for (std::string& modality : modalities)
      plan.walks.push_back(DateWalk(plan.dates, WalkKind::kModality, std::move(modality)));
  } else if (dated) {
    plan.walks.push_back(DateWalk(plan.dates, WalkKind::kDate, ""));
  } else if (!plan.name_prefix.empty()) {
    AddNames(plan);
  } else {
    plan.walks.push_back({});
  }
  return plan;
}

}  // namespace tongjian::imaging
