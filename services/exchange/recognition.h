// Mutual recognition (互认): whether an earlier result counts in place of an exam. Pure: values in, a verdict out.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tongjian::exchange {

// Numbers are those of the contract.
enum class Verdict { kNone, kNoPrior, kEligible, kEligibleWithException, kNotEligible };

// Why an earlier result does not count, in the order of evaluation.
enum class Reason {
  kNone,
  kConsent,
  kIdentity,
  kState,
  kItem,
  kCatalog,
  kData,
  kQuality,
  kAssessment,
  kQualification,
  kScope,
  kMembership,
  kLevel,
  kWindow,
};

// The patient's situation.
enum class Flag {
  kNone,
  kConditionChanged,
  kPreOperation,
  kPreTransfusion,
  kEmergency,
  kForensic,
  kSerialMonitoring,
};

// What makes two exams the same. A name is none of it.
struct Exam {
  std::string recognition_code;
  std::string body_part;
  std::string laterality;
  bool contrast = false;
  std::string method;
};

// How the site that asks stands to the site that performed, at both times that matter (see network.h).
struct Standing {
  bool own = false;               // The same site.
  bool in_community = false;      // Both active members at both times, and the community covers the exam.
  bool membership_lapsed = false;  // They share a community, but not actively at both times.
  bool suspended = false;         // The performing site had failed external assessment.
  bool qualified = false;         // It held a qualification for the exam when performing.
  bool mark_covers = false;       // A mark it held then reaches the asking site.
  bool level_allows = true;       // The level gate, where a province has one.
  std::string basis;              // In words: the community, the mark.

  // The mark, its scope, the catalog and the level gate are waived.
  bool inside() const { return own || in_community; }
};

// The earlier result.
struct Prior {
  Exam exam;
  bool identity_confirmed = false;
  bool final = false;  // And neither cancelled nor retracted.
  bool retrievable = false;
  std::string grade;
  absl::Time performed;
  bool performed_doubtful = false;
};

// What is asked.
struct Question {
  Exam exam;
  absl::Time now;
  absl::TimeZone zone;  // Windows count in days of the hub.
  bool access_permitted = true;
  bool identity_certain = true;
  bool in_catalog = false;
  int window_days = 0;  // 0: the same day only; negative: without end.
  std::vector<Flag> flags;
};

struct Evaluation {
  Verdict verdict = Verdict::kNoPrior;
  Reason primary = Reason::kNone;
  std::vector<Reason> reasons;
  // Decline codes that need no words here.
  std::vector<std::string> exception_codes;
  int age_days = 0;
  std::string basis;
};

// The rules of domain/rules.md 3.2 (3.3 to 3.5 for scope, window and quality): all that fire are returned, the first of
// them is the primary. Context flags block nothing. Where access is not permitted nothing else is evaluated, so that nothing of
// the earlier result is said.
Evaluation Evaluate(const Question& question, const Prior& prior, const Standing& standing);

// Recognition code, body part, laterality, contrast and method class. Letters' case and an unstated ("U") laterality do not
// matter.
bool SameExam(const Exam& a, const Exam& b);

// Days between the two by the hub's calendar; negative when `performed` is later.
int AgeDays(absl::Time performed, absl::Time now, absl::TimeZone zone);

// Which verdict is better for the doctor to see first: a lower rank.
int RankOf(Verdict verdict);

}  // namespace tongjian::exchange
