#include "services/exchange/decisions.h"

#include <algorithm>
#include <utility>

#include "common/rpc/proto_time.h"
#include "common/rpc/trail.h"
#include "services/exchange/result_store.h"
#include "services/exchange/ruling.h"

namespace tongjian::exchange {
namespace {

constexpr int kReboundDaysMax = 7;
constexpr int64_t kReboundsAtOnce = 20;

Measure MeasureOf(v1::DecisionKind kind) {
  switch (kind) {
    case v1::DECISION_KIND_DECLINED: return Measure::kDeclined;
    case v1::DECISION_KIND_NOT_COUNTED: return Measure::kNotCounted;
    case v1::DECISION_KIND_IGNORED: return Measure::kIgnored;
    default: return Measure::kAccepted;
  }
}

// The candidate a decision is about: the named one, or the best where a decline names none.
absl::StatusOr<v1::Candidate> CandidateOf(const Prompt& prompt, const std::string& result_id) {
  for (const v1::Candidate& candidate : prompt.verdict.candidates()) {
    if (result_id.empty() || candidate.result().id() == result_id) return candidate;
  }
  return base::InvalidField("decision.result_id", "not among the candidates of this prompt");
}

v1::Decision DecisionOn(const Prompt& prompt, v1::Decision decision, absl::Time now) {
  decision.set_prompt_id(prompt.id);
  decision.set_facility_id(prompt.facility_id);
  decision.set_recognition_code(prompt.recognition_code);
  decision.set_patient_id(prompt.patient_id);
  decision.set_encounter(prompt.encounter);
  *decision.mutable_time() = rpc::ToProto(now);
  return decision;
}

// What the caller does not state.
v1::Decision Stated(const v1::Decision& wanted) {
  v1::Decision stated;
  stated.set_kind(wanted.kind());
  stated.set_result_id(wanted.result_id());
  *stated.mutable_doctor() = wanted.doctor();
  stated.set_reason_code(wanted.reason_code());
  stated.set_reason_text(wanted.reason_text());
  stated.set_reference(wanted.reference());
  stated.set_patient_told(wanted.patient_told());
  return stated;
}

}  // namespace

absl::Status Decisions::Count(store::Transaction& tx, const v1::Decision& decision, Measure measure, int delta,
                              int64_t fen) const {
  return DecisionStore::Count(tx, {.id = ids_.New(),
                                   .facility_id = decision.facility_id(),
                                   .measure = measure,
                                   .delta = delta,
                                   .fen = fen,
                                   .prompt_id = decision.prompt_id(),
                                   .decision_id = decision.id()});
}

absl::Status Decisions::CountPrompt(store::Transaction& tx, const Prompt& prompt) const {
  v1::Decision none;
  none.set_facility_id(prompt.facility_id);
  none.set_prompt_id(prompt.id);
  return Count(tx, none, Measure::kPrompt, 1);
}

absl::StatusOr<std::optional<absl::Time>> Decisions::Price(store::Transaction& tx, const Prompt& prompt,
                                                           v1::Decision& decision) const {
  if (!IsAccepted(decision.kind())) return std::optional<absl::Time>();
  const std::shared_ptr<const Facts> facts = facts_();
  const v1::ProposedItem& asked = prompt.verdict.item();
  const ItemFact* item = asked.item_id().empty() ? facts->ItemByCode(prompt.recognition_code, asked.body_part())
                                                 : facts->ItemById(asked.item_id());
  const PriceFact* price =
      item == nullptr ? nullptr : PriceOn(*item, prompt.facility_id, tx.Now(), facts->zone);
  if (price != nullptr) {
    decision.set_price_id(price->price_id);
    TJ_ASSIGN_OR_RETURN(const bool priced, DecisionStore::IsPriced(tx, decision));
    if (!priced) decision.set_saved_fen(price->fen);
  }
  const int window = item == nullptr || item->window_days < 0 ? kReboundDaysMax : std::max(1, item->window_days);
  return std::optional<absl::Time>(tx.Now() + absl::Hours(24) * std::min(window, kReboundDaysMax));
}

absl::Status Decisions::Replace(store::Transaction& tx, const Prompt& prompt) const {
  if (prompt.decision_id.empty()) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(v1::Decision before, DecisionStore::Find(tx, security::Scope::Service(), prompt.decision_id));
  if (before.kind() != v1::DECISION_KIND_IGNORED) {
    return base::Conflict("STATE_NOT_ALLOWED", "the prompt is decided by " + before.id() + ": revoke that first");
  }
  before.set_revoked_kind(before.kind());
  before.set_kind(v1::DECISION_KIND_REVOKED);
  *before.mutable_revoke_time() = rpc::ToProto(tx.Now());
  before.set_revoke_reason("decided late");
  TJ_TRY(Count(tx, before, Measure::kIgnored, -1));
  return DecisionStore::Put(tx, before, std::nullopt);
}

absl::StatusOr<v1::Decision> Decisions::Decide(store::Transaction& tx, const Asked& asked,
                                               const v1::Decision& wanted) const {
  TJ_ASSIGN_OR_RETURN(Prompt prompt, PromptStore::Find(tx, asked.scope, wanted.prompt_id()));
  TJ_ASSIGN_OR_RETURN(const v1::Candidate candidate, CandidateOf(prompt, wanted.result_id()));
  TJ_ASSIGN_OR_RETURN(v1::Decision ruled, Rule(Stated(wanted), candidate));
  TJ_ASSIGN_OR_RETURN(const v1::Result result,
                      ResultStore::Find(tx, security::Scope::Service(), candidate.result().id()));
  const bool accepted = IsAccepted(ruled.kind());
  if (accepted && result.state() == v1::RESULT_STATE_RETRACTED) {
    return base::Conflict("STATE_NOT_ALLOWED", "result " + result.id() + " was retracted: nobody may rely on it");
  }
  TJ_TRY(Replace(tx, prompt));
  v1::Decision decision = DecisionOn(prompt, std::move(ruled), tx.Now());
  decision.set_id(ids_.New());
  decision.set_result_id(result.id());
  decision.set_performing_facility_id(result.performing_facility_id());
  TJ_ASSIGN_OR_RETURN(const std::optional<absl::Time> saving_until, Price(tx, prompt, decision));
  TJ_TRY(DecisionStore::Put(tx, decision, saving_until));
  TJ_TRY(Count(tx, decision, MeasureOf(decision.kind()), 1));
  if (accepted) TJ_TRY(Count(tx, decision, Measure::kSaved, 1, decision.saved_fen()));
  if (!prompt.counted) TJ_TRY(CountPrompt(tx, prompt));
  prompt.counted = true;
  prompt.decision_id = decision.id();
  prompt.ignore_at.reset();
  TJ_TRY(PromptStore::Put(tx, prompt));
  // Whoever relies on a result sees it and is told when it changes.
  if (accepted) TJ_TRY(ResultStore::Tell(tx, result.id(), decision.facility_id()));
  return decision;
}

absl::StatusOr<v1::Decision> Decisions::Record(const Asked& asked, const v1::Decision& wanted) const {
  TJ_ASSIGN_OR_RETURN(const std::string id,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_ASSIGN_OR_RETURN(const v1::Decision decision, Decide(tx, asked, wanted));
                        asked.trail->TouchPatient(decision.patient_id());
                        asked.trail->TouchObject(decision.id());
                        asked.trail->TouchObject(decision.result_id());
                        return decision.id();
                      }));
  absl::StatusOr<v1::Decision> recorded = absl::InternalError("not read");
  TJ_TRY(database_.Read([&](store::Session& session) {
    recorded = DecisionStore::Find(session, asked.scope, id);
    return recorded.status();
  }));
  return recorded;
}

absl::StatusOr<v1::Decision> Decisions::Revoke(const Asked& asked, const std::string& id,
                                               const std::string& reason) const {
  TJ_TRY(RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
           TJ_ASSIGN_OR_RETURN(v1::Decision decision, DecisionStore::Find(tx, asked.scope, id));
           if (decision.kind() == v1::DECISION_KIND_REVOKED || decision.kind() == v1::DECISION_KIND_IGNORED) {
             return base::Conflict("STATE_NOT_ALLOWED", "only a decision that holds can be revoked");
           }
           TJ_ASSIGN_OR_RETURN(const bool saving, DecisionStore::IsSaving(tx, id));
           TJ_TRY(Count(tx, decision, MeasureOf(decision.kind()), -1));
           if (saving) TJ_TRY(Count(tx, decision, Measure::kSaved, -1, -decision.saved_fen()));
           decision.set_revoked_kind(decision.kind());
           decision.set_kind(v1::DECISION_KIND_REVOKED);
           *decision.mutable_revoke_time() = rpc::ToProto(tx.Now());
           decision.set_revoke_reason(reason);
           decision.set_revoked_by(security::Describe(asked.caller));
           TJ_TRY(DecisionStore::Put(tx, decision, std::nullopt));
           TJ_ASSIGN_OR_RETURN(Prompt prompt, PromptStore::Find(tx, asked.scope, decision.prompt_id()));
           prompt.decision_id.clear();
           TJ_TRY(PromptStore::Put(tx, prompt));
           asked.trail->TouchPatient(decision.patient_id());
           asked.trail->TouchObject(id);
           return id;
         }).status());
  absl::StatusOr<v1::Decision> revoked = absl::InternalError("not read");
  TJ_TRY(database_.Read([&](store::Session& session) {
    revoked = DecisionStore::Find(session, asked.scope, id);
    return revoked.status();
  }));
  return revoked;
}

absl::Status Decisions::Ignore(store::Transaction& tx, const std::string& prompt_id) const {
  TJ_ASSIGN_OR_RETURN(Prompt prompt, PromptStore::Find(tx, security::Scope::Service(), prompt_id));
  if (!prompt.ignore_at || *prompt.ignore_at > tx.Now()) return absl::OkStatus();  // Decided meanwhile.
  v1::Decision decision = DecisionOn(prompt, v1::Decision(), tx.Now());
  decision.set_id(ids_.New());
  decision.set_kind(v1::DECISION_KIND_IGNORED);
  TJ_TRY(DecisionStore::Put(tx, decision, std::nullopt));
  TJ_TRY(Count(tx, decision, Measure::kIgnored, 1));
  prompt.decision_id = decision.id();
  prompt.ignore_at.reset();
  return PromptStore::Put(tx, prompt);
}

absl::StatusOr<int64_t> Decisions::IgnoreOverdue(absl::Time now, int64_t limit) const {
  std::vector<std::string> overdue;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(overdue, PromptStore::Overdue(session, security::Scope::Service(), now, limit));
    return absl::OkStatus();
  }));
  for (const std::string& id : overdue) {
    TJ_TRY(database_.Write([&](store::Transaction& tx) { return Ignore(tx, id); }));
  }
  return static_cast<int64_t>(overdue.size());
}

absl::Status Decisions::Rebound(store::Transaction& tx, const orders::v1::Order& order) const {
  if (order.state() == orders::v1::ORDER_STATE_DRAFT || order.state() == orders::v1::ORDER_STATE_CANCELLED ||
      order.state() == orders::v1::ORDER_STATE_RECOGNIZED) {
    return absl::OkStatus();
  }
  std::string patient_id = order.patient().patient_id();
  if (patient_id.empty()) {
    TJ_ASSIGN_OR_RETURN(patient_id, PatientOf(tx, WordsOf(order.patient())));
  }
  if (patient_id.empty()) return absl::OkStatus();
  for (const orders::v1::OrderItem& item : order.items()) {
    if (item.recognition_code().empty()) continue;
    TJ_ASSIGN_OR_RETURN(std::vector<v1::Decision> savings,
                        DecisionStore::Savings(tx, security::Scope::Service(), patient_id, item.recognition_code(),
                                               rpc::FromProto(order.create_time()), kReboundsAtOnce));
    for (v1::Decision& decision : savings) {
      *decision.mutable_rebound_time() = rpc::ToProto(tx.Now());
      decision.set_rebound_order_id(order.id());
      TJ_TRY(Count(tx, decision, Measure::kRebound, 1));
      TJ_TRY(Count(tx, decision, Measure::kSaved, -1, -decision.saved_fen()));
      TJ_TRY(DecisionStore::Put(tx, decision, std::nullopt));
    }
  }
  return absl::OkStatus();
}

}  // namespace tongjian::exchange
