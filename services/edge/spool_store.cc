#include "services/edge/spool_store.h"

#include <algorithm>
#include <utility>

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/edge/clock_store.h"
#include "services/edge/order_store.h"
#include "tongjian/common/v1/types.pb.h"

namespace tongjian::edge {
namespace {

constexpr char kColumns[] =
    "select id, sequence, sop_instance_uid, study_instance_uid, digest, size, locator, facility_id, "
    "device_ae_title, device_address, device_time, receipt_time, offset_ms, implausible, priority, "
    "state, attempts, last_error from spool ";
constexpr absl::Duration kOrphanAge = absl::Hours(24);
constexpr int64_t kTrimAtOnce = 1000;
constexpr size_t kErrorBytesMax = 500;
constexpr size_t kVerifiedAtOnce = 1 << 20;
// A receipt so far ahead was before the clock was set back; quiet times are a day at most.
constexpr absl::Duration kAheadMax = absl::Hours(48);

SpoolObject ObjectOf(const store::Row& row) {
  return {.id = row.Text(0),
          .sequence = row.Int(1),
          .sop_instance_uid = row.Text(2),
          .study_instance_uid = row.Text(3),
          .digest = row.Text(4),
          .size = row.Int(5),
          .locator = row.Text(6),
          .facility_id = row.Text(7),
          .device_ae_title = row.Text(8),
          .device_address = row.Text(9),
          .device_time = row.OptionalTime(10),
          .receipt_time = row.Time(11),
          .offset_ms = row.Int(12),
          .implausible = row.Bool(13),
          .priority = static_cast<int>(row.Int(14)),
          .state = static_cast<SpoolState>(row.Int(15)),
          .attempts = row.Int(16),
          .last_error = row.Text(17)};
}

std::vector<SpoolObject> ObjectsOf(const std::vector<store::Row>& rows) {
  std::vector<SpoolObject> objects;
  objects.reserve(rows.size());
  for (const store::Row& row : rows) objects.push_back(ObjectOf(row));
  return objects;
}

absl::StatusOr<int64_t> CountInstances(store::Session& session, const std::string& study_uid) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select count(distinct sop_instance_uid) from spool "
                                       "where study_instance_uid = :study",
                                       study_uid));
  return row ? row->Int(0) : 0;
}

absl::StatusOr<int> PriorityOf(store::Session& session, const Received& received) {
  TJ_ASSIGN_OR_RETURN(const OrderedPriority ordered,
                      PriorityFor(session, received.study_instance_uid, received.accession_number));
  if (ordered.by_clinic || !received.urgent_device) return ordered.priority;
  return std::max<int>(ordered.priority, common::v1::PRIORITY_URGENT);
}

// The study is open (again): the hub is to be told of it once it is quiet.
absl::Status OpenStudy(store::Transaction& tx, const Received& received) {
  return tx
      .Execute("insert into spool_study (study_instance_uid, facility_id, last_receipt, asked, "
               "reported) values (:study, :facility, :now, 0, -1) on conflict (study_instance_uid) "
               "do update set last_receipt = excluded.last_receipt, reported = -1",
               received.study_instance_uid, received.facility_id, tx.Now())
      .status();
}

// Reads and verifies every byte.
absl::Status ReadWhole(blob::Store& blobs, const std::string& locator) {
  TJ_ASSIGN_OR_RETURN(const auto reader, blobs.OpenReader(locator));
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::string bytes, reader->Next(kVerifiedAtOnce));
    if (bytes.empty()) return absl::OkStatus();
  }
}

}  // namespace

void Spool::Notify() const {
  if (notice_ != nullptr) notice_();
}

absl::StatusOr<std::optional<SpoolObject>> Spool::Find(store::Session& session,
                                                       const Received& received,
                                                       const std::string& digest) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne(std::string(kColumns) +
                                           "where sop_instance_uid = :sop and digest = :digest",
                                       received.sop_instance_uid, digest));
  return row ? std::optional(ObjectOf(*row)) : std::nullopt;
}

absl::StatusOr<std::string> Spool::DamagedCopy(const Received& received,
                                               const std::string& digest) {
  std::optional<SpoolObject> known;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(known, Find(session, received, digest));
    return absl::OkStatus();
  }));
  if (!known || known->state != SpoolState::kWaiting) return "";
  const absl::Status whole = ReadWhole(blobs_, known->locator);
  if (whole.ok()) return "";
  telemetry::Log(telemetry::Level::kError, "spooled_object_damaged",
                 {{"upload_id", known->id}, {"status", whole}});
  return known->locator;
}

absl::Status Spool::Insert(store::Transaction& tx, const Received& received,
                           const blob::Receipt& receipt, const std::string& damaged,
                           std::string* useless) {
  TJ_ASSIGN_OR_RETURN(const int64_t offset_ms,
                      NoteDevice(tx, received.device_ae_title, received.device_address,
                                 received.facility_id, received.device_time, received.implausible));
  TJ_ASSIGN_OR_RETURN(const auto known, Find(tx, received, receipt.sha256));
  if (known && known->state == SpoolState::kWaiting && known->locator != damaged) {
    *useless = receipt.locator;
    return absl::OkStatus();
  }
  TJ_ASSIGN_OR_RETURN(const int priority, PriorityOf(tx, received));
  TJ_ASSIGN_OR_RETURN(const auto last,
                      tx.QueryOne("select coalesce(max(sequence), 0) from spool"));
  // What the hub had once goes again: it answers that it has it, and if it was restored from a
  // backup without it, this is the only copy left.
  TJ_TRY(tx.Execute(
               "insert into spool (id, sequence, sop_instance_uid, study_instance_uid, "
               "accession_number, digest, size, locator, facility_id, device_ae_title, "
               "device_address, device_time, receipt_time, offset_ms, implausible, priority, "
               "state, attempts, next_attempt, last_error, end_time) values (:id, :sequence, "
               ":sop, :study, :accession, :digest, :size, :locator, :facility, :ae, :address, "
               ":device_time, :receipt, :offset, :implausible, :priority, 0, 0, 0, '', 0) on "
               "conflict (sop_instance_uid, digest) do update set state = 0, sequence = "
               "excluded.sequence, locator = excluded.locator, receipt_time = "
               "excluded.receipt_time, priority = excluded.priority, attempts = 0, next_attempt = "
               "0, last_error = '', end_time = 0",
               ids_.New(), last->Int(0) + 1, received.sop_instance_uid,
               received.study_instance_uid, received.accession_number, receipt.sha256,
               receipt.size, receipt.locator, received.facility_id, received.device_ae_title,
               received.device_address, received.device_time, received.receipt_time, offset_ms,
               received.implausible, priority)
             .status());
  *useless = known ? known->locator : "";
  return OpenStudy(tx, received);
}

absl::Status Spool::Keep(const Received& received, const blob::Receipt& receipt,
                         const Also& also) {
  TJ_ASSIGN_OR_RETURN(const std::string damaged, DamagedCopy(received, receipt.sha256));
  std::string useless;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(Insert(tx, received, receipt, damaged, &useless));
    return also(tx);
  }));
  if (useless != receipt.locator) Notify();
  if (useless.empty()) return absl::OkStatus();
  const absl::Status removed = blobs_.Remove(useless);
  // The object is safe already; the sweep removes what no row names.
  if (!removed.ok()) {
    telemetry::Log(telemetry::Level::kWarning, "copy_not_removed", {{"status", removed}});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SpoolObject>> Spool::Next(
    Lane lane, absl::Time now, int64_t limit,
    const std::function<bool(const std::string&)>& taken) {
  const int low = lane == Lane::kUrgent ? common::v1::PRIORITY_URGENT : 0;
  const int high = lane == Lane::kUrgent ? common::v1::Priority_MAX : common::v1::PRIORITY_ROUTINE;
  const bool orders_first = orders_first_ != nullptr && orders_first_();
  std::vector<SpoolObject> next;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    next.clear();
    TJ_ASSIGN_OR_RETURN(const auto rows,
                        session.Query(std::string(kColumns) +
                                          "where state = 0 and priority >= :low and priority <= "
                                          ":high and (next_attempt <= :now or next_attempt > "
                                          ":later) and (:first = 0 or not "
                                          "exists (select 1 from clinic_order_study s join "
                                          "clinic_order o on o.id = s.order_id where "
                                          "s.study_instance_uid = spool.study_instance_uid and "
                                          "o.at_hub = 0 and o.state = 2)) order by priority desc, "
                                          "sequence limit :limit",
                                      low, high, now, now + kPauseLongest, orders_first,
                                      limit + 512));
    for (const store::Row& row : rows) {
      if (static_cast<int64_t>(next.size()) == limit) break;
      if (!taken(row.Text(0))) next.push_back(ObjectOf(row));
    }
    return absl::OkStatus();
  }));
  return next;
}

absl::Status Spool::Done(const std::vector<SpoolObject>& objects) {
  if (objects.empty()) return absl::OkStatus();
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    for (const SpoolObject& object : objects) {
      TJ_TRY(tx.Execute("update spool set state = 2, locator = '', last_error = '', end_time = "
                        ":now where id = :id",
                        tx.Now(), object.id)
                 .status());
    }
    return absl::OkStatus();
  }));
  for (const SpoolObject& object : objects) TJ_TRY(blobs_.Remove(object.locator));
  return absl::OkStatus();
}

absl::Status Spool::Postpone(const std::string& id, std::string_view error, absl::Duration pause) {
  return database_.Write([&](store::Transaction& tx) {
    return tx
        .Execute("update spool set attempts = attempts + 1, next_attempt = :next, last_error = "
                 ":error where id = :id and state = 0",
                 tx.Now() + pause, error.substr(0, kErrorBytesMax), id)
        .status();
  });
}

absl::Status Spool::Fail(const std::string& id, std::string_view error) {
  return database_.Write([&](store::Transaction& tx) {
    return tx
        .Execute("update spool set attempts = attempts + 1, state = 1, last_error = :error, "
                 "end_time = :now where id = :id and state = 0",
                 error.substr(0, kErrorBytesMax), tx.Now(), id)
        .status();
  });
}

absl::Status Spool::Damaged(const SpoolObject& object) {
  return database_.Write([&](store::Transaction& tx) {
    // Not where a good copy has come meanwhile.
    return tx
        .Execute("update spool set attempts = attempts + 1, state = 3, last_error = :error, "
                 "end_time = :now where id = :id and state = 0 and locator = :locator",
                 kDamagedHere, tx.Now(), object.id, object.locator)
        .status();
  });
}

absl::StatusOr<int64_t> Spool::Retry(store::Transaction& tx, const std::string& id) {
  if (notice_ != nullptr) tx.AfterCommit(notice_);
  if (id.empty()) {
    return tx.Execute("update spool set state = 0, next_attempt = 0 where state in (1, 3)");
  }
  return tx.Execute("update spool set state = 0, next_attempt = 0 where state in (1, 3) and "
                    "id = :id",
                    id);
}

absl::Status Spool::DueNow() {
  TJ_TRY(database_.Write([](store::Transaction& tx) {
    return tx.Execute("update spool set next_attempt = 0 where state = 0 and next_attempt > 0")
        .status();
  }));
  Notify();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SpoolObject>> Spool::List(bool failed, int64_t after, int64_t limit) {
  std::vector<SpoolObject> objects;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        const auto rows,
        session.Query(std::string(kColumns) + (failed ? "where state in (1, 3)"
                                                    : "where state in (0, 1, 3)") +
                          " and sequence > :after order by sequence limit :limit",
                      after, limit));
    objects = ObjectsOf(rows);
    return absl::OkStatus();
  }));
  return objects;
}

absl::StatusOr<SpoolTotals> Spool::Totals() {
  SpoolTotals totals{.oldest = absl::InfiniteFuture()};
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        const auto waiting,
        session.QueryOne("select count(*), coalesce(sum(size), 0), min(receipt_time) from "
                         "spool where state = 0"));
    TJ_ASSIGN_OR_RETURN(const auto failed,
                        session.QueryOne("select count(*) from spool where state = 1"));
    TJ_ASSIGN_OR_RETURN(const auto damaged,
                        session.QueryOne("select count(*) from spool where state = 3"));
    totals.damaged = damaged->Int(0);
    totals.waiting = waiting->Int(0);
    totals.bytes = waiting->Int(1);
    totals.oldest = waiting->OptionalTime(2).value_or(absl::InfiniteFuture());
    totals.failed = failed->Int(0);
    return absl::OkStatus();
  }));
  return totals;
}

absl::StatusOr<std::optional<SpoolObject>> Spool::Latest(store::Session& session,
                                                         const std::string& sop_instance_uid) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne(std::string(kColumns) +
                                           "where sop_instance_uid = :uid order by case state when "
                                           "0 then 0 else 1 end, sequence desc limit 1",
                                       sop_instance_uid));
  return row ? std::optional(ObjectOf(*row)) : std::nullopt;
}

absl::StatusOr<bool> Spool::Knows(store::Session& session, const std::string& sop_instance_uid) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne("select 1 from spool where sop_instance_uid = :uid limit 1",
                       sop_instance_uid));
  return row.has_value();
}

absl::StatusOr<int64_t> Spool::AskToFinish(store::Transaction& tx, const std::string& study_uid) {
  TJ_ASSIGN_OR_RETURN(const int64_t changed,
                      tx.Execute("update spool_study set asked = 1 where study_instance_uid = :uid",
                                 study_uid));
  if (changed == 0) return base::NotFound("study");
  return CountInstances(tx, study_uid);
}

absl::StatusOr<std::vector<FinishedStudy>> Spool::Finishable(const QuietSince& quiet,
                                                             int64_t limit) {
  std::vector<FinishedStudy> studies;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    studies.clear();
    TJ_ASSIGN_OR_RETURN(
        const auto rows,
        session.Query("select study_instance_uid, facility_id from spool_study s where reported = "
                      "-1 and (asked = 1 or last_receipt < :routine or last_receipt > :ahead or "
                      "(last_receipt < :urgent and "
                      "exists (select 1 from spool u where u.study_instance_uid = "
                      "s.study_instance_uid and u.priority >= :least))) and not exists (select 1 "
                      "from spool o where o.study_instance_uid = s.study_instance_uid and o.state = 0) "
                      "and (asked = 1 or not exists (select 1 from performed_step_study t join "
                      "performed_step p on p.facility_id = t.facility_id and p.sop_instance_uid = "
                      "t.sop_instance_uid where t.facility_id = s.facility_id and "
                      "t.study_instance_uid = s.study_instance_uid and p.status = 1 and p.updated > "
                      ":stepping)) order by last_receipt limit :limit",
                      quiet.routine, quiet.routine + kAheadMax, quiet.urgent, static_cast<int>(common::v1::PRIORITY_URGENT),
                      quiet.stepping, limit));
    for (const store::Row& row : rows) {
      TJ_ASSIGN_OR_RETURN(const int64_t instances, CountInstances(session, row.Text(0)));
      studies.push_back({row.Text(0), row.Text(1), instances});
    }
    return absl::OkStatus();
  }));
  return studies;
}

absl::Status Spool::Reported(const FinishedStudy& study) {
  return database_.Write([&](store::Transaction& tx) -> absl::Status {
    // What came meanwhile opens it again.
    TJ_ASSIGN_OR_RETURN(const int64_t now, CountInstances(tx, study.study_instance_uid));
    if (now != study.instances) return absl::OkStatus();
    return tx
        .Execute("update spool_study set reported = :count, asked = 0 where study_instance_uid = "
                 ":uid",
                 study.instances, study.study_instance_uid)
        .status();
  });
}

absl::Status Spool::Trim(absl::Time before) {
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(tx.Execute("delete from spool where id in (select id from spool where state = 2 and "
                      "end_time < :before order by end_time limit :limit)",
                      before, kTrimAtOnce)
               .status());
    return tx
        .Execute("delete from spool_study where reported >= 0 and last_receipt < :before", before)
        .status();
  }));
  return blobs_
      .Sweep(kOrphanAge,
             [this](std::string_view locator) -> absl::StatusOr<bool> {
               bool named = false;
               TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
                 TJ_ASSIGN_OR_RETURN(
                     const auto row,
                     session.QueryOne("select 1 from spool where locator = :locator", locator));
                 named = row.has_value();
                 return absl::OkStatus();
               }));
               return named;
             })
      .status();
}

}  // namespace tongjian::edge
