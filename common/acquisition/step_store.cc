#include "common/acquisition/step_store.h"

#include <set>
#include <tuple>

#include "common/base/status.h"

namespace tongjian::acquisition {
namespace {

constexpr char kSelect[] =
    "select s.facility_id, s.sop_instance_uid, s.status, s.attributes, s.device_ae_title, "
    "s.device_address, s.device_id, s.created, s.updated, s.version from performed_step s ";

absl::StatusOr<PerformedStep> ReadRow(const store::Row& row) {
  PerformedStep step;
  step.facility_id = row.Text(0);
  step.sop_instance_uid = row.Text(1);
  step.status = static_cast<dicom::StepStatus>(row.Int(2));
  TJ_ASSIGN_OR_RETURN(step.attributes, dicom::DecodeAttributes(row.Bytes(3)));
  step.device_ae_title = row.Text(4);
  step.device_address = row.Text(5);
  step.device_id = row.Text(6);
  step.created = row.Time(7);
  step.updated = row.Time(8);
  step.version = row.Int(9);
  return step;
}

absl::StatusOr<std::vector<PerformedStep>> ReadRows(absl::StatusOr<std::vector<store::Row>> rows) {
  TJ_TRY(rows.status());
  std::vector<PerformedStep> steps;
  for (const store::Row& row : *rows) {
    TJ_ASSIGN_OR_RETURN(PerformedStep step, ReadRow(row));
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace

absl::StatusOr<std::optional<PerformedStep>> FindStep(store::Session& session,
                                                      std::string_view facility_id,
                                                      std::string_view sop_instance_uid) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOne(std::string(kSelect) +
                           "where s.facility_id = :facility and s.sop_instance_uid = :uid",
                       facility_id, sop_instance_uid));
  if (!row) return std::nullopt;
  TJ_ASSIGN_OR_RETURN(PerformedStep step, ReadRow(*row));
  return std::optional<PerformedStep>(std::move(step));
}

absl::Status InsertStep(store::Transaction& tx, const PerformedStep& step) {
  TJ_ASSIGN_OR_RETURN(const std::string attributes, dicom::EncodeAttributes(step.attributes));
  TJ_ASSIGN_OR_RETURN(
      const int64_t inserted,
      tx.Execute("insert into performed_step (facility_id, sop_instance_uid, status, attributes, "
                 "device_ae_title, device_address, device_id, created, updated, version) values "
                 "(:facility, :uid, :status, :attributes, :ae, :address, :device, :created, "
                 ":updated, :version) on conflict (facility_id, sop_instance_uid) do nothing",
                 step.facility_id, step.sop_instance_uid, step.status, store::Bytes(attributes),
                 step.device_ae_title, step.device_address, step.device_id, step.created,
                 step.updated, step.version));
  if (inserted == 0) {
    return base::Error(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "sop_instance_uid",
                       "a step of this UID exists");
  }
  std::set<std::tuple<std::string, std::string>> seen;
  for (const dicom::StepRequest& request : dicom::WordsOf(step.attributes).requests) {
    if (!seen.emplace(request.study_instance_uid, request.requested_procedure_id).second) continue;
    TJ_TRY(tx.Execute("insert into performed_step_study (facility_id, study_instance_uid, "
                      "sop_instance_uid, requested_procedure_id) values (:facility, :study, :uid, "
                      ":procedure)",
                      step.facility_id, request.study_instance_uid, step.sop_instance_uid,
                      request.requested_procedure_id)
               .status());
  }
  return absl::OkStatus();
}

absl::Status UpdateStep(store::Transaction& tx, const PerformedStep& step) {
  TJ_ASSIGN_OR_RETURN(const std::string attributes, dicom::EncodeAttributes(step.attributes));
  return tx
      .Execute("update performed_step set status = :status, attributes = :attributes, "
               "updated = :updated, version = :version where facility_id = :facility and "
               "sop_instance_uid = :uid",
               step.status, store::Bytes(attributes), step.updated, step.version, step.facility_id,
               step.sop_instance_uid)
      .status();
}

absl::StatusOr<std::vector<PerformedStep>> StepsOfStudy(store::Session& session,
                                                        std::string_view facility_id,
                                                        std::string_view study_instance_uid,
                                                        int64_t limit) {
  return ReadRows(session.Query(
      std::string(kSelect) +
          "where s.facility_id = :facility and s.sop_instance_uid in (select t.sop_instance_uid "
          "from performed_step_study t where t.facility_id = :facility and "
          "t.study_instance_uid = :study) order by s.created, s.sop_instance_uid limit :limit",
      facility_id, study_instance_uid, limit));
}

absl::StatusOr<std::vector<PerformedStep>> ListSteps(store::Session& session,
                                                     const StepFilter& filter, int64_t limit) {
  std::string sql = std::string(kSelect) +
                    "where (s.created < :created or (s.created = :created and "
                    "s.sop_instance_uid < :uid))";
  const int64_t before = filter.before_created == absl::InfiniteFuture()
                             ? INT64_MAX
                             : absl::ToUnixMicros(filter.before_created);
  std::vector<store::Value> values = {store::ToValue(before), store::ToValue(filter.before_uid)};
  if (!filter.facility_id.empty()) {
    sql += " and s.facility_id = :facility";
    values.push_back(store::ToValue(filter.facility_id));
  }
  if (filter.status) {
    sql += " and s.status = :status";
    values.push_back(store::ToValue(*filter.status));
  }
  values.push_back(store::ToValue(limit));
  return ReadRows(session.QueryValues(
      sql + " order by s.created desc, s.sop_instance_uid desc limit :limit", values));
}

absl::StatusOr<std::optional<dicom::StepStatus>> LastStatusOf(
    store::Session& session, std::string_view study_instance_uid,
    std::string_view requested_procedure_id) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOne(
          "select s.status from performed_step_study t join performed_step s on "
          "s.facility_id = t.facility_id and s.sop_instance_uid = t.sop_instance_uid where "
          "t.study_instance_uid = :study and (t.requested_procedure_id = :procedure or t.requested_procedure_id = '' or "
          "cast(:procedure as text) = '') order by s.created desc, s.sop_instance_uid desc limit 1",
          study_instance_uid, requested_procedure_id));
  if (!row) return std::nullopt;
  return std::optional(static_cast<dicom::StepStatus>(row->Int(0)));
}

absl::StatusOr<int64_t> TrimSteps(store::Transaction& tx, absl::Time before, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      tx.Query("select facility_id, sop_instance_uid from performed_step where updated < :before "
               "order by updated limit :limit",
               before, limit));
  for (const store::Row& row : rows) {
    for (const char* sql :
         {"delete from performed_step_study where facility_id = :facility and "
          "sop_instance_uid = :uid",
          "delete from performed_step where facility_id = :facility and sop_instance_uid = :uid"}) {
      TJ_TRY(tx.Execute(sql, row.Text(0), row.Text(1)).status());
    }
  }
  return static_cast<int64_t>(rows.size());
}

}  // namespace tongjian::acquisition
