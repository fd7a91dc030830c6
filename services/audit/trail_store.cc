#include "services/audit/trail_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "common/base/status.h"
#include "common/security/digest.h"

namespace tongjian::audit {
namespace {

constexpr int64_t kPage = 1000;

constexpr std::string_view kColumns = "e.sequence, e.source, e.record, e.previous_hash, e.hash";

// A cell as somebody left it who writes to the file itself: what does not read as a number is
// `otherwise`, what is no base64 stands for itself. Neither fits its hash.
int64_t NumberIn(const store::Row& row, size_t column, int64_t otherwise) {
  int64_t number = 0;
  return absl::SimpleAtoi(row.Text(column), &number) ? number : otherwise;
}

std::string BytesIn(const store::Row& row, size_t column) {
  const std::string text = row.Text(column);
  std::string bytes;
  return absl::Base64Unescape(text, &bytes) ? bytes : text;
}

absl::Time TimeIn(const store::Row& row, size_t column) {
  const int64_t micros = NumberIn(row, column, INT64_MIN);
  return micros == INT64_MIN ? absl::InfinitePast() : absl::FromUnixMicros(micros);
}

Link ReadLink(const store::Row& row) {
  return {.sequence = NumberIn(row, 0, 0),
          .source = row.Text(1),
          .record = BytesIn(row, 2),
          .previous_hash = row.Text(3),
          .hash = row.Text(4)};
}

Head ReadHead(const store::Row& row) {
  return {.sequence = NumberIn(row, 0, 0),
          .hash = row.Text(1),
          .time = TimeIn(row, 2),
          .algorithm = row.Text(3),
          .value = BytesIn(row, 4),
          .certificate_pem = row.Text(5)};
}

// The conditions every listing shares; each is off when its value is empty.
constexpr std::string_view kConditions =
    " e.sequence < :before and (cast(:actor as text) = '' or e.actor = :actor)"
    " and (cast(:facility as text) = '' or e.facility = :facility) and e.time >= :since and e.time "
    "< :until"
    " order by e.sequence desc limit :n";

std::string Statement(const EntryFilter& filter) {
  std::string sql = "select ";
  sql += kColumns;
  if (!filter.patient_id.empty()) {
    sql +=
        " from entry e where e.sequence in (select p.sequence from entry_patient p where p.patient "
        "in"
        " (select cast(:key as text) union select l.digest from patient_link l where l.patient_id "
        "= :key))"
        " and (cast(:object as text) = '' or exists (select 1 from entry_object o where o.object = "
        ":object and o.sequence = e.sequence)) and";
  } else {
    sql +=
        " from entry e where cast(:key as text) = '' and (cast(:object as text) = '' or e.sequence "
        "in"
        " (select o.sequence from entry_object o where o.object = :object)) and";
  }
  sql += kConditions;
  return sql;
}

// What stands in the side tables for the entries `first` to `last`.
absl::Status ReadTouched(store::Session& session, int64_t first, int64_t last,
                         std::map<int64_t, EntryIndex>& indexes) {
  TJ_ASSIGN_OR_RETURN(
      const auto patients,
      session.Query("select sequence, patient from entry_patient"
                    " where sequence >= :first and sequence <= :last order by sequence, patient",
                    first, last));
  for (const store::Row& row : patients) indexes[NumberIn(row, 0, 0)].patients.push_back(row.Text(1));
  TJ_ASSIGN_OR_RETURN(
      const auto objects,
      session.Query("select sequence, object from entry_object"
                    " where sequence >= :first and sequence <= :last order by sequence, object",
                    first, last));
  for (const store::Row& row : objects) indexes[NumberIn(row, 0, 0)].objects.push_back(row.Text(1));
  for (auto& [sequence, index] : indexes) {
    std::sort(index.patients.begin(),
              index.patients.end());  // Byte order, whatever the database's collation.
    std::sort(index.objects.begin(), index.objects.end());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> TrailStore::Append(store::Transaction& tx, std::string_view source,
                                        std::string_view record, const EntryIndex& index) {
  return Append(tx, source, record, index, security::Sha256Text(record));
}

absl::StatusOr<bool> TrailStore::Append(store::Transaction& tx, std::string_view source,
                                        std::string_view record, const EntryIndex& index,
                                        std::string_view digest) {
  TJ_ASSIGN_OR_RETURN(
      const auto tail,
      tx.QueryOne("select sequence, hash from entry order by sequence desc limit 1"));
  const Link link =
      MakeLink(tail ? tail->Int(0) : 0, tail ? tail->Text(1) : kGenesisHash, source, record);
  TJ_ASSIGN_OR_RETURN(
      const int64_t added,
      tx.Execute("insert into entry (sequence, source, record, record_digest, previous_hash, hash, "
                 "time, actor, facility)"
                 " values (:sequence, :source, :record, :digest, :previous, :hash, :time, :actor, "
                 ":facility)"
                 " on conflict (record_digest) do nothing",
                 link.sequence, link.source, store::Bytes(record), digest,
                 link.previous_hash, link.hash, index.time, index.actor, index.facility));
  if (added == 0) return false;
  // Its hash may be signed, or told to a gateway, at any moment: a notice makes the change one that
  // must not be undone (common/store/repeatable.h).
  tx.AfterCommit([] {});
  // On conflict: what a cut tail left behind must not stop the trail; verifying shows it.
  for (const std::string& patient : index.patients) {
    TJ_TRY(tx.Execute("insert into entry_patient (patient, sequence) values (:patient, :sequence)"
                      " on conflict do nothing",
                      patient, link.sequence)
               .status());
  }
  for (const std::string& object : index.objects) {
    TJ_TRY(tx.Execute("insert into entry_object (object, sequence) values (:object, :sequence)"
                      " on conflict do nothing",
                      object, link.sequence)
               .status());
  }
  return true;
}

absl::Status TrailStore::LinkPatient(store::Transaction& tx, std::string_view digest,
                                     std::string_view patient_id) {
  return tx
      .Execute(
          "insert into patient_link (digest, patient_id) values (:digest, :patient)"
          " on conflict (digest) do update set patient_id = excluded.patient_id",
          digest, patient_id)
      .status();
}

absl::StatusOr<std::vector<Link>> TrailStore::List(const security::Scope& scope,
                                                   const EntryFilter& filter, int64_t before,
                                                   int64_t limit) {
  // The trail is read as a whole or not at all: auditors and services.
  if (!scope.all()) return std::vector<Link>();
  std::vector<Link> links;
  const int64_t upper = before == 0 ? INT64_MAX : before;
  const absl::Time from = filter.from.value_or(absl::UnixEpoch());
  const int64_t to = filter.to ? absl::ToUnixMicros(*filter.to) : INT64_MAX;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    links.clear();
    TJ_ASSIGN_OR_RETURN(const auto rows,
                        session.Query(Statement(filter), filter.patient_id, filter.object_id, upper,
                                      filter.actor, filter.facility_id, from, to, limit));
    for (const store::Row& row : rows) links.push_back(ReadLink(row));
    return absl::OkStatus();
  }));
  return links;
}

absl::Status TrailStore::ForEach(int64_t from,
                                 const std::function<void(const Link&, const EntryIndex&)>& see) {
  int64_t next = from;
  while (true) {
    std::vector<std::pair<Link, EntryIndex>> page;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      page.clear();
      TJ_ASSIGN_OR_RETURN(
          const auto rows,
          session.Query(
              "select e.sequence, e.source, e.record, e.previous_hash, e.hash, e.time, e.actor,"
              " e.facility from entry e where e.sequence >= :next order by e.sequence limit :n",
              next, kPage));
      if (rows.empty()) return absl::OkStatus();
      std::map<int64_t, EntryIndex> touched;
      TJ_TRY(ReadTouched(session, next, std::max(NumberIn(rows.back(), 0, INT64_MAX), next),
                         touched));
      for (const store::Row& row : rows) {
        EntryIndex index = std::move(touched[NumberIn(row, 0, 0)]);
        index.time = TimeIn(row, 5);
        index.actor = row.Text(6);
        index.facility = row.Text(7);
        page.emplace_back(ReadLink(row), std::move(index));
      }
      return absl::OkStatus();
    }));
    if (page.empty()) return absl::OkStatus();
    const int64_t began = next;
    for (const auto& [link, index] : page) {
      see(link, index);
      next = std::max(next, link.sequence + 1);
    }
    if (next == began) return absl::OkStatus();  // Nothing but rows without a number.
  }
}

absl::StatusOr<int64_t> TrailStore::Count(int64_t first, int64_t last) {
  int64_t count = 0;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        const auto row,
        session.QueryOne("select count(*) from entry where sequence >= :first and sequence <= :last",
                         first == 1 ? INT64_MIN : first, last));
    count = row ? row->Int(0) : 0;
    return absl::OkStatus();
  }));
  return count;
}

absl::StatusOr<std::vector<std::string>> TrailStore::BrokenIndexes() {
  std::vector<std::string> broken;
  if (database_.is_postgres()) return broken;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto rows, session.Query("pragma integrity_check(10)"));
    for (const store::Row& row : rows) {
      if (row.Text(0) != "ok") broken.push_back(row.Text(0));
    }
    return absl::OkStatus();
  }));
  return broken;
}

absl::StatusOr<std::string> TrailStore::HashAt(int64_t sequence) {
  std::string hash;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto row,
                        session.QueryOne("select hash from entry where sequence = :s", sequence));
    hash = row ? row->Text(0) : "";
    return absl::OkStatus();
  }));
  return hash;
}

absl::StatusOr<Link> TrailStore::Tail() {
  Link tail{.sequence = 0, .hash = kGenesisHash};
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        const auto row,
        session.QueryOne("select sequence, hash from entry order by sequence desc limit 1"));
    if (row) {
      tail.sequence = row->Int(0);
      tail.hash = row->Text(1);
    }
    return absl::OkStatus();
  }));
  return tail;
}

absl::Status TrailStore::SaveHead(const Head& head) {
  return database_.Write([&](store::Transaction& tx) {
    return tx
        .Execute(
            "insert into head (sequence, hash, time, algorithm, value, certificate)"
            " values (:sequence, :hash, :time, :algorithm, :value, :certificate) on conflict "
            "(sequence) do nothing",
            head.sequence, head.hash, head.time, head.algorithm, store::Bytes(head.value),
            head.certificate_pem)
        .status();
  });
}

absl::StatusOr<std::optional<Head>> TrailStore::NewestHead() {
  std::optional<Head> head;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    head.reset();
    TJ_ASSIGN_OR_RETURN(
        const auto row,
        session.QueryOne("select sequence, hash, time, algorithm, value, certificate from head"
                         " order by sequence desc limit 1"));
    if (row) head = ReadHead(*row);
    return absl::OkStatus();
  }));
  return head;
}

absl::StatusOr<std::vector<Head>> TrailStore::Heads(int64_t from, int64_t limit) {
  std::vector<Head> heads;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    heads.clear();
    TJ_ASSIGN_OR_RETURN(
        const auto rows,
        session.Query("select sequence, hash, time, algorithm, value, certificate from head"
                      " where sequence >= :next order by sequence limit :n",
                      from, limit));
    for (const store::Row& row : rows) heads.push_back(ReadHead(row));
    return absl::OkStatus();
  }));
  return heads;
}

absl::StatusOr<bool> TrailStore::SaveWitness(const Head& head, std::string_view facility_id,
                                             absl::Time now) {
  int64_t added = 0;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        added, tx.Execute("insert into witness (sequence, hash, time, algorithm, value, certificate,"
                          " facility, received) values (:sequence, :hash, :time, :algorithm, :value,"
                          " :certificate, :facility, :received) on conflict do nothing",
                          head.sequence, head.hash, head.time, head.algorithm,
                          store::Bytes(head.value), head.certificate_pem, facility_id, now));
    return absl::OkStatus();
  }));
  return added > 0;
}

absl::StatusOr<std::vector<Head>> TrailStore::Witnesses(int64_t limit) {
  std::vector<Head> heads;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    heads.clear();
    TJ_ASSIGN_OR_RETURN(
        const auto rows,
        session.Query("select sequence, hash, time, algorithm, value, certificate from witness"
                      " order by sequence limit :n",
                      limit));
    for (const store::Row& row : rows) heads.push_back(ReadHead(row));
    return absl::OkStatus();
  }));
  return heads;
}

}  // namespace tongjian::audit
