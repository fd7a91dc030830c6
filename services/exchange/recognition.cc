#include "services/exchange/recognition.h"

#include <algorithm>
#include <cctype>

namespace tongjian::exchange {
namespace {

// A device's clock may run ahead of ours by this much; an exam later than that was not performed yet.
constexpr absl::Duration kClockSkewMax = absl::Minutes(10);
// Imaging grade below the bar: the clinic was asked to record again.
constexpr char kPoorGrade[] = "C";

struct Case {
  const Question& question;
  const Prior& prior;
  const Standing& standing;
};

bool OutOfWindow(const Case& c) {
  if (c.question.window_days < 0) return false;
  if (c.prior.performed_doubtful || c.prior.performed > c.question.now + kClockSkewMax) return true;
  return AgeDays(c.prior.performed, c.question.now, c.question.zone) > c.question.window_days;
}

struct Rule {
  Reason reason;
  bool (*fires)(const Case&);
};

// In the order of evaluation; consent comes before all of them.
constexpr Rule kRules[] = {
    {Reason::kIdentity,
     [](const Case& c) { return !c.question.identity_certain || !c.prior.identity_confirmed; }},
    {Reason::kState, [](const Case& c) { return !c.prior.final; }},
    {Reason::kItem, [](const Case& c) { return !SameExam(c.question.exam, c.prior.exam); }},
    {Reason::kCatalog,
     [](const Case& c) { return !c.standing.inside() && !c.question.in_catalog; }},
    {Reason::kData, [](const Case& c) { return !c.prior.retrievable; }},
    {Reason::kQuality, [](const Case& c) { return c.prior.grade == kPoorGrade; }},
    {Reason::kAssessment, [](const Case& c) { return c.standing.suspended; }},
    {Reason::kQualification,
     [](const Case& c) { return !c.standing.inside() && !c.standing.qualified; }},
    {Reason::kScope, [](const Case& c) { return !c.standing.inside() && !c.standing.mark_covers; }},
    {Reason::kMembership,
     [](const Case& c) {
       return !c.standing.inside() && !c.standing.mark_covers && c.standing.membership_lapsed;
     }},
    {Reason::kLevel, [](const Case& c) { return !c.standing.inside() && !c.standing.level_allows; }},
    {Reason::kWindow, OutOfWindow},
};

std::string CodeOf(Flag flag) {
  switch (flag) {
    case Flag::kConditionChanged: return "01";
    case Flag::kPreOperation:
    case Flag::kPreTransfusion: return "03";
    case Flag::kEmergency: return "04";
    case Flag::kForensic: return "05";
    case Flag::kSerialMonitoring: return "99";
    case Flag::kNone: break;
  }
  return "";
}

std::vector<std::string> ExceptionCodes(const Case& c, const std::vector<Reason>& reasons) {
  std::vector<std::string> codes;
  for (const Flag flag : c.question.flags) {
    if (std::string code = CodeOf(flag); !code.empty()) codes.push_back(std::move(code));
  }
  // The source's images can't be had: that decline is offered by itself and not counted.
  if (std::find(reasons.begin(), reasons.end(), Reason::kData) != reasons.end()) codes.push_back("98");
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return codes;
}

std::string Folded(const std::string& text) {
  std::string folded = text;
  for (char& c : folded) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return folded;
}

std::string Side(const std::string& laterality) {
  std::string side = Folded(laterality);
  return side == "U" ? "" : side;
}

std::string BasisOf(const Case& c, Verdict verdict) {
  if (c.question.window_days >= 0 && c.prior.performed_doubtful) {
    return "the device's clock is doubtful: the exam's time counts in no window until it is confirmed";
  }
  return verdict == Verdict::kNotEligible ? "" : c.standing.basis;
}

}  // namespace

bool SameExam(const Exam& a, const Exam& b) {
  return !a.recognition_code.empty() && a.recognition_code == b.recognition_code &&
         Folded(a.body_part) == Folded(b.body_part) && Side(a.laterality) == Side(b.laterality) &&
         a.contrast == b.contrast && Folded(a.method) == Folded(b.method);
}

int AgeDays(absl::Time performed, absl::Time now, absl::TimeZone zone) {
  return static_cast<int>(absl::ToCivilDay(now, zone) - absl::ToCivilDay(performed, zone));
}

int RankOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEligible: return 0;
    case Verdict::kEligibleWithException: return 1;
    case Verdict::kNotEligible: return 2;
    default: return 3;
  }
}

Evaluation Evaluate(const Question& question, const Prior& prior, const Standing& standing) {
  Evaluation found;
  if (!question.access_permitted) {
    found.verdict = Verdict::kNotEligible;
    found.primary = Reason::kConsent;
    found.reasons = {Reason::kConsent};
    return found;
  }
  const Case c = {question, prior, standing};
  for (const Rule& rule : kRules) {
    if (rule.fires(c)) found.reasons.push_back(rule.reason);
  }
  found.exception_codes = ExceptionCodes(c, found.reasons);
  found.age_days = std::max(0, AgeDays(prior.performed, question.now, question.zone));
  if (!found.reasons.empty()) {
    found.verdict = Verdict::kNotEligible;
    found.primary = found.reasons.front();
  } else {
    found.verdict = found.exception_codes.empty() ? Verdict::kEligible : Verdict::kEligibleWithException;
  }
  found.basis = BasisOf(c, found.verdict);
  return found;
}

}  // namespace tongjian::exchange
