// Machines' certificates: the first by a one-time code, the next by the one before.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tongjian::security {
class Authority;
class Scope;
struct Caller;
}  // namespace tongjian::security
namespace tongjian::store {
class Database;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

struct NewCode {
  std::string code;
  absl::Time expiry;
};

struct MachineCertificate {
  std::string certificate_pem;  // With its chain.
  std::string authority_pem;
  std::string facility_id;
  absl::Time expiry;
};

// Safe for concurrent use; `database` must outlive it, and `authority` too (null: another PKI
// issues certificates).
class Enrollments {
 public:
  Enrollments(store::Database& database, const security::Authority* authority,
              absl::Duration validity)
      : database_(database), authority_(authority), validity_(validity) {}

  // A code for one machine of that role at that facility, for 1 to 168 hours (24 when zero).
  // INVALID_ARGUMENT for another role, NOT_FOUND for a facility that is not there or not in scope.
  absl::StatusOr<NewCode> MakeCode(store::Transaction& tx, const security::Scope& scope,
                                   std::string_view facility_id, std::string_view role,
                                   int hours) const;

  // UNAUTHENTICATED (ENROLLMENT_CODE) for a code that is unknown, expired or used by another
  // signing request, INVALID_ARGUMENT for a signing request that is not fit (the code is then still
  // good), UNIMPLEMENTED without an authority of our own.
  absl::StatusOr<MachineCertificate> Enroll(std::string_view code, std::string_view csr_pem) const;

  // The same facility and role again, from the caller's certificate. PERMISSION_DENIED for who is
  // no such machine.
  absl::StatusOr<MachineCertificate> Renew(const security::Caller& caller,
                                           std::string_view csr_pem) const;

 private:
  absl::StatusOr<MachineCertificate> Issue(std::string_view facility_id, std::string_view role,
                                           std::string_view csr_pem) const;

  store::Database& database_;
  const security::Authority* const authority_;
  const absl::Duration validity_;
};

}  // namespace tongjian::registry
