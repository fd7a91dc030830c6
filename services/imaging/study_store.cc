#include "services/imaging/study_store.h"

#include "common/base/status.h"
#include "services/imaging/search_store.h"
#include "services/imaging/study_rows.h"

namespace tongjian::imaging {
namespace {

constexpr char kInstanceColumns[] =
    "facility_id, sop_instance_uid, study_id, series_instance_uid, sop_class_uid, "
    "transfer_syntax_uid, number, frames, "
    "size, digest, dataset_digest, locator, received, pixel_rows, pixel_columns, bits_allocated";

Instance ReadInstance(const store::Row& row) {
  return {.facility_id = row.Text(0),
          .sop_instance_uid = row.Text(1),
          .study_id = row.Text(2),
          .series_instance_uid = row.Text(3),
          .sop_class_uid = row.Text(4),
          .transfer_syntax_uid = row.Text(5),
          .number = row.Int(6),
          .frames = row.Int(7),
          .size = row.Int(8),
          .digest = row.Text(9),
          .dataset_digest = row.Text(10),
          .locator = row.Text(11),
          .received = row.Time(12),
          .pixel_rows = row.Int(13),
          .pixel_columns = row.Int(14),
          .bits_allocated = row.Int(15)};
}

}  // namespace

absl::StatusOr<int64_t> InsertStudy(store::Transaction& tx, const Study& study) {
  return tx.Execute(
      "insert into study (id, facility_id, study_instance_uid, variant, facility_patient_id, "
      "patient_name, "
      "patient_name_latin, person_name, name_key, latin_key, sex, birth_date, patient_id, "
      "accession_number, modalities, description, "
      "body_part, study_number, study_date, study_time, device_time, receipt_time, offset_ms, "
      "implausible, state, match, "
      "series_count, instance_count, size, conflict_count, expected_count, grade, grade_reason, "
      "charset_guessed, "
      "device_ae_title, device_id, priority, flags, created, updated, version, quiet_at, emitted, "
      "dirty) values "
      "(:id, :facility, :uid, :variant, :number, :name, :latin, :person_name, :name_key, "
      ":latin_key, :sex, :birth, :patient, "
      ":accession, :modalities, :description, :body_part, :study_number, :study_date, :study_time, "
      ":device_time, "
      ":receipt_time, :offset_ms, :implausible, :state, :match, :series, :instances, :size, "
      ":conflicts, :expected, "
      ":grade, :grade_reason, :guessed, :ae, :device, :priority, :flags, :created, :updated, "
      ":version, :quiet, "
      ":emitted, :dirty) on conflict (facility_id, study_instance_uid, variant) do nothing",
      study.id, study.facility_id, study.study_instance_uid, study.variant,
      study.patient.facility_patient_id, study.patient.name, study.patient.name_latin,
      study.patient.person_name, ToColumn(study.patient.name_key),
      ToColumn(study.patient.latin_key), study.patient.sex, study.patient.birth_date,
      study.patient_id, study.accession_number, JoinModalities(study.modalities), study.description,
      study.body_part, study.study_number, study.study_date, study.study_time,
      study.performed.device, study.performed.receipt, study.performed.offset_ms,
      study.performed.implausible, study.state, study.match, study.series_count,
      study.instance_count, study.size, study.conflict_count, study.expected_count, study.grade,
      study.grade_reason, study.charset_guessed, study.device_ae_title, study.device_id,
      study.priority, study.flags, study.created, study.updated, study.version, study.quiet_at,
      study.emitted, study.dirty);
}

absl::Status UpdateStudy(store::Transaction& tx, const Study& study) {
  return tx
      .Execute(
          "update study set facility_patient_id = :number, patient_name = :name, "
          "patient_name_latin = :latin, "
          "person_name = :person_name, name_key = :name_key, latin_key = :latin_key, sex = :sex, "
          "birth_date = :birth, patient_id = :patient, "
          "accession_number = :accession, modalities = :modalities, description = :description, "
          "body_part = :body_part, "
          "device_time = :device_time, receipt_time = :receipt_time, offset_ms = :offset_ms, "
          "implausible = :implausible, "
          "state = :state, match = :match, series_count = :series, instance_count = :instances, "
          "size = :size, "
          "conflict_count = :conflicts, expected_count = :expected, grade = :grade, grade_reason = "
          ":grade_reason, "
          "charset_guessed = :guessed, device_ae_title = :ae, device_id = :device, priority = "
          ":priority, flags = :flags, "
          "updated = :updated, version = :version, quiet_at = :quiet, emitted = :emitted, dirty = "
          ":dirty where id = :id",
          study.patient.facility_patient_id, study.patient.name, study.patient.name_latin,
          study.patient.person_name, ToColumn(study.patient.name_key),
          ToColumn(study.patient.latin_key), study.patient.sex, study.patient.birth_date,
          study.patient_id, study.accession_number, JoinModalities(study.modalities),
          study.description, study.body_part, study.performed.device, study.performed.receipt,
          study.performed.offset_ms, study.performed.implausible, study.state, study.match,
          study.series_count, study.instance_count, study.size, study.conflict_count,
          study.expected_count, study.grade, study.grade_reason, study.charset_guessed,
          study.device_ae_title, study.device_id, study.priority, study.flags, study.updated,
          study.version, study.quiet_at, study.emitted, study.dirty, study.id)
      .status();
}

absl::Status UpdateStudyCounts(store::Transaction& tx, const Study& study) {
  return tx
      .Execute(
          "update study set series_count = :series, instance_count = :instances, size = :size, "
          "updated = :updated, version = :version, quiet_at = :quiet, emitted = :emitted, "
          "dirty = :dirty where id = :id",
          study.series_count, study.instance_count, study.size, study.updated, study.version,
          study.quiet_at, study.emitted, study.dirty, study.id)
      .status();
}

absl::StatusOr<bool> UidIsElsewhere(store::Session& session, std::string_view facility_id,
                                    std::string_view study_instance_uid) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select id from study where study_instance_uid = :uid and "
                                       "facility_id <> :facility limit 1",
                                       study_instance_uid, facility_id));
  return row.has_value();
}

absl::StatusOr<bool> CountInSeries(store::Transaction& tx, std::string_view study_id,
                                   const Series& series) {
  TJ_ASSIGN_OR_RETURN(
      const int64_t added,
      tx.Execute(
          "insert into series (study_id, series_instance_uid, modality, number, description, "
          "body_part, "
          "instance_count) values (:study, :uid, :modality, :number, :description, :body_part, 1) "
          "on conflict (study_id, series_instance_uid) do nothing",
          study_id, series.series_instance_uid, series.modality, series.number, series.description,
          series.body_part));
  if (added > 0) return true;
  TJ_TRY(tx.Execute(
               "update series set instance_count = instance_count + 1 where study_id = :study and "
               "series_instance_uid = :uid",
               study_id, series.series_instance_uid)
             .status());
  return false;
}

absl::Status CountOutOfSeries(store::Transaction& tx, std::string_view study_id,
                              std::string_view series_instance_uid) {
  return tx
      .Execute(
          "update series set instance_count = instance_count - 1 where study_id = :study and "
          "series_instance_uid = :uid",
          study_id, series_instance_uid)
      .status();
}

absl::StatusOr<int64_t> InsertInstance(store::Transaction& tx, const Instance& instance) {
  return tx.Execute(
      "insert into instance (facility_id, sop_instance_uid, study_id, series_instance_uid, "
      "sop_class_uid, transfer_syntax_uid, number, frames, size, digest, dataset_digest, locator, "
      "received, pixel_rows, pixel_columns, bits_allocated) "
      "values (:facility, :uid, :study, :series, :class, :syntax, :number, :frames, :size, "
      ":digest, "
      ":dataset, :locator, :received, :rows, :columns, :bits) on conflict (facility_id, sop_instance_uid) do nothing",
      instance.facility_id, instance.sop_instance_uid, instance.study_id,
      instance.series_instance_uid, instance.sop_class_uid, instance.transfer_syntax_uid,
      instance.number, instance.frames, instance.size, instance.digest, instance.dataset_digest,
      instance.locator, instance.received, instance.pixel_rows, instance.pixel_columns,
      instance.bits_allocated);
}

absl::Status ReplaceInstance(store::Transaction& tx, const Instance& instance) {
  return tx
      .Execute(
          "update instance set study_id = :study, series_instance_uid = :series, sop_class_uid = "
          ":class, "
          "transfer_syntax_uid = :syntax, number = :number, frames = :frames, size = :size, digest "
          "= :digest, "
          "dataset_digest = :dataset, locator = :locator, received = :received, pixel_rows = "
          ":rows, pixel_columns = :columns, bits_allocated = :bits where facility_id = :facility and "
          "sop_instance_uid = :uid",
          instance.study_id, instance.series_instance_uid, instance.sop_class_uid,
          instance.transfer_syntax_uid, instance.number, instance.frames, instance.size,
          instance.digest, instance.dataset_digest, instance.locator, instance.received,
          instance.pixel_rows, instance.pixel_columns, instance.bits_allocated,
          instance.facility_id, instance.sop_instance_uid)
      .status();
}

absl::Status SetDatasetDigest(store::Transaction& tx, const Instance& instance) {
  return tx
      .Execute(
          "update instance set dataset_digest = :dataset where facility_id = :facility and "
          "sop_instance_uid = :uid",
          instance.dataset_digest, instance.facility_id, instance.sop_instance_uid)
      .status();
}

absl::StatusOr<std::optional<Instance>> InstanceOf(store::Session& session,
                                                   std::string_view facility_id,
                                                   std::string_view sop_instance_uid) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select " + std::string(kInstanceColumns) +
                                           " from instance where facility_id = :facility and "
                                           "sop_instance_uid = :uid",
                                       facility_id, sop_instance_uid));
  if (!row) return std::nullopt;
  return ReadInstance(*row);
}

absl::StatusOr<Instance> FindInstance(store::Session& session, const Study& study,
                                      std::string_view sop_instance_uid) {
  TJ_ASSIGN_OR_RETURN(std::optional<Instance> instance,
                      InstanceOf(session, study.facility_id, sop_instance_uid));
  if (!instance || instance->study_id != study.id) return base::NotFound("instance");
  return *std::move(instance);
}

absl::StatusOr<std::vector<Instance>> ListInstances(store::Session& session, const Study& study,
                                                    const std::optional<InstancePosition>& after,
                                                    int64_t limit) {
  const std::string select =
      "select " + std::string(kInstanceColumns) + " from instance where study_id = :study";
  constexpr char kOrder[] = " order by series_instance_uid, number, sop_instance_uid limit :limit";
  absl::StatusOr<std::vector<store::Row>> rows =
      after
          ? session.Query(
                select +
                    " and (series_instance_uid > :series or (series_instance_uid = :series and "
                    "(number > :number or (number = :number and sop_instance_uid > :uid))))" +
                    kOrder,
                study.id, after->series_instance_uid, after->number, after->sop_instance_uid, limit)
          : session.Query(select + kOrder, study.id, limit);
  TJ_TRY(rows.status());
  std::vector<Instance> instances;
  for (const store::Row& row : *rows) instances.push_back(ReadInstance(row));
  return instances;
}

absl::StatusOr<std::vector<Instance>> ListSeriesInstances(store::Session& session,
                                                          std::string_view study_id,
                                                          std::string_view series_instance_uid,
                                                          const Instance* after, int64_t limit) {
  const std::string select = "select " + std::string(kInstanceColumns) +
                             " from instance where study_id = :study and series_instance_uid = "
                             ":series";
  constexpr char kOrder[] = " order by number, sop_instance_uid limit :limit";
  absl::StatusOr<std::vector<store::Row>> rows =
      after == nullptr
          ? session.Query(select + kOrder, study_id, series_instance_uid, limit)
          : session.Query(select + " and (number, sop_instance_uid) > (:number, :uid)" + kOrder,
                          study_id, series_instance_uid, after->number, after->sop_instance_uid,
                          limit);
  TJ_TRY(rows.status());
  std::vector<Instance> instances;
  for (const store::Row& row : *rows) instances.push_back(ReadInstance(row));
  return instances;
}

absl::StatusOr<std::optional<Series>> FindSeries(store::Session& session, std::string_view study_id,
                                                 std::string_view series_instance_uid) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne("select series_instance_uid, modality, number, description, body_part, "
                       "instance_count from series where study_id = :study and "
                       "series_instance_uid = :uid",
                       study_id, series_instance_uid));
  if (!row) return std::nullopt;
  return Series{row->Text(0), row->Text(1), row->Int(2), row->Text(3), row->Text(4), row->Int(5)};
}

absl::StatusOr<std::vector<HistoryEntry>> ListHistory(store::Session& session, const Study& study,
                                                      int64_t after_sequence, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(
          "select sequence, time, action, order_id, by_what, actor, reason from study_history "
          "where study_id = :study and sequence > :after order by sequence limit :limit",
          study.id, after_sequence, limit));
  std::vector<HistoryEntry> entries;
  for (const store::Row& row : rows) {
    entries.push_back(
        {row.Int(0), row.Time(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Text(6)});
  }
  return entries;
}

absl::Status AddHistory(store::Transaction& tx, std::string_view study_id,
                        const HistoryEntry& entry) {
  TJ_ASSIGN_OR_RETURN(const auto last,
                      tx.QueryOne("select sequence from study_history where study_id = :study "
                                  "order by sequence desc limit 1",
                                  study_id));
  return tx
      .Execute(
          "insert into study_history (study_id, sequence, time, action, order_id, by_what, actor, "
          "reason) values "
          "(:study, :sequence, :time, :action, :order, :by, :actor, :reason)",
          study_id, last ? last->Int(0) + 1 : 1, tx.Now(), entry.action, entry.order_id, entry.by,
          entry.actor, entry.reason)
      .status();
}

absl::StatusOr<std::vector<std::string>> StudiesDue(store::Session& session, absl::Time now,
                                                    absl::Time emitted_before, int64_t limit) {
  std::vector<std::string> ids;
  TJ_ASSIGN_OR_RETURN(const auto quiet,
                      session.Query("select id from study where quiet_at > 0 and quiet_at <= :now "
                                    "order by quiet_at limit :limit",
                                    now, limit));
  for (const store::Row& row : quiet) ids.push_back(row.Text(0));
  TJ_ASSIGN_OR_RETURN(const auto dirty,
                      session.Query("select id from study where dirty = 1 and emitted <= :before "
                                    "order by emitted limit :limit",
                                    emitted_before, limit));
  for (const store::Row& row : dirty) ids.push_back(row.Text(0));
  return ids;
}

absl::StatusOr<int64_t> RestartQuietTimes(store::Transaction& tx, absl::Time quiet_at) {
  return tx.Execute("update study set quiet_at = :quiet where quiet_at > 0", quiet_at);
}

absl::StatusOr<bool> LocatorIsUsed(store::Session& session, std::string_view locator) {
  TJ_ASSIGN_OR_RETURN(
      const auto instance,
      session.QueryOne("select 1 from instance where locator = :locator limit 1", locator));
  if (instance) return true;
  TJ_ASSIGN_OR_RETURN(
      const auto conflict,
      session.QueryOne("select 1 from conflict where locator = :locator limit 1", locator));
  return conflict.has_value();
}

absl::StatusOr<std::vector<std::string>> AudienceOf(store::Session& session,
                                                    std::string_view study_id) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query("select facility_id from study_audience where study_id = :study "
                    "order by facility_id limit 1000",
                    study_id));
  std::vector<std::string> facilities;
  for (const store::Row& row : rows) facilities.push_back(row.Text(0));
  return facilities;
}

absl::StatusOr<int64_t> CountStudies(store::Session& session, MatchState match) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select count(*) from study where match = :match", match));
  return row ? row->Int(0) : 0;
}

absl::Status SetConfirmedTime(store::Transaction& tx, const Study& study) {
  return tx
      .Execute("update study set confirmed = :confirmed where id = :id", study.performed.confirmed,
               study.id)
      .status();
}

absl::Status SetExam(store::Transaction& tx, const Study& study) {
  return tx
      .Execute("update study set exam = :exam, exam_note = :note, awaited = :awaited where id = :id",
               study.exam, study.exam_note, study.awaited, study.id)
      .status();
}

absl::Status SetAudience(store::Transaction& tx, const Study& study,
                         const std::vector<std::string>& facility_ids) {
  TJ_TRY(tx.Execute("delete from study_audience where study_id = :study", study.id).status());
  for (const std::string& facility_id : facility_ids) {
    TJ_TRY(tx.Execute("insert into study_audience (facility_id, created, study_id) values "
                      "(:facility, :created, :study) "
                      "on conflict (facility_id, created, study_id) do nothing",
                      facility_id, study.created, study.id)
               .status());
  }
  return SetSearchRows(tx, study, facility_ids);
}

}  // namespace tongjian::imaging
