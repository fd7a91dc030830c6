#include "common/store/idempotency.h"

#include "common/base/check.h"
#include "common/base/status.h"

namespace tongjian::store {
namespace {

absl::StatusOr<std::string> Remembered(Transaction& transaction, const RequestKey& key) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      transaction.QueryOne("select fingerprint, response from store_request where caller = :caller "
                           "and method = :method and request_id = :request_id",
                           key.caller, key.method, key.request_id));
  TJ_CHECK(row.has_value());  // The insert has just met it.
  if (row->Text(0) != key.fingerprint) {
    return base::Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED", "request_id",
                       "the request id was used before with another content");
  }
  return row->Bytes(1);
}

}  // namespace

absl::StatusOr<std::string> Once(Transaction& transaction, const RequestKey& key,
                                 const std::function<absl::StatusOr<std::string>()>& work) {
  if (key.request_id.empty()) return base::InvalidField("request_id", "a request id is required");
  TJ_ASSIGN_OR_RETURN(
      const int64_t first,
      transaction.Execute(
          "insert into store_request (caller, method, request_id, fingerprint, response, "
          "created_at) values (:caller, :method, :request_id, :fingerprint, '', :now) "
          "on conflict (caller, method, request_id) do nothing",
          key.caller, key.method, key.request_id, key.fingerprint, transaction.Now()));
  if (first == 0) return Remembered(transaction, key);
  TJ_ASSIGN_OR_RETURN(std::string response, work());
  TJ_TRY(transaction
             .Execute("update store_request set response = :response where caller = :caller "
                      "and method = :method and request_id = :request_id",
                      Bytes(response), key.caller, key.method, key.request_id)
             .status());
  return response;
}

absl::StatusOr<int64_t> TrimRequests(Transaction& transaction, absl::Time before, int64_t limit) {
  return transaction.Execute(
      "delete from store_request where (caller, method, request_id) in "
      "(select caller, method, request_id from store_request where created_at < :before "
      "order by created_at limit :limit)",
      before, limit);
}

}  // namespace tongjian::store
