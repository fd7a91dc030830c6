#include "common/store/lease.h"

#include "common/base/status.h"

namespace tongjian::store {
namespace {

absl::Status Lost() {
  return base::Error(absl::StatusCode::kAborted, "", "", "the lease was lost to another holder");
}

absl::Status OneRow(const absl::StatusOr<int64_t>& changed) {
  TJ_TRY(changed.status());
  return *changed == 1 ? absl::OkStatus() : Lost();
}

}  // namespace

absl::StatusOr<std::optional<Lease>> AcquireLease(Transaction& transaction, std::string_view name,
                                                  std::string_view holder, absl::Duration ttl) {
  const absl::Time now = transaction.Now();
  TJ_ASSIGN_OR_RETURN(
      const int64_t granted,
      transaction.Execute(
          "insert into store_lease (name, holder, fence, granted_at, expires_at) "
          "values (:name, :holder, 1, :now, :expires) on conflict (name) do update "
          "set holder = excluded.holder, fence = store_lease.fence + 1, "
          "granted_at = excluded.granted_at, expires_at = excluded.expires_at "
          "where store_lease.expires_at <= :now or store_lease.granted_at > :skewed",
          name, holder, now, now + ttl, now + kLeaseSkewMax));
  if (granted == 0) return std::nullopt;
  TJ_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      transaction.QueryOne("select fence from store_lease where name = :name", name));
  if (!row) return Lost();
  return Lease{std::string(name), std::string(holder), row->Int(0)};
}

absl::Status RenewLease(Transaction& transaction, const Lease& lease, absl::Duration ttl) {
  const absl::Time now = transaction.Now();
  return OneRow(
      transaction.Execute("update store_lease set granted_at = :now, expires_at = :expires "
                          "where name = :name and fence = :fence and holder = :holder",
                          now, now + ttl, lease.name, lease.fence, lease.holder));
}

absl::Status ReleaseLease(Transaction& transaction, const Lease& lease) {
  // The row stays: its fence must go on rising.
  return transaction
      .Execute(
          "update store_lease set holder = '', granted_at = 0, expires_at = 0 "
          "where name = :name and fence = :fence",
          lease.name, lease.fence)
      .status();
}

absl::Status CheckLease(Transaction& transaction, const Lease& lease) {
  // An update that changes nothing locks the row on both backends.
  return OneRow(
      transaction.Execute("update store_lease set holder = holder "
                          "where name = :name and fence = :fence and holder = :holder",
                          lease.name, lease.fence, lease.holder));
}

}  // namespace tongjian::store
