// Reading of studies within a scope: study_store.h.
#include <algorithm>
#include <tuple>

#include "common/base/status.h"
#include "services/imaging/study_rows.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

// A select that grows by the conditions that are asked for, so that each combination is one fixed
// text.
class Select {
 public:
  explicit Select(std::string from)
      : sql_("select " + std::string(kStudyColumns) + " from " + std::move(from)) {}

  // `condition` holds one parameter, or none.
  void Where(std::string_view condition) {
    sql_ += any_ ? " and " : " where ";
    sql_ += condition;
    any_ = true;
  }
  template <typename T>
  void Where(std::string_view condition, const T& value) {
    Where(condition);
    values_.push_back(store::ToValue(value));
  }
  void WhereText(std::string_view condition, const std::string& value) {
    if (!value.empty()) Where(condition, value);
  }
  absl::StatusOr<std::vector<store::Row>> Run(store::Session& session, std::string_view order,
                                              int64_t limit) {
    values_.push_back(store::ToValue(limit));
    return session.QueryValues(sql_ + std::string(order) + " limit :limit", values_);
  }
  std::vector<store::Value>& values() { return values_; }

 private:
  std::string sql_;
  bool any_ = false;
  std::vector<store::Value> values_;
};

constexpr char kNewestFirst[] = " order by s.created desc, s.id desc";

void Narrow(Select& select, const StudyFilter& filter) {
  select.WhereText("s.facility_id = :facility", filter.facility_id);
  select.WhereText("s.patient_id = :patient", filter.patient_id);
  select.WhereText("s.study_instance_uid = :uid", filter.study_instance_uid);
  select.WhereText("s.accession_number = :accession", filter.accession_number);
  select.WhereText("s.facility_patient_id = :number", filter.facility_patient_id);
  if (!filter.order_id.empty()) {
    select.Where(
        "exists (select 1 from study_link l where l.study_id = s.id and l.order_id = :order and "
        "l.active = 1)",
        filter.order_id);
  }
  if (!filter.name_prefix.empty()) {
    const std::string from = ToColumn(filter.name_prefix);
    select.Where(
        "((s.name_key >= :name and s.name_key < :name_end) or "
        "(s.latin_key >= :name and s.latin_key < :name_end))",
        from);
    select.values().push_back(store::ToValue(from + "g"));  // Behind every hexadecimal digit.
  }
  if (filter.match) select.Where("s.match = :match", *filter.match);
  if (filter.flagged) select.Where("s.flags <> 0");
  if (filter.time_unconfirmed)
    select.Where("s.confirmed is null and (s.implausible = 1 or s.device_time is null)");
  select.WhereText("s.study_date >= :date_from", filter.study_date_from);
  if (!filter.study_date_to.empty()) {
    select.Where("s.study_date <= :date_to", filter.study_date_to);
    select.Where("s.study_date <> ''");
  }
  if (filter.from) select.Where("s.created >= :from", *filter.from);
  if (filter.before) select.Where("s.created < :before", *filter.before);
}

// The page of one facility's studies, or of everybody's (no facility).
absl::StatusOr<std::vector<store::Row>> Page(store::Session& session, const StudyFilter& filter,
                                             const std::string* facility_id, int64_t limit) {
  Select select(facility_id == nullptr ? "study s"
                                       : "study_audience a join study s on s.id = a.study_id");
  if (facility_id != nullptr) select.Where("a.facility_id = :scope", *facility_id);
  Narrow(select, filter);
  if (filter.after_created != absl::InfiniteFuture()) {
    select.Where("(s.created < :created or (s.created = :created and s.id < :id))",
                 filter.after_created);
    select.values().push_back(store::ToValue(filter.after_id));
  }
  return select.Run(session, kNewestFirst, limit);
}

}  // namespace

absl::StatusOr<std::vector<Study>> ListStudies(store::Session& session,
                                               const security::Scope& scope,
                                               const StudyFilter& filter, int64_t limit) {
  if (scope.all()) {
    TJ_ASSIGN_OR_RETURN(const auto rows, Page(session, filter, nullptr, limit));
    return ReadStudies(session, rows);
  }
  // A page of each facility, so that each is one walk along an index, then the newest of all.
  std::vector<store::Row> rows;
  for (const std::string& facility_id : scope.facilities()) {
    TJ_ASSIGN_OR_RETURN(auto page, Page(session, filter, &facility_id, limit));
    for (store::Row& row : page) rows.push_back(std::move(row));
  }
  TJ_ASSIGN_OR_RETURN(std::vector<Study> studies, ReadStudies(session, rows));
  std::sort(studies.begin(), studies.end(), [](const Study& a, const Study& b) {
    return std::tie(a.created, a.id) > std::tie(b.created, b.id);
  });
  const auto same = [](const Study& a, const Study& b) { return a.id == b.id; };
  studies.erase(std::unique(studies.begin(), studies.end(), same), studies.end());
  if (static_cast<int64_t>(studies.size()) > limit)
    studies.erase(studies.begin() + limit, studies.end());
  return studies;
}

namespace {

absl::StatusOr<bool> IsSeen(store::Session& session, const security::Scope& scope,
                            std::string_view study_id) {
  if (scope.all()) return true;
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> audience, AudienceOf(session, study_id));
  return std::any_of(audience.begin(), audience.end(),
                     [&](const std::string& facility) { return scope.Contains(facility); });
}

}  // namespace

absl::StatusOr<Study> FindStudy(store::Session& session, const security::Scope& scope,
                                std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne("select " + std::string(kStudyColumns) +
                                                           " from study s where s.id = :id",
                                                       id));
  if (!row) return base::NotFound("study");
  TJ_ASSIGN_OR_RETURN(const bool seen, IsSeen(session, scope, id));
  if (!seen) return base::NotFound("study");
  TJ_ASSIGN_OR_RETURN(std::vector<Study> studies, ReadStudies(session, {*row}));
  return std::move(studies.front());
}

absl::StatusOr<Study> FindStudyByUid(store::Session& session, const security::Scope& scope,
                                     std::string_view study_instance_uid) {
  TJ_ASSIGN_OR_RETURN(std::vector<Study> studies,
                      SeenStudiesOfUid(session, scope, study_instance_uid));
  if (studies.empty()) return base::NotFound("study");
  return std::move(studies.front());
}

// By the UID's own index: who starts from the audience walks through all that a facility sees.
absl::StatusOr<std::vector<Study>> SeenStudiesOfUid(store::Session& session,
                                                    const security::Scope& scope,
                                                    std::string_view study_instance_uid) {
  constexpr int64_t kStudiesMax = 1000;
  if (study_instance_uid.empty()) return std::vector<Study>();
  TJ_ASSIGN_OR_RETURN(const std::vector<Study> studies,
                      StudiesOfNumbers(session, study_instance_uid, "", kStudiesMax));
  std::vector<Study> seen;
  for (const Study& study : studies) {
    TJ_ASSIGN_OR_RETURN(const bool visible, IsSeen(session, scope, study.id));
    if (visible) seen.push_back(study);
  }
  return seen;
}

absl::StatusOr<std::vector<Study>> StudiesOfUid(store::Session& session,
                                                std::string_view facility_id,
                                                std::string_view study_instance_uid) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select " + std::string(kStudyColumns) +
                                        " from study s where s.facility_id = :facility and "
                                        "s.study_instance_uid = :uid order by s.variant limit 100",
                                    facility_id, study_instance_uid));
  return ReadStudies(session, rows);
}

absl::StatusOr<std::vector<Study>> StudiesOfNumbers(store::Session& session,
                                                    std::string_view study_instance_uid,
                                                    std::string_view accession_number,
                                                    int64_t limit) {
  Select select("study s");
  if (!study_instance_uid.empty()) select.Where("s.study_instance_uid = :uid", study_instance_uid);
  if (!accession_number.empty()) select.Where("s.accession_number = :accession", accession_number);
  TJ_ASSIGN_OR_RETURN(const auto rows, select.Run(session, kNewestFirst, limit));
  return ReadStudies(session, rows);
}

absl::StatusOr<std::vector<Study>> StudiesOfWords(store::Session& session,
                                                  const PatientWords& words, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select " + std::string(kStudyColumns) +
                                        " from study s where s.facility_id = :facility and "
                                        "s.facility_patient_id = :number and "
                                        "s.patient_name = :name and s.birth_date = :birth order by "
                                        "s.created desc limit :limit",
                                    words.facility_id, words.facility_patient_id, words.name,
                                    words.birth_date, limit));
  return ReadStudies(session, rows);
}

}  // namespace tongjian::imaging
