#include "services/registry/record_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/transaction.h"

namespace tongjian::registry {
namespace {

RecordRow RowOf(const store::Row& row) {
  return {row.Text(0), row.Int(1), row.Bytes(2), row.Time(3), row.Text(4)};
}

absl::Status Taken(std::string_view kind, std::string_view unique_key) {
  return base::Error(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "",
                     absl::StrCat("another ", std::string(kind), " has ", std::string(unique_key)));
}

absl::Status AddIndex(store::Transaction& tx, std::string_view kind, std::string_view id,
                      const RecordIndex& index) {
  for (const std::string& group : index.groups) {
    TJ_TRY(tx.Execute(
                 "insert into record_groups (kind, group_key, id) values (:kind, :group_key, :id) "
                 "on conflict (kind, group_key, id) do nothing",
                 kind, group, id)
               .status());
  }
  for (const std::string& unique : index.uniques) {
    TJ_ASSIGN_OR_RETURN(
        const int64_t added,
        tx.Execute(
            "insert into record_uniques (kind, unique_key, id) values (:kind, :unique_key, :id) "
            "on conflict (kind, unique_key) do nothing",
            kind, unique, id));
    if (added == 0) return Taken(kind, unique);
  }
  return absl::OkStatus();
}

absl::Status DropIndex(store::Transaction& tx, std::string_view kind, std::string_view id) {
  TJ_TRY(
      tx.Execute("delete from record_groups where kind = :kind and id = :id", kind, id).status());
  return tx.Execute("delete from record_uniques where kind = :kind and id = :id", kind, id)
      .status();
}

}  // namespace

absl::StatusOr<std::optional<RecordRow>> FindRecord(store::Session& session, std::string_view kind,
                                                    std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select id, version, record, updated, facility_id from "
                                       "records where kind = :kind and id = :id",
                                       kind, id));
  if (!row) return std::nullopt;
  return RowOf(*row);
}

absl::StatusOr<std::string> FindUnique(store::Session& session, std::string_view kind,
                                       std::string_view unique_key) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(
          "select id from record_uniques where kind = :kind and unique_key = :unique_key", kind,
          unique_key));
  return row ? row->Text(0) : std::string();
}

absl::StatusOr<std::vector<RecordRow>> ListRecords(store::Session& session, std::string_view kind,
                                                   std::string_view group, std::string_view after,
                                                   int64_t limit) {
  constexpr std::string_view kAll =
      "select id, version, record, updated, facility_id from records "
      "where kind = :kind and id > :after order by id limit :limit";
  constexpr std::string_view kOfGroup =
      "select r.id, r.version, r.record, r.updated, r.facility_id from record_groups g "
      "join records r on r.kind = g.kind and r.id = g.id "
      "where g.kind = :kind and g.group_key = :group_key and g.id > :after order by g.id limit "
      ":limit";
  TJ_ASSIGN_OR_RETURN(const auto found, group.empty()
                                            ? session.Query(kAll, kind, after, limit)
                                            : session.Query(kOfGroup, kind, group, after, limit));
  std::vector<RecordRow> rows;
  rows.reserve(found.size());
  for (const store::Row& row : found) rows.push_back(RowOf(row));
  return rows;
}

absl::Status InsertRecord(store::Transaction& tx, std::string_view kind, const RecordRow& row,
                          const RecordIndex& index) {
  TJ_ASSIGN_OR_RETURN(
      const int64_t added,
      tx.Execute("insert into records (kind, id, facility_id, version, record, updated) "
                 "values (:kind, :id, :facility_id, :version, :record, :updated) "
                 "on conflict (kind, id) do nothing",
                 kind, row.id, index.facility_id, row.version, store::Bytes(row.bytes),
                 row.updated));
  if (added == 0) return Taken(kind, "this id");
  return AddIndex(tx, kind, row.id, index);
}

absl::Status ReplaceRecord(store::Transaction& tx, std::string_view kind, const RecordRow& row,
                           const RecordIndex& index) {
  TJ_ASSIGN_OR_RETURN(
      const int64_t changed,
      tx.Execute("update records set facility_id = :facility_id, version = :version, "
                 "record = :record, updated = :updated "
                 "where kind = :kind and id = :id and version = :version_before",
                 index.facility_id, row.version, store::Bytes(row.bytes), row.updated, kind, row.id,
                 row.version - 1));
  if (changed == 0) {
    TJ_ASSIGN_OR_RETURN(const auto there, FindRecord(tx, kind, row.id));
    return there ? EtagMismatch() : base::NotFound(kind);
  }
  TJ_TRY(DropIndex(tx, kind, row.id));
  return AddIndex(tx, kind, row.id, index);
}

absl::Status EtagMismatch() {
  return base::Conflict("ETAG_MISMATCH",
                        "it was changed since this etag was read: read it again, then decide");
}

}  // namespace tongjian::registry
