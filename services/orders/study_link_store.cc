#include "services/orders/study_link_store.h"

namespace tongjian::orders {

absl::StatusOr<std::vector<std::string>> OrdersLinkedTo(store::Session& session,
                                                        const std::string& study_id) {
  TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                      session.Query("select order_id from study_link where study_id = :study "
                                    "order by order_id limit 50",
                                    study_id));
  std::vector<std::string> ids;
  for (const store::Row& row : rows) ids.push_back(row.Text(0));
  return ids;
}

absl::StatusOr<bool> IsLinked(store::Session& session, const std::string& study_instance_uid,
                              const std::string& order_id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select study_id from study_link where study_instance_uid = "
                                       ":uid and order_id = :id limit 1",
                                       study_instance_uid, order_id));
  return row.has_value();
}

absl::Status PutStudyLink(store::Transaction& tx, const StudyLink& link) {
  return tx
      .Execute(
          "insert into study_link (study_id, study_instance_uid, order_id) values "
          "(:study, :uid, :id) on conflict (study_id, order_id) do nothing",
          link.study_id, link.study_instance_uid, link.order_id)
      .status();
}

absl::Status RemoveStudyLink(store::Transaction& tx, const StudyLink& link) {
  return tx
      .Execute("delete from study_link where study_id = :study and order_id = :id", link.study_id,
               link.order_id)
      .status();
}

}  // namespace tongjian::orders
