#include "services/orders/worklist_store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/check.h"
#include "common/dicom/person_name.h"
#include "common/dicom/worklist_item.h"
#include "services/orders/order_store.h"
#include "services/orders/state.h"

namespace tongjian::orders {
namespace {

constexpr char kColumns[] =
    "select o.record, o.patient_id, w.item_id, w.created, w.order_id from worklist w join orders o on o.id = w.order_id "
    "where ";

bool AnyOn(const Order& order) {
  return std::any_of(order.items.begin(), order.items.end(), [&](const Item& item) { return OnWorklist(order, item); });
}

absl::Status InsertRow(store::Transaction& tx, const Order& order, const Item& item, absl::TimeZone zone) {
  const bool scheduled = Stated(order.scheduled_time);
  return tx
      .Execute("insert into worklist (order_id, item_id, facility_id, day, time, created, modality, ae_title, "
               "accession_number, facility_patient_id, name_key, latin_key) values (:o, :i, :f, :day, :time, :created, "
               ":modality, :ae, :accession, :patient, :name, :latin)",
               order.id, item.id, RecordingFacility(order), scheduled ? WorklistDay(order.scheduled_time, zone) : "",
               scheduled ? absl::ToUnixMicros(order.scheduled_time) : 0, order.create_time, item.modality,
               order.scheduled_ae_title, order.accession_number, order.patient.facility_patient_id,
               dicom::SearchKey(order.patient.name), dicom::SearchKey(order.patient.name_latin))
      .status();
}

// A condition with its values, the most selective first: it decides which index is used.
struct Condition {
  std::string sql;
  std::vector<store::Value> values;

  template <typename... A>
  void And(std::string_view part, const A&... arguments) {
    if (!sql.empty()) sql += " and ";
    sql += part;
    (values.push_back(store::ToValue(arguments)), ...);
  }
};

// The first text that does not begin with `prefix` any more.
std::string PrefixEnd(const std::string& prefix) { return prefix + "\xF4\x8F\xBF\xBF"; }  // U+10FFFF

Condition Narrow(const dicom::WorklistKeys& keys, const std::string& facility_id, absl::Time now, absl::Time oldest,
                 absl::TimeZone zone) {
  Condition where;
  where.And("w.facility_id = :facility", facility_id);
  if (!keys.accession_number.empty()) where.And("w.accession_number = :accession", keys.accession_number);
  if (!keys.patient_id.empty()) where.And("w.facility_patient_id = :patient", keys.patient_id);
  if (!keys.name_prefix.empty()) {
    const bool latin = static_cast<unsigned char>(keys.name_prefix.front()) < 0x80;
    const std::string end = PrefixEnd(keys.name_prefix);
    if (latin) {
      where.And("((w.latin_key >= :low and w.latin_key <= :high) or (w.name_key >= :low and w.name_key <= :high))",
                keys.name_prefix, end);
    } else {
      where.And("w.name_key >= :low and w.name_key <= :high", keys.name_prefix, end);
    }
  }
  if (!keys.modality.empty()) where.And("w.modality = :modality", keys.modality);
  if (!keys.scheduled_ae_title.empty()) where.And("(w.ae_title = :ae or w.ae_title = '')", keys.scheduled_ae_title);
  const std::string from = keys.date_from.empty() ? "00000000" : keys.date_from;
  const std::string to = keys.date_to.empty() ? "99999999" : keys.date_to;
  const std::string today = WorklistDay(now, zone);
  if (from <= today && today <= to) {
    where.And("((w.day >= :from and w.day <= :to) or (w.day = '' and w.created >= :oldest))", from, to, oldest);
  } else {
    where.And("w.day >= :from and w.day <= :to", from, to);
  }
  return where;
}

}  // namespace

std::string WorklistDay(absl::Time time, absl::TimeZone zone) { return absl::FormatTime("%Y%m%d", time, zone); }

absl::Status WriteWorklist(store::Transaction& tx, const Order* before, const Order& after, absl::TimeZone zone) {
  if (before != nullptr && AnyOn(*before)) {
    TJ_TRY(tx.Execute("delete from worklist where order_id = :id", after.id).status());
  }
  for (const Item& item : after.items) {
    if (OnWorklist(after, item)) TJ_TRY(InsertRow(tx, after, item, zone));
  }
  return absl::OkStatus();
}

absl::StatusOr<WorklistPage> ReadWorklist(store::Session& session, const security::Scope& scope,
                                          const dicom::WorklistKeys& keys, absl::Time now, absl::Time oldest,
                                          absl::TimeZone zone, const WorklistPosition& after, int64_t limit) {
  TJ_CHECK(scope.facilities().size() == 1);
  Condition where = Narrow(keys, scope.facilities().front(), now, oldest, zone);
  where.And("(w.created, w.order_id, w.item_id) > (:created, :order_id, :item_id)", after.created, after.order_id,
            after.item_id);
  where.values.push_back(store::ToValue(limit + 1));
  TJ_ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      session.QueryValues(kColumns + where.sql + " order by w.created, w.order_id, w.item_id limit :limit", where.values));
  WorklistPage page;
  page.more = static_cast<int64_t>(rows.size()) > limit;
  for (const store::Row& row : rows) {
    if (static_cast<int64_t>(page.entries.size()) == limit) break;
    page.entries.push_back({OrderOf(row), row.Text(2)});
    page.end = {row.Int(3), row.Text(4), row.Text(2)};
  }
  return page;
}

}  // namespace tongjian::orders
