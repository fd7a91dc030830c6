#include "services/reading/report_store.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "common/security/scope.h"
#include "services/reading/codec.h"
#include "tongjian/reading/v1/report.pb.h"

namespace tongjian::reading {
namespace {

constexpr int64_t kVersionsMax = 1000;
constexpr int64_t kReportsOfTaskMax = 100;

std::string UsersOf(const Version& version) {
  std::string users;
  for (const SignatureEntry& signature : version.signatures) users += signature.user_id + "\n";
  return users;
}

absl::StatusOr<Version> VersionOf(const std::string& bytes, std::string canonical, const std::string& users) {
  v1::ReportVersion record;
  if (!record.ParseFromString(bytes)) return absl::DataLossError("a stored version of a report cannot be read");
  Version version = Decode(record);
  version.canonical = std::move(canonical);
  const std::vector<std::string> ids = absl::StrSplit(users, '\n');
  for (size_t i = 0; i < version.signatures.size() && i < ids.size(); ++i) version.signatures[i].user_id = ids[i];
  return version;
}

std::string BytesOf(const Version& version) {
  v1::ReportVersion record;
  Encode(version, &record);
  record.clear_released();
  return record.SerializeAsString();
}

absl::StatusOr<Report> ReportOf(store::Session& session, const store::Row& row) {
  v1::Report record;
  if (!record.ParseFromString(row.Bytes(0))) return absl::DataLossError("a stored report cannot be read");
  Report report = Decode(record);
  report.patient.patient_id = row.Text(1);
  report.performing_facility_id = row.Text(2);
  report.seen = {.study_ids = ListOf(row.Text(6)), .instances = row.Int(7)};
  if (!row.Text(3).empty()) {
    TJ_ASSIGN_OR_RETURN(report.pending, VersionOf(row.Bytes(3), row.Bytes(4), row.Text(5)));
  }
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select released, record, canonical, users from report_version where report_id = :id "
                                    "order by number limit :limit",
                                    report.id, kVersionsMax));
  for (const store::Row& each : rows) {
    TJ_ASSIGN_OR_RETURN(Version version, VersionOf(each.Bytes(1), each.Bytes(2), each.Text(3)));
    version.released = each.Bool(0);
    report.versions.push_back(std::move(version));
  }
  return report;
}

constexpr std::string_view kColumns =
    "r.record, r.patient_id, r.performing_facility_id, r.pending, r.pending_canonical, r.pending_users, r.seen_studies, "
    "r.seen_instances";
constexpr int kColumnCount = 8;

bool Reaches(const security::Scope& scope, const Report& report) {
  return scope.all() || scope.ContainsAny({report.requesting_facility_id, report.performing_facility_id});
}

absl::Status PutVersions(store::Transaction& tx, const Report& report) {
  for (const Version& version : report.versions) {
    TJ_TRY(tx.Execute("insert into report_version (report_id, number, released, record, canonical, users) values "
                      "(:id, :number, :released, :record, :canonical, :users) on conflict (report_id, number) do update "
                      "set released = excluded.released",
                      report.id, version.number, version.released, store::Bytes(BytesOf(version)),
                      store::Bytes(version.canonical), UsersOf(version))
               .status());
  }
  return absl::OkStatus();
}

absl::Status PutOrders(store::Transaction& tx, const Report& report) {
  TJ_TRY(tx.Execute("delete from report_order where report_id = :id", report.id).status());
  for (const std::string& order_id : report.order_ids) {
    TJ_TRY(tx.Execute("insert into report_order (order_id, created, report_id) values (:order, :created, :id)", order_id,
                      report.create_time, report.id)
               .status());
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<Report> SeenBy(const security::Scope& scope, const Report& report) {
  if (scope.all()) {  // A supervisor who sees every facility sees what was issued.
    return scope.reason() == security::Scope::Service().reason() ? std::optional(report) : Published(report);
  }
  if (SeesDrafts(report, scope.Contains(report.performing_facility_id), scope.Contains(report.author.facility_id))) {
    return report;
  }
  return Published(report);
}

absl::StatusOr<Report> FindReport(store::Session& session, const security::Scope& scope, const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select " + std::string(kColumns) + " from report r where r.id = :id", id));
  if (!row) return base::NotFound("report " + id);
  TJ_ASSIGN_OR_RETURN(Report report, ReportOf(session, *row));
  if (!Reaches(scope, report)) return base::NotFound("report " + id);
  return report;
}

absl::StatusOr<std::vector<Report>> ListReports(store::Session& session, const security::Scope& scope,
                                                const std::string& order_id, const std::string& patient_id,
                                                const std::optional<ReportKey>& after, int64_t limit) {
  std::vector<Report> reports;
  ReportKey from = after.value_or(ReportKey{INT64_MAX, ""});
  const bool by_order = !order_id.empty();
  const std::string sql =
      "select " + std::string(kColumns) + ", r.created, r.id from " +
      (by_order ? "report_order o join report r on r.id = o.report_id where o.order_id = :key"
                : "report r where r.patient_id = :key and r.patient_id <> ''") +
      (by_order ? " and (o.created, o.report_id) < (:created, :id) order by o.created desc, o.report_id desc limit :limit"
                : " and (r.created, r.id) < (:created, :id) order by r.created desc, r.id desc limit :limit");
  while (static_cast<int64_t>(reports.size()) < limit) {
    TJ_ASSIGN_OR_RETURN(const auto rows,
                        session.Query(sql, by_order ? order_id : patient_id, from.created, from.id, limit));
    for (const store::Row& row : rows) {
      from = {row.Int(kColumnCount), row.Text(kColumnCount + 1)};
      TJ_ASSIGN_OR_RETURN(Report report, ReportOf(session, row));
      if (Reaches(scope, report) && SeenBy(scope, report)) reports.push_back(std::move(report));
      if (static_cast<int64_t>(reports.size()) == limit) return reports;
    }
    if (static_cast<int64_t>(rows.size()) < limit) break;
  }
  return reports;
}

absl::StatusOr<std::vector<Report>> ReportsOfTask(store::Session& session, const security::Scope& scope,
                                                  const std::string& task_id) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select " + std::string(kColumns) +
                                        " from report r where r.task_id = :task order by r.id limit :limit",
                                    task_id, kReportsOfTaskMax));
  std::vector<Report> reports;
  for (const store::Row& row : rows) {
    TJ_ASSIGN_OR_RETURN(Report report, ReportOf(session, row));
    if (Reaches(scope, report)) reports.push_back(std::move(report));
  }
  return reports;
}

absl::Status PutReport(store::Transaction& tx, const Report& report) {
  v1::Report record;
  Encode(report, &record);
  record.clear_versions();
  const Patient& patient = report.patient;
  TJ_TRY(
      tx.Execute("insert into report (id, version, state, task_id, requesting_facility_id, performing_facility_id, "
                 "patient_facility_id, facility_patient_id, patient_name, patient_birth_date, patient_id, created, record, "
                 "pending, pending_canonical, pending_users, seen_studies, seen_instances) values (:id, :version, :state, :task, "
                 ":requesting, :performing, :pf, :pn, :name, :birth, :patient, :created, :record, :pending, :canonical, :users, "
                 ":studies, :instances) "
                 "on conflict (id) do update set version = excluded.version, state = excluded.state, "
                 "requesting_facility_id = excluded.requesting_facility_id, "
                 "performing_facility_id = excluded.performing_facility_id, patient_facility_id = "
                 "excluded.patient_facility_id, facility_patient_id = excluded.facility_patient_id, patient_name = "
                 "excluded.patient_name, patient_birth_date = excluded.patient_birth_date, patient_id = excluded.patient_id, "
                 "record = excluded.record, pending = excluded.pending, pending_canonical = excluded.pending_canonical, "
                 "pending_users = excluded.pending_users, seen_studies = excluded.seen_studies, "
                 "seen_instances = excluded.seen_instances",
                 report.id, report.version, report.state, report.task_id, report.requesting_facility_id,
                 report.performing_facility_id, patient.facility_id, patient.facility_patient_id, patient.name,
                 patient.birth_date, patient.patient_id, report.create_time, store::Bytes(record.SerializeAsString()),
                 report.pending ? store::Bytes(BytesOf(*report.pending)) : "",
                 report.pending ? store::Bytes(report.pending->canonical) : "",
                 report.pending ? UsersOf(*report.pending) : "", LinesOf(report.seen.study_ids), report.seen.instances)
          .status());
  TJ_TRY(PutVersions(tx, report));
  return PutOrders(tx, report);
}

absl::Status LinkReports(store::Transaction& tx, const Patient& words, const std::string& patient_id) {
  return tx
      .Execute("update report set patient_id = :id where patient_facility_id = :f and facility_patient_id = :p and "
               "patient_name = :n and patient_birth_date = :b",
               patient_id, words.facility_id, words.facility_patient_id, words.name, words.birth_date)
      .status();
}

absl::Status LinkReportsOf(store::Transaction& tx, const std::string& task_id, const std::string& patient_id) {
  return tx.Execute("update report set patient_id = :id where task_id = :task", patient_id, task_id).status();
}

}  // namespace tongjian::reading
