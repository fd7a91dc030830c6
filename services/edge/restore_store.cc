#include "services/edge/restore_store.h"

#include "common/base/status.h"

namespace tongjian::edge {
namespace {

const char* PurposeOf(Forgetful who) { return who == Forgetful::kOrders ? "orders" : "results"; }

}  // namespace

absl::Status NoteRestore(store::Transaction& tx, Forgetful who) {
  return tx
      .Execute("insert into hub_restore (purpose, noticed, after_id, resent, finished) values "
               "(:purpose, :now, 0, 0, 0) on conflict (purpose) do update set noticed = "
               "excluded.noticed, after_id = 0, resent = 0, finished = 0",
               PurposeOf(who), tx.Now())
      .status();
}

absl::StatusOr<std::optional<HubRestore>> FindRestore(store::Session& session, Forgetful who) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select noticed, after_id, resent, finished from "
                                       "hub_restore where purpose = :purpose",
                                       PurposeOf(who)));
  if (!row) return std::optional<HubRestore>();
  return std::optional(HubRestore{.noticed = row->Time(0),
                                  .after_id = row->Int(1),
                                  .resent = row->Int(2),
                                  .finished = row->Bool(3)});
}

absl::Status SaveRestore(store::Transaction& tx, Forgetful who, const HubRestore& restore) {
  // Not over a restore that was noticed meanwhile.
  return tx
      .Execute("update hub_restore set after_id = :after, resent = :resent, finished = :finished "
               "where purpose = :purpose and noticed = :noticed",
               restore.after_id, restore.resent, restore.finished, PurposeOf(who), restore.noticed)
      .status();
}

absl::Status StartListing(store::Transaction& tx) {
  return tx
      .Execute("insert into result_listing (id, page_token) values (1, '') on conflict (id) do "
               "update set page_token = ''")
      .status();
}

absl::StatusOr<std::optional<std::string>> ListingPage(store::Session& session) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select page_token from result_listing where id = 1"));
  return row ? std::optional(row->Text(0)) : std::nullopt;
}

absl::Status SaveListing(store::Transaction& tx, const std::string& page_token) {
  if (page_token.empty()) return tx.Execute("delete from result_listing where id = 1").status();
  return tx.Execute("update result_listing set page_token = :token where id = 1", page_token)
      .status();
}

}  // namespace tongjian::edge
