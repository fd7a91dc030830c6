// A study at the hub and what it is made of: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace tongjian::imaging {

// The numbers are those of the proto, and those in the database.
enum class StudyState { kReceiving = 1, kComplete = 2, kVerified = 3, kReopened = 4 };
enum class MatchState { kUnmatched = 1, kMatched = 2, kLinked = 3, kDoubtful = 4 };
enum class ExamState { kNone = 0, kInProgress = 1, kCompleted = 2, kDiscontinued = 3 };
enum class StoreOutcome { kStored = 1, kDuplicate = 2, kConflict = 3 };
enum class ConflictState { kOpen = 1, kKeptFirst = 2, kTookLater = 3 };

// Bits of Study::flags.
inline constexpr int64_t kUidOfOtherPatient = 1;
inline constexpr int64_t kUidOfOtherFacility = 2;

// The patient as a device or an order wrote it. The keys are folded for comparison and search:
// case, width, carets and spaces are taken away.
struct PatientWords {
  std::string facility_id;
  std::string facility_patient_id;
  std::string name;         // As shown: Chinese characters where there are some.
  std::string name_latin;   // The alphabetic group, where it is another.
  std::string person_name;  // All groups with their carets, as in DICOM; of studies only.
  std::string name_key;
  std::string latin_key;
  int64_t sex = 0;         // common.v1.Sex
  std::string birth_date;  // YYYY-MM-DD, or empty.

  bool operator==(const PatientWords&) const = default;
};

// Three times of one fact, see common.v1.FactTime.
struct FactTime {
  std::optional<absl::Time> device;
  absl::Time receipt;
  int64_t offset_ms = 0;
  bool implausible = false;
  std::optional<absl::Time> confirmed;  // By a person; holds over the others.

  // Nobody can rely on it until a person confirms it.
  bool Unconfirmed() const { return !confirmed && (implausible || !device); }

  bool operator==(const FactTime&) const = default;
};

struct Study {
  std::string id;
  std::string facility_id;
  std::string study_instance_uid;
  int64_t variant = 0;  // 0; higher where the UID came again for another patient.
  PatientWords patient;
  std::string patient_id;  // The master patient, or empty.
  std::string accession_number;
  std::vector<std::string> modalities;
  std::string description;
  std::string body_part;
  std::string study_number;  // Study ID (0020,0010).
  std::string study_date;    // As the device wrote it: YYYYMMDD and HHMMSS.
  std::string study_time;
  FactTime performed;
  StudyState state = StudyState::kReceiving;
  MatchState match = MatchState::kUnmatched;
  std::vector<std::string> order_ids;
  int64_t series_count = 0;
  int64_t instance_count = 0;
  int64_t size = 0;
  int64_t conflict_count = 0;
  int64_t expected_count = 0;  // The sender's count; 0 when it has not said.
  std::string grade;
  std::string grade_reason;
  bool charset_guessed = false;
  std::string device_ae_title;
  std::string device_id;
  int64_t priority = 0;  // common.v1.Priority
  int64_t flags = 0;
  absl::Time created;
  absl::Time updated;
  int64_t version = 0;
  absl::Time quiet_at;  // When it is complete if nothing more comes; epoch: no timer runs.
  absl::Time emitted;   // When it was last announced.
  bool dirty = false;   // Changed since.
  // By the last performed step that names it, why one was broken off, and how many instances ended
  // ones name that have not come.
  ExamState exam = ExamState::kNone;
  std::string exam_note;
  int64_t awaited = 0;

  std::string Etag() const { return std::to_string(version); }
  bool operator==(const Study&) const = default;
};

struct Series {
  std::string series_instance_uid;
  std::string modality;
  int64_t number = 0;
  std::string description;
  std::string body_part;
  int64_t instance_count = 0;
};

struct Instance {
  std::string facility_id;
  std::string sop_instance_uid;
  std::string study_id;
  std::string series_instance_uid;
  std::string sop_class_uid;
  std::string transfer_syntax_uid;
  int64_t number = 0;
  int64_t frames = 0;
  int64_t size = 0;
  std::string digest;          // Of the file.
  // Of the data set's bytes: equal for files that differ in the meta header alone. Empty until it
  // was compared with another object of its UID.
  std::string dataset_digest;
  std::string locator;
  absl::Time received;
  int64_t pixel_rows = -1;  // Of a picture; -1: not known, 0: no picture.
  int64_t pixel_columns = -1;
  int64_t bits_allocated = -1;
};

struct Conflict {
  std::string id;
  std::string study_id;
  std::string facility_id;
  std::string sop_instance_uid;
  std::string first_digest;
  std::string later_digest;
  std::string later_dataset_digest;
  std::string later_study_instance_uid;
  int64_t size = 0;
  std::string locator;  // Of the object that is aside: the later one, or the first once the later
                        // took its place.
  absl::Time received;
  std::string device_ae_title;
  ConflictState state = ConflictState::kOpen;
  std::string decided_by;
  std::string reason;
};

struct HistoryEntry {
  int64_t sequence = 0;
  absl::Time time;
  std::string action;
  std::string order_id;
  std::string by;
  std::string actor;
  std::string reason;
};

// "RECEIVING" and so on, for messages.
std::string_view Name(StudyState state);

// Whether two sayings can be of one person. Numbers of one facility that differ are two persons;
// equal ones are one unless both name and birth date contradict; without comparable numbers the
// names decide, unless birth dates contradict. Where nothing can be compared the answer is
// `otherwise`.
bool SamePatient(const PatientWords& a, const PatientWords& b, bool otherwise);

// Whether a folded name of `a` is one of `b`; false where either has none.
bool SameName(const PatientWords& a, const PatientWords& b);

}  // namespace tongjian::imaging
