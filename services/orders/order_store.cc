#include "services/orders/order_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/orders/order_codec.h"
#include "services/orders/state.h"
#include "services/orders/worklist_store.h"

namespace tongjian::orders {
namespace {

constexpr int kNamingMax = 50;

absl::Status WriteEntry(store::Transaction& tx, const std::string& order_id,
                        const TimelineEntry& entry) {
  return tx
      .Execute(
          "insert into timeline (order_id, sequence, time, state, action, actor, facility_id, "
          "note) values "
          "(:order_id, :sequence, :time, :state, :action, :actor, :facility_id, :note)",
          order_id, entry.sequence, entry.time, entry.state, entry.action, entry.actor,
          entry.facility_id, entry.note)
      .status();
}

std::set<std::string> StudiesOf(const Order& order) {
  std::set<std::string> uids;
  for (const Item& item : order.items) {
    uids.insert(item.study_instance_uid);
    uids.insert(item.study_instance_uids.begin(), item.study_instance_uids.end());
  }
  uids.erase("");
  return uids;
}

absl::Status WriteStudies(store::Transaction& tx, const std::string& order_id,
                          const std::set<std::string>& before, const std::set<std::string>& after) {
  for (const std::string& uid : before) {
    if (after.count(uid) > 0) continue;
    TJ_TRY(tx.Execute("delete from order_study where study_instance_uid = :uid and order_id = :id",
                      uid, order_id)
               .status());
  }
  for (const std::string& uid : after) {
    if (before.count(uid) > 0) continue;
    TJ_TRY(tx.Execute("insert into order_study (study_instance_uid, order_id, linked) values "
                      "(:uid, :id, 0) on conflict "
                      "(study_instance_uid, order_id) do nothing",
                      uid, order_id)
               .status());
  }
  return absl::OkStatus();
}

// One row for each facility concerned; `before` is null for a new order.
absl::Status WriteFacilities(store::Transaction& tx, const Order* before, const Order& after) {
  const std::vector<std::string> old =
      before == nullptr ? std::vector<std::string>() : Audience(*before);
  const std::vector<std::string> now = Audience(after);
  const bool redated = before != nullptr && before->create_time != after.create_time;
  if (old == now && before->state == after.state && !redated) return absl::OkStatus();
  for (const std::string& id : old) {
    if (!redated && std::find(now.begin(), now.end(), id) != now.end()) continue;
    TJ_TRY(tx.Execute("delete from order_facility where facility_id = :f and created = :c and "
                      "order_id = :o",
                      id, before->create_time, after.id)
               .status());
  }
  for (const std::string& id : now) {
    TJ_TRY(
        tx.Execute(
              "insert into order_facility (facility_id, created, order_id, state) values (:f, :c, "
              ":o, :s) "
              "on conflict (facility_id, created, order_id) do update set state = excluded.state",
              id, after.create_time, after.id, after.state)
            .status());
  }
  return absl::OkStatus();
}

bool Unbound(const Order& order) {
  return Provisional(order) && order.bound_order_id.empty() && !Terminal(order.state);
}

}  // namespace

Order OrderOf(const store::Row& row) {
  Order order = FromRecord(row.Bytes(0));
  order.patient.patient_id = row.Text(1);
  return order;
}

bool Sees(const security::Scope& scope, const Order& order) {
  return scope.ContainsAny({order.ordering_facility_id, RecordingFacility(order),
                            order.routing.performing_facility_id, order.routing.desk_facility_id});
}

absl::Status OrderStore::Insert(store::Transaction& tx, const Order& order,
                                const TimelineEntry& entry) const {
  const absl::StatusOr<int64_t> inserted = tx.Execute(
      "insert into orders (id, version, state, origin, ordering_facility_id, "
      "recording_facility_id, center_id, "
      "accession_number, placer_order_number, patient_facility_id, facility_patient_id, "
      "patient_name, "
      "patient_birth_date, patient_id, needs_desk, unbound, created, changed, record) values (:id, "
      ":version, :state, :origin, "
      ":ordering, :recording, :center, :accession, :placer, :words_facility, :words_id, "
      ":words_name, :words_birth, "
      ":patient, :desk, :unbound, :created, :changed, :record)",
      order.id, order.version, order.state, order.origin, order.ordering_facility_id,
      RecordingFacility(order), order.routing.center_id, order.accession_number,
      order.placer_order_number, order.patient.facility_id, order.patient.facility_patient_id,
      order.patient.name, order.patient.birth_date, order.patient.patient_id, NeedsDesk(order),
      Unbound(order), order.create_time, tx.Now(), store::Bytes(ToRecord(order)));
  if (absl::IsAlreadyExists(inserted.status())) {
    return base::Error(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "order.accession_number",
                       "the accession number is another order's");
  }
  TJ_TRY(inserted.status());
  TJ_TRY(WriteFacilities(tx, nullptr, order));
  TJ_TRY(WriteStudies(tx, order.id, {}, StudiesOf(order)));
  TJ_TRY(WriteWorklist(tx, nullptr, order, zone_));
  return WriteEntry(tx, order.id, entry);
}

absl::Status OrderStore::Update(store::Transaction& tx, const Order& before, const Order& after,
                                const TimelineEntry& entry) const {
  TJ_ASSIGN_OR_RETURN(
      const int64_t updated,
      tx.Execute("update orders set version = :version, state = :state, recording_facility_id = "
                 ":recording, "
                 "center_id = :center, placer_order_number = :placer, patient_facility_id = "
                 ":words_facility, "
                 "facility_patient_id = :words_id, patient_name = :words_name, patient_birth_date "
                 "= :words_birth, "
                 "patient_id = :patient, needs_desk = :desk, unbound = :unbound, "
                 "created = :created, changed = :changed, record = :record "
                 "where id = :id and "
                 "version = :before",
                 after.version, after.state, RecordingFacility(after), after.routing.center_id,
                 after.placer_order_number, after.patient.facility_id,
                 after.patient.facility_patient_id, after.patient.name, after.patient.birth_date,
                 after.patient.patient_id, NeedsDesk(after), Unbound(after), after.create_time, tx.Now(),
                 store::Bytes(ToRecord(after)), after.id, before.version));
  if (updated == 0) {
    return base::Error(absl::StatusCode::kAborted, "ETAG_MISMATCH", "",
                       "order " + after.id + " was changed meanwhile");
  }
  TJ_TRY(WriteFacilities(tx, &before, after));
  TJ_TRY(WriteStudies(tx, after.id, StudiesOf(before), StudiesOf(after)));
  TJ_TRY(WriteWorklist(tx, &before, after, zone_));
  return WriteEntry(tx, after.id, entry);
}

absl::StatusOr<std::vector<Order>> OrderStore::Visible(absl::StatusOr<std::vector<store::Row>> rows,
                                                       const security::Scope& scope) const {
  TJ_TRY(rows.status());
  std::vector<Order> orders;
  for (const store::Row& row : *rows) {
    Order order = OrderOf(row);
    if (Sees(scope, order)) orders.push_back(std::move(order));
  }
  return orders;
}

absl::StatusOr<Order> OrderStore::Find(store::Session& session, const security::Scope& scope,
                                       const std::string& id) const {
  TJ_ASSIGN_OR_RETURN(
      std::vector<Order> found,
      Visible(session.Query("select record, patient_id from orders where id = :id", id), scope));
  if (found.empty()) return base::NotFound("order " + id);
  return std::move(found.front());
}

absl::StatusOr<Order> OrderStore::FindByAccession(store::Session& session,
                                                  const security::Scope& scope,
                                                  const std::string& accession_number) const {
  for (const char* sql :
       {"select record, patient_id from orders where accession_number = :a and origin <> 2 "
        "order by created desc limit 50",
        "select record, patient_id from orders where accession_number = :a and origin = 2 "
        "order by created desc limit 50"}) {
    TJ_ASSIGN_OR_RETURN(std::vector<Order> found,
                        Visible(session.Query(sql, accession_number), scope));
    if (!found.empty()) return std::move(found.front());
  }
  return base::NotFound("order with accession number " + accession_number);
}

absl::StatusOr<Order> OrderStore::FindByPlacer(store::Session& session,
                                               const security::Scope& scope,
                                               const std::string& facility_id,
                                               const std::string& placer_order_number) const {
  TJ_ASSIGN_OR_RETURN(
      std::vector<Order> found,
      Visible(
          session.Query("select record, patient_id from orders where ordering_facility_id = :f and "
                        "placer_order_number = :p and placer_order_number <> '' "
                        "order by created desc limit 1",
                        facility_id, placer_order_number),
          scope));
  if (found.empty()) return base::NotFound("order with this placer's number of " + facility_id);
  return std::move(found.front());
}

absl::StatusOr<std::vector<Order>> OrderStore::NamingStudy(
    store::Session& session, const security::Scope& scope, const std::string& facility_id,
    const std::string& study_instance_uid) const {
  return Visible(
      session.Query(
          "select o.record, o.patient_id from order_study s join orders o on o.id = s.order_id "
          "where s.study_instance_uid = :uid and o.recording_facility_id = :f "
          "order by o.created desc limit :limit",
          study_instance_uid, facility_id, kNamingMax),
      scope);
}

absl::StatusOr<std::vector<Order>> OrderStore::WithAccession(
    store::Session& session, const security::Scope& scope, const std::string& facility_id,
    const std::string& accession_number) const {
  TJ_ASSIGN_OR_RETURN(
      std::vector<Order> found,
      Visible(session.Query("select record, patient_id from orders where accession_number = :a and "
                            "ordering_facility_id = :f and origin <> 2",
                            accession_number, facility_id),
              scope));
  TJ_ASSIGN_OR_RETURN(const std::vector<Order> provisional,
                      ProvisionalWithAccession(session, scope, facility_id, accession_number));
  found.insert(found.end(), provisional.begin(), provisional.end());
  return found;
}

absl::StatusOr<std::vector<Order>> OrderStore::ProvisionalWithAccession(
    store::Session& session, const security::Scope& scope, const std::string& facility_id,
    const std::string& accession_number) const {
  return Visible(
      session.Query("select record, patient_id from orders where accession_number = :a and "
                    "ordering_facility_id = :f and origin = 2 and unbound = 1 limit :limit",
                    accession_number, facility_id, kNamingMax),
      scope);
}

absl::StatusOr<std::vector<Order>> OrderStore::WithWords(store::Session& session,
                                                         const security::Scope& scope,
                                                         const Patient& words,
                                                         const std::string& patient_id,
                                                         int64_t limit) const {
  return Visible(
      session.Query(
          "select record, patient_id from orders where patient_facility_id = :f and "
          "facility_patient_id = :p and patient_name = :n and patient_birth_date = :b and "
          "patient_id <> :patient limit :limit",
          words.facility_id, words.facility_patient_id, words.name, words.birth_date, patient_id,
          limit),
      scope);
}

absl::StatusOr<std::vector<Order>> OrderStore::Unrouted(store::Session& session,
                                                        const security::Scope& scope,
                                                        const std::string& after_id,
                                                        int64_t limit) const {
  return Visible(
      session.Query(
          "select record, patient_id from orders where needs_desk = 1 and center_id = '' and "
          "id > :after order by id limit :limit",
          after_id, limit),
      scope);
}

absl::StatusOr<std::vector<Order>> OrderStore::ChangedAfter(store::Session& session, State state,
                                                            absl::Time time, int64_t limit) const {
  return Visible(session.Query("select record, patient_id from orders where state = :state and "
                               "changed > :time order by changed limit :limit",
                               state, time, limit),
                 security::Scope::Service());
}

absl::StatusOr<std::vector<TimelineEntry>> OrderStore::Timeline(store::Session& session,
                                                                const security::Scope& scope,
                                                                const std::string& id,
                                                                int64_t after,
                                                                int64_t limit) const {
  TJ_TRY(Find(session, scope, id).status());
  TJ_ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      session.Query("select sequence, time, state, action, actor, facility_id, note from timeline "
                    "where order_id = :id and sequence > :after order by sequence limit :limit",
                    id, after, limit));
  std::vector<TimelineEntry> entries;
  for (const store::Row& row : rows) {
    entries.push_back({row.Int(0), row.Time(1), static_cast<State>(row.Int(2)), row.Text(3),
                       row.Text(4), row.Text(5), row.Text(6)});
  }
  return entries;
}

absl::StatusOr<std::map<std::string, int64_t, std::less<>>> OrderStore::CountLoad(
    store::Session& session) const {
  TJ_ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      session.Query(
          "select center_id, count(*) from orders where center_id <> '' and state >= :from "
          "and state <= :to group by center_id",
          State::kAcquired, State::kReadPreliminary));
  std::map<std::string, int64_t, std::less<>> load;
  for (const store::Row& row : rows) load[row.Text(0)] = row.Int(1);
  return load;
}

absl::StatusOr<bool> OrderStore::IsNews(store::Transaction& tx, const std::string& source,
                                        const std::string& key, int64_t version) const {
  TJ_ASSIGN_OR_RETURN(
      const int64_t changed,
      tx.Execute(
          "insert into news (source, key, version) values (:source, :key, :version) on conflict "
          "(source, key) do update set version = excluded.version where news.version < "
          "excluded.version",
          source, key, version));
  return changed > 0;
}

}  // namespace tongjian::orders
