#include "services/imaging/conflict_store.h"

#include <algorithm>
#include <tuple>

#include "common/base/status.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

constexpr char kColumns[] =
    "c.id, c.study_id, c.facility_id, c.sop_instance_uid, c.first_digest, c.later_digest, "
    "c.later_dataset_digest, "
    "c.later_study_instance_uid, c.size, c.locator, c.received, c.device_ae_title, c.state, "
    "c.decided_by, c.reason";

Conflict Read(const store::Row& row) {
  return {.id = row.Text(0),
          .study_id = row.Text(1),
          .facility_id = row.Text(2),
          .sop_instance_uid = row.Text(3),
          .first_digest = row.Text(4),
          .later_digest = row.Text(5),
          .later_dataset_digest = row.Text(6),
          .later_study_instance_uid = row.Text(7),
          .size = row.Int(8),
          .locator = row.Text(9),
          .received = row.Time(10),
          .device_ae_title = row.Text(11),
          .state = static_cast<ConflictState>(row.Int(12)),
          .decided_by = row.Text(13),
          .reason = row.Text(14)};
}

// One walk along an index: of a study, of a state, or of one facility's studies.
absl::StatusOr<std::vector<store::Row>> Page(store::Session& session, const ConflictFilter& filter,
                                             const std::string* facility_id, int64_t limit) {
  std::string sql = "select " + std::string(kColumns) + " from conflict c where ";
  std::vector<store::Value> values;
  if (!filter.study_id.empty()) {
    sql += "c.study_id = :study and ";
    values.push_back(store::ToValue(filter.study_id));
  }
  if (facility_id != nullptr) {
    sql +=
        "exists (select 1 from study_audience a where a.study_id = c.study_id and a.facility_id = "
        ":facility) and ";
    values.push_back(store::ToValue(*facility_id));
  }
  if (!filter.decided) {
    sql += "c.state = :state and ";
    values.push_back(store::ToValue(ConflictState::kOpen));
  }
  sql +=
      "(c.received > :received or (c.received = :received and c.id > :id)) order by c.received, "
      "c.id limit :limit";
  const absl::Time after = std::max(filter.after_received, absl::UnixEpoch());
  values.push_back(store::ToValue(after));
  values.push_back(store::ToValue(filter.after_id));
  values.push_back(store::ToValue(limit));
  return session.QueryValues(sql, values);
}

}  // namespace

absl::Status InsertConflict(store::Transaction& tx, const Conflict& conflict) {
  return tx
      .Execute(
          "insert into conflict (id, study_id, facility_id, sop_instance_uid, first_digest, "
          "later_digest, "
          "later_dataset_digest, later_study_instance_uid, size, locator, received, "
          "device_ae_title, state, "
          "decided_by, reason) values (:id, :study, :facility, :uid, :first, :later, :dataset, "
          ":study_uid, :size, "
          ":locator, :received, :ae, :state, '', '')",
          conflict.id, conflict.study_id, conflict.facility_id, conflict.sop_instance_uid,
          conflict.first_digest, conflict.later_digest, conflict.later_dataset_digest,
          conflict.later_study_instance_uid, conflict.size, conflict.locator, conflict.received,
          conflict.device_ae_title, conflict.state)
      .status();
}

absl::StatusOr<std::optional<Conflict>> ConflictOf(store::Session& session,
                                                   std::string_view facility_id,
                                                   std::string_view sop_instance_uid,
                                                   std::string_view digest,
                                                   std::string_view dataset_digest) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne("select " + std::string(kColumns) +
                           " from conflict c where c.facility_id = :facility and "
                           "c.sop_instance_uid = :uid and (c.later_digest = :digest or "
                           "c.first_digest = :digest or c.later_dataset_digest = :dataset) "
                           "order by c.later_digest limit 1",
                       facility_id, sop_instance_uid, digest, dataset_digest));
  if (!row) return std::nullopt;
  return Read(*row);
}

absl::StatusOr<Conflict> FindConflict(store::Session& session, const security::Scope& scope,
                                      std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne("select " + std::string(kColumns) +
                                                           " from conflict c where c.id = :id",
                                                       id));
  if (!row) return base::NotFound("conflict");
  Conflict conflict = Read(*row);
  if (!FindStudy(session, scope, conflict.study_id).ok()) return base::NotFound("conflict");
  return conflict;
}

absl::Status DecideConflict(store::Transaction& tx, const Conflict& conflict) {
  return tx
      .Execute(
          "update conflict set state = :state, decided_by = :by, reason = :reason, decided = "
          ":decided, "
          "locator = :locator, size = :size where id = :id",
          conflict.state, conflict.decided_by, conflict.reason, tx.Now(), conflict.locator,
          conflict.size, conflict.id)
      .status();
}

absl::Status SetConflictObject(store::Transaction& tx, const Conflict& conflict) {
  return tx
      .Execute("update conflict set locator = :locator, size = :size where id = :id",
               conflict.locator, conflict.size, conflict.id)
      .status();
}

absl::StatusOr<std::vector<Conflict>> ListConflicts(store::Session& session,
                                                    const security::Scope& scope,
                                                    const ConflictFilter& filter, int64_t limit) {
  std::vector<Conflict> conflicts;
  const auto add = [&](const std::string* facility_id) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto rows, Page(session, filter, facility_id, limit));
    for (const store::Row& row : rows) conflicts.push_back(Read(row));
    return absl::OkStatus();
  };
  if (scope.all()) {
    TJ_TRY(add(nullptr));
    return conflicts;
  }
  for (const std::string& facility_id : scope.facilities()) TJ_TRY(add(&facility_id));
  std::sort(conflicts.begin(), conflicts.end(), [](const Conflict& a, const Conflict& b) {
    return std::tie(a.received, a.id) < std::tie(b.received, b.id);
  });
  const auto same = [](const Conflict& a, const Conflict& b) { return a.id == b.id; };
  conflicts.erase(std::unique(conflicts.begin(), conflicts.end(), same), conflicts.end());
  if (static_cast<int64_t>(conflicts.size()) > limit)
    conflicts.erase(conflicts.begin() + limit, conflicts.end());
  return conflicts;
}

absl::Status PutUpload(store::Transaction& tx, const FinishedUpload& upload) {
  return tx
      .Execute(
          "insert into upload (sender, upload_id, size, digest, outcome, sop_instance_uid, "
          "study_id, finished) values "
          "(:sender, :upload, :size, :digest, :outcome, :uid, :study, :finished) on conflict "
          "(sender, upload_id) do "
          "update set size = excluded.size, digest = excluded.digest, outcome = excluded.outcome, "
          "sop_instance_uid = excluded.sop_instance_uid, study_id = excluded.study_id, "
          "finished = excluded.finished",
          upload.sender, upload.upload_id, upload.size, upload.digest, upload.outcome,
          upload.sop_instance_uid, upload.study_id, tx.Now())
      .status();
}

absl::StatusOr<std::optional<FinishedUpload>> FindUpload(store::Session& session,
                                                         std::string_view sender,
                                                         std::string_view upload_id) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(
          "select sender, upload_id, size, digest, outcome, sop_instance_uid, study_id from "
          "upload where sender = :sender and upload_id = :upload",
          sender, upload_id));
  if (!row) return std::nullopt;
  return FinishedUpload{
      row->Text(0), row->Text(1), row->Int(2), row->Text(3), static_cast<StoreOutcome>(row->Int(4)),
      row->Text(5), row->Text(6)};
}

absl::StatusOr<int64_t> TrimUploads(store::Transaction& tx, absl::Time before, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query("select sender, upload_id from upload where finished < :before "
                               "order by finished limit :limit",
                               before, limit));
  for (const store::Row& row : rows) {
    TJ_TRY(tx.Execute("delete from upload where sender = :sender and upload_id = :upload",
                      row.Text(0), row.Text(1))
               .status());
  }
  return static_cast<int64_t>(rows.size());
}

}  // namespace tongjian::imaging
