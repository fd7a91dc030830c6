#include "services/registry/enrollment_store.h"

#include "common/base/status.h"
#include "common/store/transaction.h"

namespace tongjian::registry {
namespace {

constexpr absl::Duration kKept = absl::Hours(24 * 30);
constexpr int64_t kForgottenAtOnce = 20;

}  // namespace

absl::StatusOr<std::optional<EnrollmentCode>> FindCode(store::Session& session,
                                                       std::string_view hash) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select hash, facility_id, role, expiry, used_by from "
                                       "enrollment_codes where hash = :hash",
                                       hash));
  if (!row) return std::nullopt;
  return EnrollmentCode{row->Text(0), row->Text(1), row->Text(2), row->Time(3), row->Text(4)};
}

absl::Status InsertCode(store::Transaction& tx, const EnrollmentCode& code) {
  TJ_TRY(tx.Execute("delete from enrollment_codes where hash in "
                    "(select hash from enrollment_codes where expiry < :before order by expiry "
                    "limit :limit)",
                    tx.Now() - kKept, kForgottenAtOnce)
             .status());
  return tx
      .Execute(
          "insert into enrollment_codes (hash, facility_id, role, expiry, used_by) "
          "values (:hash, :facility_id, :role, :expiry, :used_by)",
          code.hash, code.facility_id, code.role, code.expiry, code.used_by)
      .status();
}

absl::Status UseCode(store::Transaction& tx, std::string_view hash,
                     std::string_view request_digest) {
  TJ_ASSIGN_OR_RETURN(const int64_t changed,
                      tx.Execute("update enrollment_codes set used_by = :used_by "
                                 "where hash = :hash and (used_by = '' or used_by = :used_by)",
                                 request_digest, hash));
  return changed == 1 ? absl::OkStatus() : EnrollmentRefused();
}

}  // namespace tongjian::registry
