// What can be done with master patients. Every change announces itself on the feed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/registry/statement.h"

namespace tongjian::base {
class Ids;
}
namespace tongjian::security {
class Scope;
}
namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

struct Resolution {
  Patient patient;
  bool created = false;
  // "facility_number", "verified_document", "new", or "same_words": a facility said this name and
  // birth date without a number before. That is where such facts are kept, not proof of who it is.
  std::string linked_by;
  std::vector<std::string> warnings;
};

// Safe for concurrent use; `ids` must outlive it. All take the caller's scope: who is out of it is
// NOT_FOUND.
class Patients {
 public:
  explicit Patients(base::Ids& ids) : ids_(ids) {}

  // Finds or makes the patient that is meant (matching.h). The same statement twice, also at once,
  // is one patient. What the statement knows beyond the record is added to it, what contradicts
  // never.
  absl::StatusOr<Resolution> Resolve(store::Transaction& tx, const security::Scope& scope,
                                     const Statement& statement) const;

  // The same for a fact in which the facility gave no number: by a document, else the patient
  // `known_id` that the fact belongs to, else (empty) a new one; never by its words alone.
  absl::StatusOr<Resolution> ResolveFact(store::Transaction& tx, const Statement& statement,
                                         std::string_view known_id) const;

  static absl::StatusOr<Patient> Get(store::Session& session, const security::Scope& scope,
                                     std::string_view id);

  // Corrects name, Latin name, sex, birth date and numbers (patient.h: Correct). `wanted.version`
  // is the one it was decided on.
  absl::StatusOr<Patient> Update(store::Transaction& tx, const security::Scope& scope,
                                 const Patient& wanted) const;

  // Identity checked against the document (patient.h: Verify). When another verified patient has
  // the same document both get a note: a person decides whether to merge.
  absl::StatusOr<Patient> Verify(store::Transaction& tx, const security::Scope& scope,
                                 std::string_view id, const PatientIdentifier& document) const;

  // Merges `source` into `target` and answers the target (patient.h: CheckMerge).
  absl::StatusOr<Patient> Merge(store::Transaction& tx, const security::Scope& scope,
                                std::string_view source_id, std::string_view target_id,
                                std::string_view reason) const;
  // Undoes it and answers the one that came back. FAILED_PRECONDITION when it is not merged.
  absl::StatusOr<Patient> Unmerge(store::Transaction& tx, const security::Scope& scope,
                                  std::string_view id, std::string_view reason) const;

 private:
  absl::StatusOr<Resolution> Link(store::Transaction& tx, std::string_view patient_id,
                                  const Statement& statement, Resolution resolution) const;
  absl::StatusOr<Resolution> Make(store::Transaction& tx, const Statement& statement,
                                  Resolution resolution) const;

  base::Ids& ids_;
};

}  // namespace tongjian::registry
