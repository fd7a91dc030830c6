#include "services/registry/enrollments.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/security/authority.h"
#include "common/security/caller.h"
#include "common/security/digest.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/registry/directory.h"
#include "services/registry/enrollment.h"
#include "services/registry/enrollment_store.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

constexpr int kHoursDefault = 24;
constexpr int kHoursMax = 168;
constexpr size_t kCsrMax = 16 << 10;

}  // namespace

absl::StatusOr<NewCode> Enrollments::MakeCode(store::Transaction& tx, const security::Scope& scope,
                                              std::string_view facility_id, std::string_view role,
                                              int hours) const {
  if (!IsEnrollmentRole(role)) return base::InvalidField("role", "gateway, his or peer");
  if (hours < 0 || hours > kHoursMax) return base::InvalidField("hours", "1 to 168, 24 when zero");
  TJ_ASSIGN_OR_RETURN(const bool there, Directory::Exists<pb::Facility>(tx, facility_id));
  if (!there || !scope.Contains(facility_id)) return base::NotFound("facility");
  const NewCode made{NewEnrollmentCode(),
                     tx.Now() + absl::Hours(hours == 0 ? kHoursDefault : hours)};
  TJ_TRY(InsertCode(tx, {HashEnrollmentCode(made.code), std::string(facility_id), std::string(role),
                         made.expiry, ""}));
  return made;
}

absl::StatusOr<MachineCertificate> Enrollments::Enroll(std::string_view code,
                                                       std::string_view csr_pem) const {
  const std::string hash = HashEnrollmentCode(code);
  const std::string digest = security::Sha256Text(csr_pem);
  std::optional<EnrollmentCode> found;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(found, FindCode(session, hash));
    return absl::OkStatus();
  }));
  if (!found) return EnrollmentRefused();
  TJ_TRY(CheckUse(*found, digest, database_.clock().Now()));
  // Issued first: a signing request that is not fit must not use up the code. Of two at once, one
  // passes UseCode and the other's certificate never leaves this function.
  TJ_ASSIGN_OR_RETURN(MachineCertificate issued, Issue(found->facility_id, found->role, csr_pem));
  TJ_TRY(database_.Write([&](store::Transaction& tx) { return UseCode(tx, hash, digest); }));
  return issued;
}

absl::StatusOr<MachineCertificate> Enrollments::Renew(const security::Caller& caller,
                                                      std::string_view csr_pem) const {
  const std::string_view role = security::Name(caller.machine_role);
  if (caller.kind != security::CallerKind::kMachine || !IsEnrollmentRole(role) ||
      caller.facility_id.empty()) {
    return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
                       "only a gateway, HIS or peer renews, by its own certificate");
  }
  return Issue(caller.facility_id, role, csr_pem);
}

absl::StatusOr<MachineCertificate> Enrollments::Issue(std::string_view facility_id,
                                                      std::string_view role,
                                                      std::string_view csr_pem) const {
  if (authority_ == nullptr) {
    return absl::UnimplementedError(
        "this hub issues no certificates: ask whoever runs its public key infrastructure");
  }
  if (csr_pem.size() > kCsrMax)
    return base::InvalidField("csr_pem", "a signing request has at most 16 kB");
  security::Subject subject;
  subject.role = security::ParseMachineRole(role).value_or(security::MachineRole::kNone);
  subject.facility_id = std::string(facility_id);
  // A gateway serves its clinic. The name is ours, not the asker's: nobody enrolls as the hub's host.
  if (subject.role == security::MachineRole::kGateway) {
    subject.dns_names = {subject.facility_id + ".gateway"};
  }
  auto issued = authority_->IssueFromCsr(csr_pem, subject, validity_);
  if (!issued.ok()) return issued.status();
  return MachineCertificate{absl::StrCat(issued->certificate_pem, authority_->certificate_pem()),
                            authority_->certificate_pem(), subject.facility_id, issued->expiry};
}

}  // namespace tongjian::registry
