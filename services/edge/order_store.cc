#include "services/edge/order_store.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/rpc/proto_time.h"

namespace tongjian::edge {
namespace {

using orders::v1::Order;
using orders::v1::OrderItem;

constexpr char kColumns[] = "select record, at_hub, canceling, id, created from clinic_order ";
constexpr int64_t kListScan = 1000;
constexpr int64_t kOrdersOfStudyMax = 32;

ClinicOrder OrderOf(const store::Row& row) {
  ClinicOrder found{.at_hub = row.Bool(1), .canceling = row.Bool(2)};
  found.order.ParseFromString(row.Bytes(0));
  return found;
}

std::optional<ClinicOrder> FirstOf(const std::optional<store::Row>& row) {
  return row ? std::optional(OrderOf(*row)) : std::nullopt;
}

std::vector<ClinicOrder> OrdersOf(const std::vector<store::Row>& rows) {
  std::vector<ClinicOrder> found;
  found.reserve(rows.size());
  for (const store::Row& row : rows) found.push_back(OrderOf(row));
  return found;
}

absl::Status Remove(store::Transaction& tx, const std::string& id) {
  TJ_TRY(tx.Execute("delete from clinic_order_study where order_id = :id", id).status());
  return tx.Execute("delete from clinic_order where id = :id", id).status();
}

// A provisional order only repeats what the images said: it can raise their urgency, not lower it.
bool ByClinic(const Order& order) { return order.origin() != orders::v1::ORDER_ORIGIN_DEVICE; }

absl::Status WriteStudies(store::Transaction& tx, const Order& order) {
  TJ_TRY(tx.Execute("delete from clinic_order_study where order_id = :id", order.id()).status());
  const auto add = [&](const std::string& uid) -> absl::Status {
    if (uid.empty()) return absl::OkStatus();
    TJ_TRY(tx.Execute("insert into clinic_order_study (study_instance_uid, order_id) values (:uid, "
                      ":id) on conflict (study_instance_uid, order_id) do nothing",
                      uid, order.id())
               .status());
    return tx
        .Execute("update spool set priority = :priority where study_instance_uid = :uid and state "
                 "= 0 and (priority < :priority or (priority > :priority and :by_clinic = 1))",
                 static_cast<int>(order.priority()), uid, ByClinic(order))
        .status();
  };
  for (const OrderItem& item : order.items()) {
    TJ_TRY(add(item.study_instance_uid()));
    for (const std::string& uid : item.study_instance_uids()) TJ_TRY(add(uid));
  }
  return absl::OkStatus();
}

absl::Status Write(store::Transaction& tx, const ClinicOrder& clinic) {
  const Order& order = clinic.order;
  TJ_TRY(tx.Execute("insert into clinic_order (id, at_hub, accession_number, placer_order_number, "
                    "patient_id, state, priority, open, canceling, version, created, record) "
                    "values (:id, :at_hub, :accession, :placer, :patient, :state, :priority, "
                    ":open, :canceling, :version, :created, :record) on conflict (id) do update "
                    "set at_hub = excluded.at_hub, accession_number = excluded.accession_number, "
                    "placer_order_number = excluded.placer_order_number, patient_id = "
                    "excluded.patient_id, state = excluded.state, priority = excluded.priority, "
                    "open = excluded.open, canceling = excluded.canceling, version = "
                    "excluded.version, created = excluded.created, record = excluded.record",
                    order.id(), clinic.at_hub, order.accession_number(),
                    order.placer_order_number(), order.patient().patient_id(),
                    static_cast<int>(order.state()), static_cast<int>(order.priority()),
                    OnWorklist(order), clinic.canceling, order.version(),
                    rpc::FromProto(order.create_time()), store::Bytes(order.SerializeAsString()))
             .status());
  return WriteStudies(tx, order);
}

// The same order of this gateway's under another id: ours while the hub did not have it, or the one
// it had before the hub was restored from a backup.
absl::StatusOr<std::optional<ClinicOrder>> FormerOf(store::Session& session, const Order& order) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(std::string(kColumns) +
                           "where accession_number = :number and id <> :id and (at_hub = 0 or id in "
                           "(select hub_id from order_alias)) limit 1",
                       order.accession_number(), order.id()));
  return FirstOf(row);
}

// Whatever named the former names the order now.
absl::Status Replace(store::Transaction& tx, const std::string& former, const std::string& id) {
  TJ_TRY(Remove(tx, former));
  TJ_TRY(tx.Execute("update order_alias set hub_id = :id where hub_id = :former", id, former)
             .status());
  TJ_TRY(tx.Execute("insert into order_alias (local_id, hub_id) values (:former, :id) on conflict "
                    "(local_id) do update set hub_id = excluded.hub_id",
                    former, id)
             .status());
  // An id that is the order's own again stands for nothing else.
  TJ_TRY(tx.Execute("delete from order_alias where local_id = :id", id).status());
  return tx
      .Execute("update clinic_result_order set order_id = :id where order_id = :former and not "
               "exists (select 1 from clinic_result_order o where o.order_id = :id and o.result_id "
               "= clinic_result_order.result_id)",
               id, former)
      .status();
}

}  // namespace

bool IsOver(const Order& order) {
  return order.state() == orders::v1::ORDER_STATE_CANCELLED ||
         order.state() == orders::v1::ORDER_STATE_RECOGNIZED;
}

absl::Status InsertOrder(store::Transaction& tx, const Order& order) {
  return Write(tx, {.order = order});
}

absl::Status UpdateLocal(store::Transaction& tx, const ClinicOrder& order) {
  return Write(tx, order);
}

absl::Status ApplyHubOrder(store::Transaction& tx, const Order& order) {
  ClinicOrder clinic{.order = order, .at_hub = true};
  TJ_ASSIGN_OR_RETURN(const auto known,
                      tx.QueryOne("select version, canceling from clinic_order where id = :id",
                                  order.id()));
  if (known) {
    if (known->Int(0) > order.version()) return absl::OkStatus();
    clinic.canceling = known->Bool(1);
  }
  if (order.origin() != orders::v1::ORDER_ORIGIN_DEVICE) {
    TJ_ASSIGN_OR_RETURN(const auto former, FormerOf(tx, order));
    if (former) {
      clinic.canceling |= former->canceling;
      TJ_TRY(Replace(tx, former->order.id(), order.id()));
    }
  }
  if (IsOver(order)) clinic.canceling = false;
  if (clinic.canceling) clinic.order.set_state(orders::v1::ORDER_STATE_CANCELLED);
  return Write(tx, clinic);
}

absl::Status ForgetCancel(store::Transaction& tx, const std::string& id) {
  return tx.Execute("update clinic_order set canceling = 0, version = 0 where id = :id", id)
      .status();
}

absl::Status ForgetVersions(store::Transaction& tx) {
  return tx.Execute("update clinic_order set version = 0 where at_hub = 1").status();
}

absl::StatusOr<std::optional<ClinicOrder>> KeepCanceled(store::Transaction& tx,
                                                        const std::string& id) {
  TJ_ASSIGN_OR_RETURN(std::optional<ClinicOrder> found, FindOrder(tx, id));
  if (!found || !found->at_hub || !IsOver(found->order)) return std::optional<ClinicOrder>();
  TJ_TRY(tx.Execute("update clinic_order set canceling = 1 where id = :id", found->order.id())
             .status());
  return found;
}

absl::Status NoteRefusal(store::Transaction& tx, const std::string& id, std::string_view why) {
  TJ_ASSIGN_OR_RETURN(std::optional<ClinicOrder> clinic, FindOrder(tx, id));
  if (!clinic || clinic->at_hub) return absl::OkStatus();
  clinic->order.set_note("the hub refused this order: " + std::string(why));
  clinic->order.set_state(orders::v1::ORDER_STATE_DECLINED);
  return Write(tx, *clinic);
}

absl::StatusOr<std::optional<ClinicOrder>> FindOrder(store::Session& session,
                                                     const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne(std::string(kColumns) +
                                           "where id = :id or id = (select hub_id from order_alias "
                                           "where local_id = :id)",
                                       id));
  return FirstOf(row);
}

absl::StatusOr<std::optional<ClinicOrder>> FindByAccession(store::Session& session,
                                                           const std::string& accession_number) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne(std::string(kColumns) +
                                           "where accession_number = :n order by created limit 1",
                                       accession_number));
  return FirstOf(row);
}

absl::StatusOr<std::optional<ClinicOrder>> FindByPlacer(store::Session& session,
                                                        const std::string& placer_number) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(std::string(kColumns) +
                           "where placer_order_number = :n order by created desc limit 1",
                       placer_number));
  return FirstOf(row);
}

absl::StatusOr<std::optional<std::string>> HubIdOf(store::Session& session,
                                                   const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const auto alias,
                      session.QueryOne("select hub_id from order_alias where local_id = :id", id));
  if (alias) return alias->Text(0);
  TJ_ASSIGN_OR_RETURN(const auto local,
                      session.QueryOne("select at_hub from clinic_order where id = :id", id));
  // What is not known here may be known at the hub.
  return local && !local->Bool(0) ? std::optional<std::string>() : id;
}

absl::StatusOr<std::vector<ClinicOrder>> ListOrders(store::Session& session,
                                                    const ClinicOrderFilter& filter,
                                                    const OrderPosition& after, int64_t limit) {
  const int64_t from = filter.from.value_or(INT64_MIN);
  const int64_t to = filter.to.value_or(INT64_MAX);
  if (!filter.patient_id.empty()) {
    TJ_ASSIGN_OR_RETURN(
        const auto rows,
        session.Query(std::string(kColumns) +
                          "where patient_id = :patient and (created, id) < (:created, :id) and "
                          "created >= :from and created < :to order by created desc, id desc limit "
                          ":limit",
                      filter.patient_id, after.created, after.id, from, to, limit));
    return OrdersOf(rows);
  }
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query(std::string(kColumns) +
                                        "where (created, id) < (:created, :id) and created >= "
                                        ":from and created < :to order by created desc, id desc "
                                        "limit :limit",
                                    after.created, after.id, from, to,
                                    std::min(limit, kListScan)));
  return OrdersOf(rows);
}

absl::StatusOr<std::vector<ClinicOrder>> OpenOrders(store::Session& session, absl::Time since,
                                                    const OrderPosition& after, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(std::string(kColumns) +
                        "where open = 1 and created >= :since and (created, id) < (:created, :id) "
                        "order by created desc, id desc limit :limit",
                    since, after.created, after.id, limit));
  return OrdersOf(rows);
}

absl::StatusOr<int64_t> CountPending(store::Session& session) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select count(*) from clinic_order where at_hub = 0"));
  return row->Int(0);
}

absl::StatusOr<std::optional<ClinicOrder>> FindByStudy(store::Session& session,
                                                       const std::string& study_uid) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(std::string(kColumns) +
                        "where id in (select order_id from clinic_order_study where "
                        "study_instance_uid = :uid) order by created desc, id desc limit 1",
                    study_uid));
  std::vector<ClinicOrder> orders = OrdersOf(rows);
  if (orders.empty()) return std::nullopt;
  return std::move(orders.front());
}

absl::StatusOr<OrderedPriority> PriorityFor(store::Session& session, const std::string& study_uid,
                                            const std::string& accession_number) {
  OrderedPriority found;
  const auto take = [&](const std::vector<store::Row>& rows) {
    for (const ClinicOrder& clinic : OrdersOf(rows)) {
      found.priority = std::max<int>(found.priority, clinic.order.priority());
      found.by_clinic |= ByClinic(clinic.order);
    }
  };
  TJ_ASSIGN_OR_RETURN(
      const auto by_study,
      session.Query(std::string(kColumns) +
                        "where id in (select order_id from clinic_order_study where "
                        "study_instance_uid = :uid) order by priority desc limit :limit",
                    study_uid, kOrdersOfStudyMax));
  take(by_study);
  if (found.by_clinic || accession_number.empty()) return found;
  TJ_ASSIGN_OR_RETURN(const auto by_number,
                      session.Query(std::string(kColumns) +
                                        "where accession_number = :number order by priority desc "
                                        "limit :limit",
                                    accession_number, kOrdersOfStudyMax));
  take(by_number);
  return found;
}

bool OnWorklist(const Order& order, const OrderItem& item) {
  using namespace orders::v1;  // NOLINT: many enumerators.
  if (order.origin() == ORDER_ORIGIN_DEVICE || item.study_instance_uid().empty()) return false;
  const bool paid = order.payment() != PAYMENT_STATE_PENDING &&
                    order.payment() != PAYMENT_STATE_REFUNDED;
  if (!paid && order.priority() < common::v1::PRIORITY_STAT) return false;
  if (order.state() == ORDER_STATE_RECAPTURE_REQUESTED) return true;
  if (item.exam_state() == EXAM_STATE_COMPLETED) return false;
  if (order.state() == ORDER_STATE_ACQUIRED) return item.study_instance_uids().empty();
  return order.state() == ORDER_STATE_SUBMITTED;
}

bool OnWorklist(const Order& order) {
  return std::any_of(order.items().begin(), order.items().end(),
                     [&](const OrderItem& item) { return OnWorklist(order, item); });
}

}  // namespace tongjian::edge
