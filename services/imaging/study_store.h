// Studies, series and instances in the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// ---- What a caller may see. NOT_FOUND for what is not there or out of scope. ----

absl::StatusOr<Study> FindStudy(store::Session& session, const security::Scope& scope,
                                std::string_view id);
// The newest with that UID within the scope; two facilities may have one each.
absl::StatusOr<Study> FindStudyByUid(store::Session& session, const security::Scope& scope,
                                     std::string_view study_instance_uid);
// All of them, the newest first.
absl::StatusOr<std::vector<Study>> SeenStudiesOfUid(store::Session& session,
                                                    const security::Scope& scope,
                                                    std::string_view study_instance_uid);

// What a list is narrowed to; empty fields do not narrow. `after`: the last study of the page
// before.
struct StudyFilter {
  std::string facility_id;
  std::string order_id;
  std::string patient_id;
  std::string study_instance_uid;
  std::string accession_number;
  std::string facility_patient_id;
  std::string name_prefix;  // Folded; of either form of the name.
  std::optional<MatchState> match;
  bool flagged = false;
  bool time_unconfirmed = false;
  std::string study_date_from;  // YYYYMMDD, both inclusive.
  std::string study_date_to;
  std::optional<absl::Time> from;
  std::optional<absl::Time> before;
  absl::Time after_created = absl::InfiniteFuture();
  std::string after_id;
};
// Newest first, at most `limit` (1 to 1000).
absl::StatusOr<std::vector<Study>> ListStudies(store::Session& session,
                                               const security::Scope& scope,
                                               const StudyFilter& filter, int64_t limit);

// By series, number and UID, after the instance given (none: from the first).
struct InstancePosition {
  std::string series_instance_uid;
  int64_t number = 0;
  std::string sop_instance_uid;
};
absl::StatusOr<std::vector<Instance>> ListInstances(store::Session& session, const Study& study,
                                                    const std::optional<InstancePosition>& after,
                                                    int64_t limit);
absl::StatusOr<Instance> FindInstance(store::Session& session, const Study& study,
                                      std::string_view sop_instance_uid);
absl::StatusOr<std::optional<Series>> FindSeries(store::Session& session, std::string_view study_id,
                                                 std::string_view series_instance_uid);
absl::StatusOr<std::vector<HistoryEntry>> ListHistory(store::Session& session, const Study& study,
                                                      int64_t after_sequence, int64_t limit);

// ---- For ingest, matching and timers: the service's own work. ----

absl::StatusOr<std::vector<Study>> StudiesOfUid(store::Session& session,
                                                std::string_view facility_id,
                                                std::string_view study_instance_uid);
absl::StatusOr<bool> UidIsElsewhere(store::Session& session, std::string_view facility_id,
                                    std::string_view study_instance_uid);
// Notes the digest of an instance's data set, which is read only once it is needed.
absl::Status SetDatasetDigest(store::Transaction& tx, const Instance& instance);
absl::StatusOr<std::optional<Instance>> InstanceOf(store::Session& session,
                                                   std::string_view facility_id,
                                                   std::string_view sop_instance_uid);
absl::StatusOr<std::vector<Study>> StudiesOfNumbers(store::Session& session,
                                                    std::string_view study_instance_uid,
                                                    std::string_view accession_number,
                                                    int64_t limit);
absl::StatusOr<std::vector<Study>> StudiesOfWords(store::Session& session,
                                                  const PatientWords& words, int64_t limit);
// With a quiet time that ended by `now`, or with changes that were not announced since
// `emitted_before`.
absl::StatusOr<std::vector<std::string>> StudiesDue(store::Session& session, absl::Time now,
                                                    absl::Time emitted_before, int64_t limit);
absl::StatusOr<bool> LocatorIsUsed(store::Session& session, std::string_view locator);

absl::StatusOr<int64_t> CountStudies(store::Session& session, MatchState match);

// ALREADY_EXISTS-free: another transaction's row of the same identity is left alone, and 0 is
// returned.
absl::StatusOr<int64_t> InsertStudy(store::Transaction& tx, const Study& study);
// Writes everything that can change. The caller has raised version and updated.
absl::Status UpdateStudy(store::Transaction& tx, const Study& study);
// The rest of the row is for UpdateStudy.
absl::Status SetConfirmedTime(store::Transaction& tx, const Study& study);
// How its exam stands. The rest of the row is for UpdateStudy.
absl::Status SetExam(store::Transaction& tx, const Study& study);
// Counts, times and version alone.
absl::Status UpdateStudyCounts(store::Transaction& tx, const Study& study);
// True when the series is new to the study; its count rises by one either way.
absl::StatusOr<bool> CountInSeries(store::Transaction& tx, std::string_view study_id,
                                   const Series& series);
absl::Status CountOutOfSeries(store::Transaction& tx, std::string_view study_id,
                              std::string_view series_instance_uid);
absl::StatusOr<int64_t> InsertInstance(store::Transaction& tx, const Instance& instance);
absl::Status ReplaceInstance(store::Transaction& tx, const Instance& instance);
absl::Status AddHistory(store::Transaction& tx, std::string_view study_id,
                        const HistoryEntry& entry);
// Restarts the quiet time of all open studies, after the clock has jumped.
absl::StatusOr<int64_t> RestartQuietTimes(store::Transaction& tx, absl::Time quiet_at);

// The facilities that may see a study.
absl::StatusOr<std::vector<std::string>> AudienceOf(store::Session& session,
                                                    std::string_view study_id);
// Makes the study searchable for them as well.
absl::Status SetAudience(store::Transaction& tx, const Study& study,
                         const std::vector<std::string>& facility_ids);

}  // namespace tongjian::imaging
