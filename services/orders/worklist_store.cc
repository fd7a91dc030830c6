#include "services/orders/worklist_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/check.h"
#include "common/dicom/match.h"
#include "common/dicom/person_name.h"
#include "common/dicom/worklist_item.h"
#include "services/orders/state.h"

namespace tongjian::orders {
namespace {

bool AnyOn(const Order& order) {
  return std::any_of(order.items.begin(), order.items.end(),
                     [&](const Item& item) { return OnWorklist(order, item); });
}

absl::Status InsertRow(store::Transaction& tx, const Order& order, const Item& item,
                       absl::TimeZone zone) {
  const bool scheduled = Stated(order.scheduled_time);
  return tx
      .Execute(
          "insert into worklist (order_id, item_id, facility_id, day, time, created, modality, "
          "ae_title, "
          "accession_number, facility_patient_id, name_key, latin_key) values (:o, :i, :f, :day, "
          ":time, :created, "
          ":modality, :ae, :accession, :patient, :name, :latin)",
          order.id, item.id, RecordingFacility(order),
          scheduled ? WorklistDay(order.scheduled_time, zone) : "",
          scheduled ? absl::ToUnixMicros(order.scheduled_time) : 0, order.create_time,
          item.modality, order.scheduled_ae_title, order.accession_number,
          order.patient.facility_patient_id, dicom::SearchKey(order.patient.name),
          dicom::SearchKey(order.patient.name_latin))
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

constexpr char kColumns[] =
    "select created, order_id, item_id, name_key, latin_key from worklist where ";

// A wildcard inside a name is decided here, before whole orders are read for it.
bool NameFits(const dicom::WorklistKeys& keys, const store::Row& row) {
  return keys.name_pattern.empty() || dicom::MatchesWildcard(keys.name_pattern, row.Text(3)) ||
         dicom::MatchesWildcard(keys.name_pattern, row.Text(4));
}

// The last text that begins with `prefix`.
std::string PrefixEnd(const std::string& prefix) {
  return prefix + "\xF4\x8F\xBF\xBF";  // U+10FFFF
}

// `name_column`: which of the two names the query's prefix is looked for in; empty for none.
Condition Narrow(const dicom::WorklistKeys& keys, const std::string& facility_id,
                 const std::string& name_column, const WorklistTime& time) {
  Condition where;
  where.And("facility_id = :facility", facility_id);
  if (!keys.accession_number.empty())
    where.And("accession_number = :accession", keys.accession_number);
  if (!keys.patient_id.empty()) where.And("facility_patient_id = :patient", keys.patient_id);
  if (!name_column.empty()) {
    where.And(
        name_column + " >= :low and " + name_column + " <= :high and " + name_column + " <> ''",
        keys.name_prefix, PrefixEnd(keys.name_prefix));
  }
  if (!keys.modality.empty()) where.And("modality = :modality", keys.modality);
  if (!keys.scheduled_ae_title.empty())
    where.And("(ae_title = :ae or ae_title = '')", keys.scheduled_ae_title);
  const std::string from = keys.date_from.empty() ? "00000000" : keys.date_from;
  const std::string to = keys.date_to.empty() ? "99999999" : keys.date_to;
  const std::string today = WorklistDay(time.now, time.zone);
  if (from <= today && today <= to) {
    where.And("((day >= :from and day <= :to) or (day = '' and created >= :oldest))", from, to,
              time.oldest);
  } else {
    where.And("day >= :from and day <= :to", from, to);
  }
  return where;
}

}  // namespace

std::string WorklistDay(absl::Time time, absl::TimeZone zone) {
  return absl::FormatTime("%Y%m%d", time, zone);
}

absl::Status WriteWorklist(store::Transaction& tx, const Order* before, const Order& after,
                           absl::TimeZone zone) {
  if (before != nullptr && AnyOn(*before)) {
    TJ_TRY(tx.Execute("delete from worklist where order_id = :id", after.id).status());
  }
  for (const Item& item : after.items) {
    if (OnWorklist(after, item)) TJ_TRY(InsertRow(tx, after, item, zone));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<WorklistKey>> FindWorklist(store::Session& session,
                                                      const security::Scope& scope,
                                                      const dicom::WorklistKeys& keys,
                                                      const WorklistTime& time, int64_t limit) {
  TJ_CHECK(scope.facilities().size() == 1);
  // Chinese names stand in the one column, Latin letters may stand in both: one index each.
  std::vector<std::string> name_columns = {""};
  if (!keys.name_prefix.empty()) name_columns = {"name_key"};
  if (!keys.name_prefix.empty() && static_cast<unsigned char>(keys.name_prefix.front()) < 0x80)
    name_columns.push_back("latin_key");
  std::set<WorklistKey> found;
  for (const std::string& name_column : name_columns) {
    Condition where = Narrow(keys, scope.facilities().front(), name_column, time);
    where.values.push_back(store::ToValue(limit));
    TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                        session.QueryValues(kColumns + where.sql +
                                                " order by created, order_id, item_id limit :limit",
                                            where.values));
    for (const store::Row& row : rows) {
      if (NameFits(keys, row)) found.insert({row.Int(0), row.Text(1), row.Text(2)});
    }
  }
  std::vector<WorklistKey> list(found.begin(), found.end());
  if (static_cast<int64_t>(list.size()) > limit) list.resize(limit);
  return list;
}

}  // namespace tongjian::orders
