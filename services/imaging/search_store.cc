#include "services/imaging/search_store.h"

#include <algorithm>
#include <tuple>

#include "common/base/status.h"
#include "common/dicom/person_name.h"
#include "services/imaging/evidence.h"
#include "services/imaging/study_rows.h"

namespace tongjian::imaging {
namespace {

std::string PhoneticColumn(const Study& study) {
  return ToColumn(NameKey(dicom::ParsePersonName(study.patient.person_name).phonetic));
}

absl::Status AddRows(store::Transaction& tx, const Study& study, std::string_view facility_id) {
  TJ_TRY(tx.Execute("insert into study_search (study_id, facility_id, created, "
                    "facility_patient_id, accession_number, name_key, latin_key, phonetic_key, "
                    "study_date) values (:id, :facility, :created, :number, :accession, :name, "
                    ":latin, :phonetic, :date) on conflict (study_id, facility_id) do nothing",
                    study.id, facility_id, study.created, study.patient.facility_patient_id,
                    study.accession_number, ToColumn(study.patient.name_key),
                    ToColumn(study.patient.latin_key), PhoneticColumn(study), study.study_date)
             .status());
  for (const std::string& modality : study.modalities) {
    TJ_TRY(tx.Execute("insert into study_search_modality (facility_id, modality, study_date, "
                      "created, study_id) values (:facility, :modality, :date, :created, :id) on "
                      "conflict (facility_id, modality, study_date, created, study_id) do nothing",
                      facility_id, modality, study.study_date, study.created, study.id)
               .status());
  }
  return absl::OkStatus();
}

// How a walk is written: where its rows come from, which of them, and what it is ordered by.
struct Shape {
  std::string_view with;
  std::string_view tables;
  std::string_view where;  // With :facility, and :value where it has one.
  std::string_view key;    // The column of a range; empty where there is none.
  std::string_view created = "k.created";
  std::string_view id = "k.study_id";
};

constexpr std::string_view kOwn = "k.facility_id = :facility";

Shape ShapeOf(WalkKind kind) {
  constexpr std::string_view kPlain = "study_search k";
  switch (kind) {
    case WalkKind::kAll:
      return {"", kPlain, kOwn, ""};
    case WalkKind::kPatientNumber:
      return {"", kPlain, "k.facility_id = :facility and k.facility_patient_id = :value", ""};
    case WalkKind::kAccession:
      return {"", kPlain, "k.facility_id = :facility and k.accession_number = :value", ""};
    case WalkKind::kName:
      return {"", kPlain, kOwn, "k.name_key"};
    case WalkKind::kLatin:
      return {"", kPlain, kOwn, "k.latin_key"};
    case WalkKind::kPhonetic:
      return {"", kPlain, "k.facility_id = :facility and k.phonetic_key <> ''", "k.phonetic_key"};
    case WalkKind::kDate:
      return {"", kPlain, kOwn, "k.study_date"};
    case WalkKind::kModality:
      return {"", "study_search_modality m cross join study_search k",
              "m.facility_id = :facility and m.modality = :value and k.study_id = m.study_id and "
              "k.facility_id = m.facility_id",
              "m.study_date", "m.created", "m.study_id"};
    case WalkKind::kStudyUid:
      return {"", "study s cross join study_search k",
              "k.facility_id = :facility and s.study_instance_uid = :value and k.study_id = s.id",
              ""};
    case WalkKind::kSeriesUid:
      return {"", "series x cross join study_search k",
              "k.facility_id = :facility and x.series_instance_uid = :value and k.study_id = "
              "x.study_id",
              ""};
    case WalkKind::kSopUid:
      // Instances are found within the facility that recorded them: one look for each.
      return {"with recursive f(id) as (select min(facility_id) from study union all select "
              "(select min(facility_id) from study where facility_id > f.id) from f where f.id is "
              "not null) ",
              "f cross join instance i cross join study_search k",
              "i.facility_id = f.id and k.facility_id = :facility and i.sop_instance_uid = :value "
              "and k.study_id = i.study_id",
              ""};
  }
  return {"", kPlain, kOwn, ""};
}

bool HasValue(WalkKind kind) {
  return ShapeOf(kind).where.find(":value") != std::string_view::npos;
}

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace

bool SearchedAlike(const Study& a, const Study& b) {
  const auto keys = [](const Study& study) {
    return std::tie(study.patient.facility_patient_id, study.accession_number,
                    study.patient.name_key, study.patient.latin_key, study.patient.person_name,
                    study.study_date, study.modalities);
  };
  return keys(a) == keys(b);
}

absl::Status SetSearchRows(store::Transaction& tx, const Study& study,
                           const std::vector<std::string>& facility_ids) {
  TJ_TRY(tx.Execute("delete from study_search where study_id = :id", study.id).status());
  TJ_TRY(tx.Execute("delete from study_search_modality where study_id = :id", study.id).status());
  TJ_TRY(AddRows(tx, study, ""));
  for (const std::string& facility_id : facility_ids) TJ_TRY(AddRows(tx, study, facility_id));
  return absl::OkStatus();
}

bool Before(const SearchRow& a, const SearchRow& b) {
  return std::tie(a.key, a.created, a.study_id) > std::tie(b.key, b.created, b.study_id);
}

// A range's upper end is left out behind `after`, which lies below it: with both an index is entered
// by the first alone.
std::string WalkSql(WalkKind kind, bool from, bool to, bool after) {
  const Shape shape = ShapeOf(kind);
  std::string sql = Joined(
      {shape.with, "select ", shape.id, ", ", shape.created, ", ",
       shape.key.empty() ? "''" : shape.key,
       ", k.facility_patient_id, k.accession_number, k.name_key, k.latin_key, k.phonetic_key, "
       "k.study_date from ",
       shape.tables, " where ", shape.where});
  std::string order = Joined({shape.created, " desc, ", shape.id, " desc"});
  std::string position = Joined({"(", shape.created, ", ", shape.id, ") < (:created, :id)"});
  if (!shape.key.empty()) {
    order = Joined({shape.key, " desc, ", order});
    position = Joined(
        {"(", shape.key, ", ", shape.created, ", ", shape.id, ") < (:key, :created, :id)"});
    if (from) sql += Joined({" and ", shape.key, " >= :from"});
    if (to && !after) sql += Joined({" and ", shape.key, " < :to"});
  }
  if (after) sql += Joined({" and ", position});
  return Joined({sql, " order by ", order, " limit :limit"});
}

absl::StatusOr<std::vector<SearchRow>> WalkOn(store::Session& session, std::string_view facility_id,
                                              const Walk& walk, const SearchRow* after,
                                              int64_t limit) {
  const bool ranged = !ShapeOf(walk.kind).key.empty();
  std::vector<store::Value> values;
  values.push_back(store::ToValue(facility_id));
  if (HasValue(walk.kind)) values.push_back(store::ToValue(walk.value));
  if (ranged && !walk.from.empty()) values.push_back(store::ToValue(walk.from));
  if (ranged && !walk.to.empty() && after == nullptr) values.push_back(store::ToValue(walk.to));
  if (after != nullptr) {
    if (ranged) values.push_back(store::ToValue(after->key));
    values.push_back(store::ToValue(after->created));
    values.push_back(store::ToValue(after->study_id));
  }
  values.push_back(store::ToValue(limit));
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.QueryValues(
          WalkSql(walk.kind, !walk.from.empty(), !walk.to.empty(), after != nullptr), values));
  std::vector<SearchRow> found;
  found.reserve(rows.size());
  for (const store::Row& row : rows) {
    found.push_back({row.Text(0), row.Time(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5),
                     row.Text(6), row.Text(7), row.Text(8)});
  }
  return found;
}

absl::StatusOr<std::optional<std::string>> HeaderOf(store::Session& session,
                                                    std::string_view study_id,
                                                    std::string_view series_instance_uid) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select attributes from header where study_id = :study and "
                                       "series_instance_uid = :series",
                                       study_id, series_instance_uid));
  if (!row) return std::nullopt;
  return row->Bytes(0);
}

absl::Status AddHeader(store::Transaction& tx, std::string_view study_id,
                       std::string_view series_instance_uid, std::string_view dataset) {
  return tx
      .Execute("insert into header (study_id, series_instance_uid, attributes) values (:study, "
               ":series, :attributes) on conflict (study_id, series_instance_uid) do nothing",
               study_id, series_instance_uid, store::Bytes(dataset))
      .status();
}

absl::StatusOr<std::optional<Study>> StudyRow(store::Session& session, std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne("select " + std::string(kStudyColumns) +
                                                           " from study s where s.id = :id",
                                                       id));
  if (!row) return std::nullopt;
  return ReadStudyRow(*row);
}

absl::StatusOr<std::vector<Series>> ListSeries(store::Session& session, std::string_view study_id,
                                               std::string_view after_uid, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query("select series_instance_uid, modality, number, description, body_part, "
                    "instance_count from series where study_id = :study and series_instance_uid > "
                    ":after order by series_instance_uid limit :limit",
                    study_id, after_uid, limit));
  std::vector<Series> found;
  for (const store::Row& row : rows) {
    found.push_back(
        {row.Text(0), row.Text(1), row.Int(2), row.Text(3), row.Text(4), row.Int(5)});
  }
  return found;
}

absl::Status AddSyntax(store::Transaction& tx, std::string_view sop_class_uid,
                       std::string_view transfer_syntax_uid) {
  return tx
      .Execute("insert into stored_syntax (sop_class_uid, transfer_syntax_uid) values (:class, "
               ":syntax) on conflict (sop_class_uid, transfer_syntax_uid) do nothing",
               sop_class_uid, transfer_syntax_uid)
      .status();
}

absl::StatusOr<std::vector<std::string>> SyntaxesOfClass(store::Session& session,
                                                         std::string_view sop_class_uid) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select transfer_syntax_uid from stored_syntax where "
                                    "sop_class_uid = :class order by transfer_syntax_uid limit 100",
                                    sop_class_uid));
  std::vector<std::string> syntaxes;
  for (const store::Row& row : rows) syntaxes.push_back(row.Text(0));
  return syntaxes;
}

absl::StatusOr<std::vector<std::string>> SopClassesOf(store::Session& session,
                                                      std::string_view study_id, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select distinct sop_class_uid from instance where study_id = "
                                    ":study order by sop_class_uid limit :limit",
                                    study_id, limit));
  std::vector<std::string> classes;
  for (const store::Row& row : rows) classes.push_back(row.Text(0));
  return classes;
}

}  // namespace tongjian::imaging
