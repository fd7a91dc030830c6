// The rows studies are searched by: one walk along an index for each question.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/transaction.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// ---- Writing ----

// Makes the study searchable for exactly these facilities, by what it says now.
absl::Status SetSearchRows(store::Transaction& tx, const Study& study,
                           const std::vector<std::string>& facility_ids);
// Whether anything that is searched differs.
bool SearchedAlike(const Study& a, const Study& b);

// ---- Walking ----

enum class WalkKind {
  kAll,            // Newest first.
  kPatientNumber,  // The facility's number of the patient.
  kAccession,
  kName,      // A range of folded names: characters where there are some, else letters.
  kLatin,     // Of the alphabetic group, where there are characters too.
  kPhonetic,  // Of the phonetic group.
  kDate,      // A range of study dates.
  kModality,  // One modality, and a range of study dates.
  kStudyUid,
  kSeriesUid,
  kSopUid,
};

// `value` is matched exactly (kPatientNumber, kAccession, kModality, UIDs). A range is [from, to), in
// the column's own form (names: ToColumn); an empty end is open.
struct Walk {
  WalkKind kind = WalkKind::kAll;
  std::string value;
  std::string from;
  std::string to;
};

// What is known of a study before its row is read.
struct SearchRow {
  std::string study_id;
  absl::Time created;
  std::string key;  // What the walk is ordered by, before `created`; empty where that is nothing.
  std::string facility_patient_id;
  std::string accession_number;
  std::string name_key;  // The names as they stand in columns.
  std::string latin_key;
  std::string phonetic_key;
  std::string study_date;

  // The order of every walk, downwards.
  friend bool Before(const SearchRow& a, const SearchRow& b);
};

// The next rows of a walk behind `after` (null: the first), at most `limit`, for a facility or (empty)
// for those who may see all.
absl::StatusOr<std::vector<SearchRow>> WalkOn(store::Session& session, std::string_view facility_id,
                                              const Walk& walk, const SearchRow* after,
                                              int64_t limit);
// Its text, for looking at its plan.
std::string WalkSql(WalkKind kind, bool from, bool to, bool after);

// ---- What rows are not enough for ----

// The data set kept for a study (empty UID) or a series, as it was given; nothing where there is none.
absl::StatusOr<std::optional<std::string>> HeaderOf(store::Session& session,
                                                    std::string_view study_id,
                                                    std::string_view series_instance_uid);
// Kept once: a second one changes nothing.
absl::Status AddHeader(store::Transaction& tx, std::string_view study_id,
                       std::string_view series_instance_uid, std::string_view dataset);

// Of a study: nothing that is not there.
absl::StatusOr<std::optional<Study>> StudyRow(store::Session& session, std::string_view id);
// After the series given (empty: from the first), by UID.
absl::StatusOr<std::vector<Series>> ListSeries(store::Session& session, std::string_view study_id,
                                               std::string_view after_uid, int64_t limit);
// Of one series, by number and UID, behind the instance given.
absl::StatusOr<std::vector<Instance>> ListSeriesInstances(store::Session& session,
                                                          std::string_view study_id,
                                                          std::string_view series_instance_uid,
                                                          const Instance* after, int64_t limit);
// Notes that objects of a class are stored in a transfer syntax, and tells which are, at most 100.
absl::Status AddSyntax(store::Transaction& tx, std::string_view sop_class_uid,
                       std::string_view transfer_syntax_uid);
absl::StatusOr<std::vector<std::string>> SyntaxesOfClass(store::Session& session,
                                                         std::string_view sop_class_uid);
absl::StatusOr<std::vector<std::string>> SopClassesOf(store::Session& session,
                                                      std::string_view study_id, int64_t limit);

}  // namespace tongjian::imaging
