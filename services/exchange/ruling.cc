#include "services/exchange/ruling.h"

#include <algorithm>

namespace tongjian::exchange {
namespace {

constexpr size_t kTextBytesMax = 4000;

struct ReasonCode {
  const char* code;
  bool counted;          // As a refusal.
  bool needs_text;       // Words; for 99 the disease.
  bool needs_reference;  // The procedure; the case number.
};
constexpr ReasonCode kReasonCodes[] = {
    {"01", true, false, false}, {"02", true, false, false},  {"03", true, false, true},  {"04", true, false, false},
    {"05", true, false, true},  {"06", true, false, false},  {"07", true, true, false},  {"08", true, true, false},
    {"98", false, false, false}, {"99", false, true, false},
};

constexpr char kCodesOfKinds[] =
    "DECLINED takes 01 (condition changed), 02 (fast changing), 03 (major decision, with its reference), 04 (emergency), 05 "
    "(forensic, with its number), 06 (qualified body required), 07 (judgement, in words) or 08 (other, in words); NOT_COUNTED "
    "takes 98 (the source cannot be had) or 99 (serial monitoring, with the disease)";

absl::Status Required(std::string_view field, std::string_view why) {
  return base::Error(absl::StatusCode::kInvalidArgument, "REASON_REQUIRED", field, why);
}

absl::StatusOr<v1::Decision> RuleAccept(v1::Decision decision, const v1::Candidate& candidate) {
  if (decision.result_id().empty()) return base::InvalidField("decision.result_id", "missing: which result is accepted?");
  if (!decision.reason_code().empty()) return base::InvalidField("decision.reason_code", "only a decline has one");
  decision.set_kind(candidate.verdict() == v1::VERDICT_NOT_ELIGIBLE ? v1::DECISION_KIND_ACCEPTED_OVERRIDE
                                                                    : v1::DECISION_KIND_ACCEPTED);
  return decision;
}

absl::StatusOr<v1::Decision> RuleDecline(v1::Decision decision, const v1::Candidate& candidate) {
  if (decision.reason_code().empty()) return Required("decision.reason_code", kCodesOfKinds);
  const auto* reason = std::find_if(std::begin(kReasonCodes), std::end(kReasonCodes),
                                    [&](const ReasonCode& known) { return decision.reason_code() == known.code; });
  if (reason == std::end(kReasonCodes)) return base::InvalidField("decision.reason_code", kCodesOfKinds);
  // What is counted is never settled in silence.
  if (reason->counted != (decision.kind() == v1::DECISION_KIND_DECLINED)) {
    return base::InvalidField("decision.kind", "does not go with code " + decision.reason_code() + ": " + kCodesOfKinds);
  }
  // The situation stated with the prompt speaks for itself.
  const bool excepted = std::find(candidate.exception_codes().begin(), candidate.exception_codes().end(),
                                  decision.reason_code()) != candidate.exception_codes().end();
  if (!excepted && reason->needs_text && decision.reason_text().empty()) {
    return Required("decision.reason_text", "code " + decision.reason_code() + " needs words");
  }
  if (!excepted && reason->needs_reference && decision.reference().empty()) {
    return Required("decision.reference", "code " + decision.reason_code() + " needs a reference");
  }
  decision.set_kind(reason->counted ? v1::DECISION_KIND_DECLINED : v1::DECISION_KIND_NOT_COUNTED);
  return decision;
}

}  // namespace

bool IsAccepted(v1::DecisionKind kind) {
  return kind == v1::DECISION_KIND_ACCEPTED || kind == v1::DECISION_KIND_ACCEPTED_OVERRIDE;
}

absl::StatusOr<v1::Decision> Rule(const v1::Decision& wanted, const v1::Candidate& candidate) {
  if (wanted.reason_text().size() > kTextBytesMax) return base::InvalidField("decision.reason_text", "too long");
  if (wanted.reference().size() > kTextBytesMax) return base::InvalidField("decision.reference", "too long");
  switch (wanted.kind()) {
    case v1::DECISION_KIND_ACCEPTED:
    case v1::DECISION_KIND_ACCEPTED_OVERRIDE: return RuleAccept(wanted, candidate);
    case v1::DECISION_KIND_DECLINED:
    case v1::DECISION_KIND_NOT_COUNTED: return RuleDecline(wanted, candidate);
    default: return base::InvalidField("decision.kind", "ACCEPTED or DECLINED");
  }
}

}  // namespace tongjian::exchange
