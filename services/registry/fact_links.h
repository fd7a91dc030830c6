// Whose orders and studies are: learned from their feeds.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/registry/patient_fact_store.h"
#include "services/registry/patients.h"

namespace tongjian::registry {

// An order or a study, with its facility's words for the patient.
struct StatedFact {
  FactKind kind = FactKind::kOrder;
  std::string id;
  Statement words;
  std::vector<std::string> study_uids;  // An order: of the studies it holds. A study: its own.
  std::string order_id;                 // A study: the order it answers, or empty.
};

// Makes every fact's patient known. With a facility's number the words say who is meant. Without
// one, each order stands for a patient of its own, and a study for its order's (or, while it has
// none, one of its own), until a document or a person says who it is: so two people of one name and
// birth date are never taken for one. Safe for concurrent use; `patients` must outlive it.
class FactLinks {
 public:
  explicit FactLinks(const Patients& patients) : patients_(patients) {}

  // The same twice, and news in another order, has one effect.
  absl::Status Apply(store::Transaction& tx, const StatedFact& fact) const;

 private:
  absl::Status ApplyNumbered(store::Transaction& tx, const StatedFact& fact) const;
  absl::Status ApplyUnnumbered(store::Transaction& tx, const StatedFact& fact) const;

  const Patients& patients_;
};

}  // namespace tongjian::registry
