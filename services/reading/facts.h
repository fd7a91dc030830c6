// What orders and imaging say, and what it makes of a task.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/reading/task.h"

namespace tongjian::reading {

// How an order stands, as far as reading must know.
enum class OrderStanding {
  kOpen,         // It may be read.
  kUnsubmitted,  // A draft.
  kInterrupted,  // Held, sent back with a question, to be recorded again, declined, or escalated without a center.
  kEnded,        // Cancelled or recognized.
};

struct OrderFact {
  std::string id;
  int64_t version = 0;
  OrderStanding standing = OrderStanding::kOpen;
  ReturnKind return_kind = ReturnKind::kNone;  // While interrupted.
  bool provisional = false;
  std::string bound_order_id;
  std::string accession_number;
  std::string requesting_facility_id;
  std::string center_id;
  std::string performing_facility_id;
  int discipline = 0;
  std::vector<std::string> modalities;
  std::vector<std::string> item_names;
  Patient patient;
  std::string clinical_information;
  Priority priority = Priority::kRoutine;
  absl::Time deadline = absl::InfinitePast();
  ReadingMode reading_mode = ReadingMode::kHubReads;
  int signers = 1;
  std::string note;
};

struct StudyFact {
  std::string id;
  int64_t version = 0;
  bool complete = false;
  int64_t instances = 0;
  std::vector<std::string> modalities;
  std::string exam_note;  // Why the device broke an exam of it off.
};

// The registry's word on the patient's words: the master patient, or empty, and whether its identity is verified.
struct PatientFact {
  std::string patient_id;
  bool verified = false;
};

// Whether an order is to become a task: evidence is there and it still wants a report.
bool WantsTask(const OrderFact& order, const std::vector<StudyFact>& studies);

// Brings the task up to what orders, imaging and registry now say: facts, and the moves that follow from them. A new task is
// one in state kNone. It changes nothing when nothing is new.
void Follow(Task& task, const OrderFact& order, const std::vector<StudyFact>& studies, const PatientFact& patient);

}  // namespace tongjian::reading
