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

// What is known of a master patient.
struct Verification {
  bool verified = false;  // Its identity was checked.
  // The patient refuses that results are shown to facilities they do not name.
  bool sharing_refused = false;
};

absl::Status SetVerification(store::Transaction& tx, const std::string& patient_id, const Verification& now);
// Of nobody: not verified.
absl::StatusOr<Verification> VerificationOf(store::Session& session, const std::string& patient_id);

// Whether a fact in these words is surely the master patient's it is linked to: by the facility's own number, or because that
// patient is verified. Without a number facts are linked one by one, never by name and birth date, so the verified patient is this
// fact's.
bool SurelyOf(const common::v1::PatientRef& words, const Verification& patient);

}  // namespace tongjian::exchange
