#include "services/exchange/recognizer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/rpc/proto_time.h"
#include "common/rpc/trail.h"
#include "services/exchange/emergency_store.h"
#include "services/exchange/network.h"
#include "services/exchange/result.h"
#include "services/exchange/result_store.h"

namespace tongjian::exchange {
namespace {

constexpr int64_t kCandidatesRead = 50;
constexpr size_t kCandidatesShown = 10;

// Across facilities: the patient's first visit elsewhere is exactly when it matters (domain/rules.md 3.13).
security::Scope Widened() { return security::Scope::Everything("recognition", security::Purpose::kRecognition); }

const ItemFact* ItemOf(const Facts& facts, const v1::ProposedItem& item) {
  return item.item_id().empty() ? facts.ItemByCode(item.recognition_code(), item.body_part())
                                : facts.ItemById(item.item_id());
}

Exam ExamOf(const v1::ProposedItem& item, const ItemFact* known) {
  Exam exam = {item.recognition_code(), item.body_part(), item.laterality(), item.contrast(), ""};
  if (known == nullptr) return exam;
  if (exam.recognition_code.empty()) exam.recognition_code = known->recognition_code;
  if (exam.body_part.empty()) exam.body_part = known->body_part;
  if (exam.laterality.empty()) exam.laterality = known->laterality;
  exam.contrast = exam.contrast || known->contrast;
  exam.method = known->method;
  return exam;
}

// What the result does not say, the catalog says for its code.
Exam ExamOf(const v1::ResultItem& item, const Facts& facts) {
  Exam exam = {item.recognition_code(), item.body_part(), item.laterality(), item.contrast(), item.method()};
  const ItemFact* known = item.item_id().empty() ? facts.ItemByCode(item.recognition_code(), item.body_part())
                                                 : facts.ItemById(item.item_id());
  if (known == nullptr) return exam;
  if (exam.body_part.empty()) exam.body_part = known->body_part;
  if (exam.laterality.empty()) exam.laterality = known->laterality;
  if (exam.method.empty()) exam.method = known->method;
  return exam;
}

// The item of the result that answers the exam, else the first of the same code.
const v1::ResultItem* Matching(const v1::Result& result, const Exam& exam, const Facts& facts) {
  const v1::ResultItem* same_code = nullptr;
  for (const v1::ResultItem& item : result.items()) {
    if (item.recognition_code() != exam.recognition_code) continue;
    if (SameExam(exam, ExamOf(item, facts))) return &item;
    if (same_code == nullptr) same_code = &item;
  }
  return same_code;
}

Prior PriorOf(const v1::Result& result, Exam exam) {
  Prior prior = {.exam = std::move(exam),
                 .identity_confirmed = result.identity_confirmed(),
                 .final = IsFinal(result),
                 .retrievable = !result.evidence().empty(),
                 .grade = "",
                 .performed = rpc::FromProto(result.performed_time()),
                 .performed_doubtful = result.performed_time_doubtful() || !result.has_performed_time()};
  for (const v1::EvidenceRef& evidence : result.evidence()) {
    prior.retrievable = prior.retrievable && evidence.retrievable();
    prior.grade = std::max(prior.grade, evidence.grade());  // "C" is the worst.
  }
  return prior;
}

// What is shown of a candidate: the newest version without its document; of one that is not to be relied on, or not surely
// the same person's, only where and when.
v1::Result Shown(v1::Result result, const Evaluation& found) {
  result.clear_deliveries();
  result.mutable_patient()->clear_identifiers();
  if (found.primary != Reason::kNone && found.primary <= Reason::kState) {
    HideContent(result);
    return result;
  }
  if (result.versions_size() > 1) result.mutable_versions()->DeleteSubrange(0, result.versions_size() - 1);
  for (v1::ResultVersion& version : *result.mutable_versions()) version.clear_document();
  return result;
}

bool Names(const v1::Result& result, const std::string& facility_id) {
  const std::vector<std::string> named = FacilitiesOf(result);
  return std::find(named.begin(), named.end(), facility_id) != named.end();
}

// Said of whoever refuses, whether there is an earlier result or not: so it tells of none.
void AddRefusal(v1::ItemVerdict& verdict) {
  const Evaluation refusal = Evaluate({.exam = {}, .access_permitted = false, .flags = {}}, Prior(), Standing());
  v1::Candidate& candidate = *verdict.add_candidates();
  candidate.set_verdict(static_cast<v1::Verdict>(refusal.verdict));
  candidate.set_primary_reason(static_cast<v1::IneligibleReason>(refusal.primary));
  candidate.add_reasons(candidate.primary_reason());
  if (verdict.verdict() == v1::VERDICT_NO_PRIOR) verdict.set_verdict(candidate.verdict());
}

bool Counts(v1::Verdict verdict) {
  return verdict == v1::VERDICT_ELIGIBLE || verdict == v1::VERDICT_ELIGIBLE_WITH_EXCEPTION;
}

// What a prompt keeps: which results were shown with which verdicts.
v1::ItemVerdict Reduced(v1::ItemVerdict verdict) {
  for (v1::Candidate& candidate : *verdict.mutable_candidates()) {
    v1::Result kept;
    kept.set_id(candidate.result().id());
    kept.set_state(candidate.result().state());
    kept.set_performing_facility_id(candidate.result().performing_facility_id());
    *candidate.mutable_result() = std::move(kept);
  }
  return verdict;
}

}  // namespace

// One call, as its items need it.
struct Recognizer::Visit {
  const v1::CheckRecognitionRequest& request;
  const std::string& patient_id;
  bool identity_certain;
  bool refused;           // The patient refuses sharing, and
  bool emergency;         // somebody must see it all the same.
  v1::EmergencyLook& look;  // What was shown against the refusal.
  std::shared_ptr<const Facts> facts;
  absl::Time now;
  rpc::Trail& trail;
};

v1::Candidate Recognizer::Weigh(const Visit& visit, const Question& question, const v1::Result& result,
                                int discipline) const {
  const v1::ResultItem& matching = *Matching(result, question.exam, *visit.facts);
  const Prior prior = PriorOf(result, ExamOf(matching, *visit.facts));
  const Standing standing = StandingOf(*visit.facts,
                                       {.asking_facility_id = visit.request.facility_id(),
                                        .performing_facility_id = result.performing_facility_id(),
                                        .recognition_code = question.exam.recognition_code,
                                        .discipline = discipline == 0 ? result.discipline() : discipline,
                                        .performed = prior.performed,
                                        .now = visit.now},
                                       rules_.level_gate);
  const Evaluation found = Evaluate(question, prior, standing);
  v1::Candidate candidate;
  *candidate.mutable_result() = Shown(result, found);
  candidate.set_verdict(static_cast<v1::Verdict>(found.verdict));
  candidate.set_primary_reason(static_cast<v1::IneligibleReason>(found.primary));
  for (const Reason reason : found.reasons) candidate.add_reasons(static_cast<v1::IneligibleReason>(reason));
  for (const std::string& code : found.exception_codes) candidate.add_exception_codes(code);
  candidate.set_age_days(found.age_days);
  candidate.set_window_days(question.window_days);
  candidate.set_basis(found.basis);
  return candidate;
}

absl::StatusOr<v1::ItemVerdict> Recognizer::CheckItem(store::Transaction& tx, const Visit& visit,
                                                      const v1::ProposedItem& item) const {
  const ItemFact* known = ItemOf(*visit.facts, item);
  Question question = {.exam = ExamOf(item, known),
                       .now = visit.now,
                       .zone = visit.facts->zone,
                       .identity_certain = visit.identity_certain,
                       .in_catalog = known != nullptr && known->in_catalog,
                       .window_days = known == nullptr ? rules_.window_days : known->window_days,
                       .flags = {}};
  for (const int flag : visit.request.context()) question.flags.push_back(static_cast<Flag>(flag));
  TJ_ASSIGN_OR_RETURN(const std::vector<v1::Result> results,
                      ResultStore::Candidates(tx, Widened(), visit.patient_id, question.exam.recognition_code,
                                              kCandidatesRead));
  std::vector<v1::Candidate> candidates;
  std::set<std::string> seen;
  for (const v1::Result& result : results) {
    if (!seen.insert(result.id()).second) continue;
    if (visit.refused && !Names(result, visit.request.facility_id())) {
      if (!visit.emergency) continue;
      visit.look.add_result_ids(result.id());
    }
    candidates.push_back(Weigh(visit, question, result, known == nullptr ? 0 : known->discipline));
  }
  // Within a verdict the newest exam stays first.
  std::stable_sort(candidates.begin(), candidates.end(), [](const v1::Candidate& a, const v1::Candidate& b) {
    return RankOf(static_cast<Verdict>(a.verdict())) < RankOf(static_cast<Verdict>(b.verdict()));
  });
  if (candidates.size() > kCandidatesShown) candidates.resize(kCandidatesShown);
  v1::ItemVerdict verdict;
  *verdict.mutable_item() = item;
  verdict.set_verdict(candidates.empty() ? v1::VERDICT_NO_PRIOR : candidates.front().verdict());
  for (v1::Candidate& candidate : candidates) {
    visit.trail.TouchObject(candidate.result().id());
    *verdict.add_candidates() = std::move(candidate);
  }
  if (!candidates.empty()) {
    TJ_ASSIGN_OR_RETURN(const std::string prompt_id, PromptFor(tx, visit, question.exam, verdict));
    verdict.set_prompt_id(prompt_id);
  }
  if (visit.refused && visit.identity_certain && !visit.emergency) AddRefusal(verdict);
  return verdict;
}

absl::StatusOr<std::string> Recognizer::PromptFor(store::Transaction& tx, const Visit& visit, const Exam& exam,
                                                  const v1::ItemVerdict& verdict) const {
  const v1::CheckRecognitionRequest& request = visit.request;
  // Without a visit's number the day is the visit.
  const std::string encounter = request.encounter().empty()
                                    ? absl::FormatTime("%Y-%m-%d", visit.now, visit.facts->zone)
                                    : request.encounter();
  const std::string key = encounter + "\n" + visit.patient_id + "\n" + exam.recognition_code + "\n" + exam.body_part +
                          "\n" + exam.laterality + "\n" + (exam.contrast ? "contrast" : "");
  TJ_ASSIGN_OR_RETURN(
      std::optional<Prompt> known,
      PromptStore::FindByVisit(tx, security::Scope::Service(), request.facility_id(), key));
  Prompt prompt;
  if (known) {
    prompt = *std::move(known);
  } else {
    prompt = {.id = ids_.New(),
              .facility_id = request.facility_id(),
              .visit_key = key,
              .words = WordsOf(request.patient()),
              .patient_id = visit.patient_id,
              .recognition_code = exam.recognition_code,
              .encounter = request.encounter()};
  }
  prompt.verdict = Reduced(verdict);
  if (!prompt.counted && request.moment() == v1::PROMPT_MOMENT_ORDERING && Counts(verdict.verdict())) {
    prompt.counted = true;
    if (prompt.decision_id.empty()) prompt.ignore_at = visit.now + rules_.prompt_timeout;
    TJ_TRY(decisions_.CountPrompt(tx, prompt));
  }
  TJ_TRY(PromptStore::Put(tx, prompt));
  return prompt.id;
}

absl::Status Recognizer::Record(store::Transaction& tx, const Asked& asked, const Visit& visit) const {
  v1::EmergencyLook& look = visit.look;
  look.set_id(ids_.New());
  look.set_facility_id(visit.request.facility_id());
  look.set_patient_id(visit.patient_id);
  *look.mutable_doctor() = visit.request.doctor();
  look.set_asked_by(security::Describe(asked.caller));
  look.set_reason(visit.request.emergency_reason());
  *look.mutable_time() = rpc::ToProto(visit.now);
  return EmergencyStore::Put(tx, look);
}

absl::StatusOr<v1::CheckRecognitionResponse> Recognizer::Check(const Asked& asked,
                                                               const v1::CheckRecognitionRequest& request,
                                                               const Person& patient) const {
  v1::CheckRecognitionResponse response;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    response.Clear();
    TJ_ASSIGN_OR_RETURN(const Verification known, VerificationOf(tx, patient.patient_id));
    v1::EmergencyLook look;
    const Visit visit = {.request = request,
                         .patient_id = patient.patient_id,
                         .identity_certain = patient.certain,
                         .refused = known.sharing_refused,
                         .emergency = !request.emergency_reason().empty(),
                         .look = look,
                         .facts = facts_(),
                         .now = tx.Now(),
                         .trail = *asked.trail};
    for (const v1::ProposedItem& item : request.items()) {
      TJ_ASSIGN_OR_RETURN(*response.add_verdicts(), CheckItem(tx, visit, item));
    }
    if (visit.refused && visit.emergency) TJ_TRY(Record(tx, asked, visit));
    return asked.trail->WriteIn(tx);
  }));
  return response;
}

}  // namespace tongjian::exchange
