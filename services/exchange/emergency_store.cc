#include "services/exchange/emergency_store.h"

#include <utility>

#include "common/rpc/proto_time.h"

namespace tongjian::exchange {
namespace {

std::string Visible(const security::Scope& scope, std::vector<store::Value>& values) {
  if (scope.all()) return "";
  std::string list;
  for (size_t i = 0; i < scope.facilities().size(); ++i) {
    list += (i == 0 ? ":scope" : ", :scope") + std::to_string(i);
    values.push_back(store::ToValue(scope.facilities()[i]));
  }
  return list.empty() ? " and 1 = 0" : " and facility_id in (" + list + ")";
}

}  // namespace

absl::Status EmergencyStore::Put(store::Transaction& tx, const v1::EmergencyLook& look) {
  return tx
      .Execute("insert into emergency_look (id, facility_id, time, record) values (:id, :facility, :time, :record)",
               look.id(), look.facility_id(), rpc::FromProto(look.time()), store::Bytes(look.SerializeAsString()))
      .status();
}

absl::StatusOr<std::vector<ListedLook>> EmergencyStore::List(store::Session& session, const security::Scope& scope,
                                                             const std::string& facility_id,
                                                             const ListPosition& after, int64_t limit) {
  std::vector<store::Value> values;
  std::string sql = "select record, time, id from emergency_look where 1 = 1" + Visible(scope, values);
  if (!facility_id.empty()) {
    sql += " and facility_id = :facility";
    values.push_back(store::ToValue(facility_id));
  }
  sql += " and (time, id) < (:time, :id) order by time desc, id desc limit :limit";
  values.insert(values.end(), {store::ToValue(after.created), store::ToValue(after.id), store::ToValue(limit)});
  TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows, session.QueryValues(sql, values));
  std::vector<ListedLook> listed;
  for (const store::Row& row : rows) {
    v1::EmergencyLook look;
    if (!look.ParseFromString(row.Bytes(0))) return absl::DataLossError("a look's record is damaged");
    listed.push_back({{row.Int(1), row.Text(2)}, std::move(look)});
  }
  return listed;
}

}  // namespace tongjian::exchange
