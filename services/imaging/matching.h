// Which order a study answers: pure rules, no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/imaging/study.h"

namespace tongjian::imaging {

// By what a study and an order came together. The numbers are those in the database.
enum class LinkedBy { kStudyUid = 1, kAccessionNumber = 2, kPerson = 3, kBinding = 4 };

// What imaging keeps of an order.
struct OrderRef {
  std::string order_id;
  std::string accession_number;
  std::string placer_order_number;
  std::string ordering_facility_id;
  std::string recording_facility_id;
  std::string performing_facility_id;
  PatientWords patient;
  bool live = false;         // False once cancelled or answered by an earlier result.
  bool provisional = false;  // Made by evidence that came without an order.
  std::string bound_order_id;
  int64_t priority = 0;
  int64_t version = 0;
  std::vector<std::string> study_instance_uids;
};

// A link of a study. One that is not active was taken away; by a person, it is not made again by
// rule.
struct Link {
  std::string order_id;
  bool active = false;
  LinkedBy by = LinkedBy::kStudyUid;
  std::string actor;
  std::string reason;
};

// An order that may be the study's.
struct Candidate {
  OrderRef order;
  bool names_study = false;  // One of its items holds the study's UID.
  bool same_family =
      false;  // The study's facility is the ordering or recording one, above or below it.
};

struct NewLink {
  std::string order_id;
  LinkedBy by = LinkedBy::kStudyUid;
  bool operator==(const NewLink&) const = default;
};

struct MatchDecision {
  MatchState state = MatchState::kUnmatched;
  std::vector<NewLink> links;  // All that shall be active.
};

// A person's links stand. A provisional order's study goes where that order was bound, whoever the
// patient is: that has been decided. Else, in this order: orders that name the study's UID, orders
// with its accession number, orders whose placer number it is. All of them only within the
// facility's family, alive, and never one that a person took away. Orders written for a patient
// beat provisional ones. A patient who differs, or several orders under one number, is DOUBTFUL: a
// person decides; until then the study is with the provisional order that names it, if any.
MatchDecision Decide(const Study& study, const std::vector<Link>& links,
                     const std::vector<Candidate>& candidates);

// Whether the words of device and order can be one patient's: the same number (unless the name
// differs and, in one script, no equal birth date speaks against it or, in two, the birth dates
// contradict; where the numbers are two facilities', unless the name differs), or the same
// folded name (unless birth dates contradict), or names that cannot be compared, one in Latin
// letters and one in characters, with the same birth date (unless the sexes contradict).
// `otherwise` where the device gave nothing to compare.
bool CompatiblePatient(const PatientWords& study, const PatientWords& order, bool otherwise);

std::string_view Name(LinkedBy by);

}  // namespace tongjian::imaging
