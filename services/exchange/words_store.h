// A facility's words for a patient: what links to the master patient.
#pragma once

#include <string>

#include "absl/time/time.h"
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

// How sure a master patient is: whether, since when and by which documents its identity was checked.
struct Verification {
  bool verified = false;
  absl::Time since = absl::UnixEpoch();
  common::v1::PatientRef documents;  // Its identifiers alone.
};

// Keeps the earlier time for who is verified already.
absl::Status SetVerification(store::Transaction& tx, const std::string& patient_id, const Verification& now);
// Of nobody: not verified.
absl::StatusOr<Verification> VerificationOf(store::Session& session, const std::string& patient_id);

// Whether these words, said at `said`, are surely those of the master patient they are linked to: by the facility's own number,
// by a document it was verified with, or because a person verified it after they were said. Name and birth date alone are two
// people's as easily as one's.
bool SurelyOf(const common::v1::PatientRef& words, absl::Time said, const Verification& patient);

}  // namespace tongjian::exchange
