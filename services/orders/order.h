// An order (申请单) as plain values: what a clinic asks for, where it goes, and where it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"

namespace tongjian::orders {

// The numbers are those of tongjian.orders.v1 (a test holds them together).
enum class State {
  kNone = 0,
  kDraft = 1,
  kSubmitted = 2,
  kCollected = 3,
  kInTransit = 4,
  kReceived = 5,
  kRejected = 6,
  kAcquired = 7,
  kArchivedVerified = 8,
  kQueued = 9,
  kClaimed = 10,
  kReadPreliminary = 11,
  kSigned = 12,
  kDelivered = 13,
  kViewed = 14,
  kCancelled = 15,
  kRecognized = 16,
  kRecaptureRequested = 17,
  kHeld = 18,
  kReturnedForInformation = 19,
  kDeclined = 20,
  kEscalated = 21,
  kHandedOver = 22,
};
inline constexpr int kStates = 22;

enum class Origin { kNone = 0, kHis = 1, kDevice = 2, kConsole = 3 };
enum class Payment { kUntracked = 0, kPending = 1, kPaid = 2, kDeferred = 3, kRefunded = 4 };
enum class Priority { kNone = 0, kRoutine = 1, kUrgent = 2, kStat = 3, kGreenChannel = 4 };
enum class PatientClass {
  kNone = 0,
  kOutpatient = 1,
  kInpatient = 2,
  kEmergency = 3,
  kCheckup = 4
};
enum class Discipline { kNone = 0, kImaging = 1, kEcg = 2, kLaboratory = 3, kPathology = 4 };
enum class Sex { kNone = 0, kMale = 1, kFemale = 2, kUnknown = 3 };
enum class ReadingMode { kNone = 0, kHubReads = 1, kClinicDrafts = 2, kClinicSigns = 3 };
enum class TurnaroundUnit { kNone = 0, kMinutes = 1, kWorkMinutes = 2, kWorkDays = 3 };
enum class TurnaroundStart { kNone = 0, kSubmitted = 1, kAcquired = 2, kReceived = 3 };

// What a device last said of an exam.
enum class Exam { kNone = 0, kStarted = 1, kCompleted = 2, kDiscontinued = 3 };

struct Identifier {
  int type = 0;  // tongjian.common.v1.IdentifierType
  std::string value;
  std::string assigner_facility_id;
  bool operator==(const Identifier&) const = default;
};

// The patient in the ordering facility's words, which are never rewritten; only `patient_id` is a
// link on top.
struct Patient {
  std::string facility_id;
  std::string facility_patient_id;
  std::string name;
  std::string name_latin;
  Sex sex = Sex::kNone;
  std::string birth_date;  // YYYY-MM-DD, or empty.
  std::vector<Identifier> identifiers;
  std::string patient_id;  // The master patient, or empty.
  bool operator==(const Patient&) const = default;
};

struct Practitioner {
  std::string practitioner_id;
  std::string name;
  std::string facility_id;
  bool operator==(const Practitioner&) const = default;
};

// One exam. `study_instance_uid` is what the worklist gives the device, `study_instance_uids` what
// answers it.
struct Item {
  std::string id;
  std::string item_id;
  std::string local_code;
  std::string recognition_code;
  std::string name;
  std::string modality;
  std::string body_part;
  std::string laterality;
  std::string study_instance_uid;
  std::vector<std::string> study_instance_uids;
  std::vector<std::string> report_ids;
  int64_t price_fen = 0;
  Exam exam = Exam::kNone;
  bool operator==(const Item&) const = default;
};

struct RecognitionBasis {
  std::string decision_id;
  std::string verdict;
  std::string reason_code;
  bool operator==(const RecognitionBasis&) const = default;
};

struct Routing {
  std::string center_id;
  std::string performing_facility_id;
  std::string reason;
  ReadingMode reading_mode = ReadingMode::kHubReads;
  int signers = 1;
  std::vector<std::string> earlier_center_ids;
  std::string community_id;
  std::string desk_facility_id;
  bool operator==(const Routing&) const = default;
};

// The target an order was submitted under; `start_time` is infinite past while its clock has not
// started.
struct Turnaround {
  int target = 0;
  TurnaroundUnit unit = TurnaroundUnit::kMinutes;
  TurnaroundStart start = TurnaroundStart::kSubmitted;
  std::string source;
  absl::Time start_time = absl::InfinitePast();
  bool operator==(const Turnaround&) const = default;
};

// A value; times that are not stated are the infinite past.
struct Order {
  std::string id;
  State state = State::kNone;
  Origin origin = Origin::kNone;
  std::string ordering_facility_id;
  std::string recording_facility_id;
  Patient patient;
  Practitioner requester;
  std::string encounter;
  Priority priority = Priority::kRoutine;
  PatientClass patient_class = PatientClass::kNone;
  Discipline discipline = Discipline::kNone;
  std::vector<Item> items;
  std::string clinical_information;
  std::string accession_number;
  std::string placer_order_number;
  Routing routing;
  RecognitionBasis recognition;
  Payment payment = Payment::kUntracked;
  std::string billing_party;
  Turnaround turnaround;
  absl::Time deadline = absl::InfinitePast();
  absl::Time scheduled_time = absl::InfinitePast();
  std::string scheduled_ae_title;
  std::string recognized_result_id;
  std::string bound_order_id;
  std::string note;
  absl::Time create_time = absl::InfinitePast();
  absl::Time receive_time = absl::InfinitePast();
  absl::Time update_time = absl::InfinitePast();
  int64_t version = 0;
  State resume_state = State::kNone;
  bool operator==(const Order&) const = default;
};

// One thing that happened; `sequence` is the order's version after it.
struct TimelineEntry {
  int64_t sequence = 0;
  absl::Time time = absl::InfinitePast();
  State state = State::kNone;
  std::string action;
  std::string actor;
  std::string facility_id;
  std::string note;
};

// Whether `time` is stated.
inline bool Stated(absl::Time time) { return time != absl::InfinitePast(); }

// The facility where the exam is recorded: the ordering one unless another is stated.
const std::string& RecordingFacility(const Order& order);

// Evidence came without an order: it stands for one until a HIS order takes it over.
inline bool Provisional(const Order& order) { return order.origin == Origin::kDevice; }

// Rescue centers and emergencies wait for no payment and no full center.
inline bool GoesFirst(const Order& order) { return order.priority >= Priority::kStat; }

// Every facility that may see it: ordering, recording, performing, and the desk's while it waits
// there. Sorted, unique.
std::vector<std::string> Audience(const Order& order);

// Whether any item names this study, given out beforehand or there already.
bool Names(const Order& order, const std::string& study_instance_uid);
bool HasEvidence(const Order& order);

// The items a new study answers get its UID: those it was given out for; else those of its
// modalities that have no study yet; else the first item. False when it was known already.
bool AttachStudy(Order& order, const std::string& study_instance_uid,
                 const std::vector<std::string>& modalities);
// Every item that has a study gets the report (all items when none has). False when it was known
// already.
bool AttachReport(Order& order, const std::string& report_id);

// Limits of what a caller wrote (common/forms, as the gateways check them), patient data kept out of
// messages. INVALID_ARGUMENT names the field.
absl::Status CheckOrder(const Order& order);

}  // namespace tongjian::orders
