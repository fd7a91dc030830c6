#include "services/imaging/awaited_store.h"

#include "common/base/status.h"

namespace tongjian::imaging {

absl::Status Await(store::Transaction& tx, std::string_view facility_id,
                   std::string_view study_instance_uid, std::string_view sop_instance_uid) {
  return tx
      .Execute("insert into step_awaited (facility_id, sop_instance_uid, study_instance_uid) values "
               "(:facility, :uid, :study) on conflict (facility_id, sop_instance_uid) do nothing",
               facility_id, sop_instance_uid, study_instance_uid)
      .status();
}

absl::StatusOr<bool> EndAwaiting(store::Transaction& tx, std::string_view facility_id,
                                 std::string_view sop_instance_uid) {
  TJ_ASSIGN_OR_RETURN(const int64_t removed,
                      tx.Execute("delete from step_awaited where facility_id = :facility and "
                                 "sop_instance_uid = :uid",
                                 facility_id, sop_instance_uid));
  return removed > 0;
}

absl::StatusOr<int64_t> CountAwaited(store::Session& session, std::string_view facility_id,
                                     std::string_view study_instance_uid) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select count(*) from step_awaited where facility_id = "
                                       ":facility and study_instance_uid = :study",
                                       facility_id, study_instance_uid));
  return row->Int(0);
}

}  // namespace tongjian::imaging
