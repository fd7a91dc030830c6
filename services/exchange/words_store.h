// A facility's words for a patient: what links to the master patient.
#pragma once

#include <string>

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "tongjian/common/v1/types.pb.h"

namespace tongjian::exchange {

struct Words {
  std::string facility_id;
  std::string facility_patient_id;
  std::string name;
  std::string birth_date;

  // Without the facility's own number the words could be anybody's.
  bool linkable() const { return !facility_patient_id.empty(); }
};

Words WordsOf(const common::v1::PatientRef& patient);

// From now on these words stand for that patient.
absl::Status LinkWords(store::Transaction& tx, const Words& words, const std::string& patient_id);
// The master patient of these words, or empty.
absl::StatusOr<std::string> PatientOf(store::Session& session, const Words& words);

// Whether a person's identity was checked against a document.
absl::Status SetVerified(store::Transaction& tx, const std::string& patient_id, bool verified);
absl::StatusOr<bool> IsVerified(store::Session& session, const std::string& patient_id);

}  // namespace tongjian::exchange
