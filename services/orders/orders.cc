#include "services/orders/orders.h"

#include <algorithm>
#include <utility>

#include "common/forms/order_form.h"
#include "common/rpc/trail.h"
#include "common/security/permission.h"
#include "common/store/idempotency.h"
#include "services/orders/binding.h"
#include "services/orders/modification.h"
#include "services/orders/order_codec.h"
#include "services/orders/patient_link_store.h"
#include "services/orders/state.h"
#include "services/orders/turnaround.h"

namespace tongjian::orders {
namespace {

constexpr size_t kClinicalCharactersMax = 4000;

bool IsGateway(const Asked& asked) {
  return asked.caller.kind == security::CallerKind::kService ||
         (asked.caller.kind == security::CallerKind::kMachine &&
          asked.caller.machine_role == security::MachineRole::kGateway);
}

// What the hub alone decides must not come from outside.
void ClearHubFields(Order& order) {
  order.id.clear();
  order.routing = {};
  order.turnaround = {};
  order.deadline = absl::InfinitePast();
  order.recognized_result_id.clear();
  order.bound_order_id.clear();
  order.note.clear();
  order.version = 0;
  order.resume_state = State::kNone;
  order.patient.patient_id.clear();
  for (Item& item : order.items) {
    item.study_instance_uids.clear();
    item.report_ids.clear();
    item.exam = Exam::kNone;
  }
}

Origin OriginOf(const Asked& asked) {
  return asked.caller.kind == security::CallerKind::kPerson ? Origin::kConsole : Origin::kHis;
}

absl::Status CheckReason(std::string_view field, const std::string& reason) {
  if (reason.empty()) return base::InvalidField(field, "missing");
  if (reason.size() > kClinicalCharactersMax)
    return base::InvalidField(field, "longer than 4000 bytes");
  return absl::OkStatus();
}

// What the clinic does with its order: of the center that performs it, only who runs the desk there
// may do that too, not its HIS, its gateway or its doctors.
absl::Status CheckOwn(const Asked& asked, const Order& order) {
  if (asked.scope.ContainsAny({order.ordering_facility_id, RecordingFacility(order)}))
    return absl::OkStatus();
  if (security::Allows(asked.caller, "orders.route")) return absl::OkStatus();
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "id",
                     "this is for the facility that ordered");
}

}  // namespace

Orders::Orders(const Changes& changes, OwnNumbers& numbers, FactSource facts,
               const LoadCounter& load, base::Ids& ids, const base::Clock& clock,
               SubmissionRules rules)
    : changes_(changes),
      numbers_(numbers),
      facts_(std::move(facts)),
      load_(load),
      ids_(ids),
      clock_(clock),
      rules_(std::move(rules)) {}

absl::Status Orders::CheckNumber(const Asked& asked, const Order& order) const {
  const bool numbered = !order.accession_number.empty();
  const bool given_uid = std::any_of(order.items.begin(), order.items.end(), [](const Item& item) {
    return !item.study_instance_uid.empty();
  });
  if (!numbered && !given_uid) return absl::OkStatus();
  if (!IsGateway(asked)) {
    return base::InvalidField(
        numbered ? "order.accession_number" : "order.items.study_instance_uid",
        "only a gateway numbers orders, from its own block: leave it empty");
  }
  if (numbered && !ParseAccession(numbers_.prefix(), order.accession_number)) {
    return base::InvalidField("order.accession_number", "not a number of this hub's blocks");
  }
  return absl::OkStatus();
}

absl::Status Orders::CheckLease(store::Session& session, const Order& order) const {
  const int64_t number = ParseAccession(numbers_.prefix(), order.accession_number).value_or(-1);
  for (const std::string& facility_id :
       {order.ordering_facility_id, RecordingFacility(order), std::string(kLostLeases)}) {
    TJ_ASSIGN_OR_RETURN(const bool leased,
                        IsLeasedTo(session, numbers_.prefix(), facility_id, number));
    if (leased) return absl::OkStatus();
  }
  return base::InvalidField("order.accession_number",
                            "not out of a block leased to " + order.ordering_facility_id);
}

absl::Status Orders::BindArrivals(store::Transaction& tx, const Asked& asked, const Order& given,
                                  Order& order) const {
  const security::Scope scope = security::Scope::Service();
  const std::string& facility = RecordingFacility(order);
  std::vector<Order> candidates;
  const auto add = [&](absl::StatusOr<std::vector<Order>> found) -> absl::Status {
    TJ_TRY(found.status());
    candidates.insert(candidates.end(), found->begin(), found->end());
    return absl::OkStatus();
  };
  // A device may have been told either number; what the hub has just made up, nobody can have used.
  for (const std::string& number : {given.accession_number, given.placer_order_number}) {
    if (number.empty()) continue;
    TJ_TRY(add(changes_.store().ProvisionalWithAccession(tx, scope, facility, number)));
  }
  for (const Item& item : given.items) {
    if (item.study_instance_uid.empty()) continue;
    TJ_TRY(add(changes_.store().NamingStudy(tx, scope, facility, item.study_instance_uid)));
  }
  const Deed deed = DeedOf(asked, "bound", "evidence was there already");
  for (const Order& provisional : TakenOverBy(order, candidates)) {
    const auto both = Bind(order, provisional, *facts_());
    if (!both.ok()) continue;  // Another's evidence is being read already: a person decides.
    TJ_TRY(BindIn(tx, changes_.journal(), *facts_(), order, provisional, deed, &order));
  }
  return absl::OkStatus();
}

absl::StatusOr<Order> Orders::Create(const Asked& asked, Order order, bool draft) const {
  if (!asked.scope.Contains(order.ordering_facility_id)) {
    return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED",
                       "order.ordering_facility_id", "the caller may not order for this facility");
  }
  const absl::Time now = clock_.Now();
  ClearHubFields(order);
  TJ_TRY(CheckOrder(order));
  TJ_TRY(CheckNumber(asked, order));
  const Order given = order;
  const bool numbered = !order.accession_number.empty();
  const std::shared_ptr<const Facts> facts = facts_();
  order.origin = OriginOf(asked);
  order.state = draft ? State::kDraft : State::kSubmitted;
  order.receive_time = now;
  if (!Stated(order.create_time) || order.create_time > now || !IsGateway(asked))
    order.create_time = now;
  TJ_TRY(Complete(order, *facts, now, rules_));
  if (!draft) RouteAndSchedule(order, *facts, load_.Now(), now, rules_);
  order.id = ids_.New();
  if (!numbered) {
    TJ_TRY(numbers_.Refill(changes_.database()));
    TJ_ASSIGN_OR_RETURN(order.accession_number, numbers_.Take());
  }
  const Deed deed = DeedOf(asked, draft ? "drafted" : "submitted", order.routing.reason);
  return changes_.Run(asked, [&](store::Transaction& tx, Order& out) -> absl::Status {
    out = order;
    if (numbered) TJ_TRY(CheckLease(tx, out));
    TJ_ASSIGN_OR_RETURN(out.patient.patient_id, PatientOf(tx, out.patient));
    TJ_TRY(changes_.journal().Create(tx, out, deed));
    return draft ? absl::OkStatus() : BindArrivals(tx, asked, given, out);
  });
}

absl::StatusOr<Order> Orders::ChangeOwn(const Asked& asked, const std::string& id, const Deed& deed,
                                        const Changes::Work& work) const {
  return changes_.ChangeOne(asked, id, deed,
                            [&](store::Transaction& tx, Order& order) -> absl::Status {
                              TJ_TRY(CheckOwn(asked, order));
                              return work(tx, order);
                            });
}

absl::StatusOr<Order> Orders::Submit(const Asked& asked, const std::string& id) const {
  const Load load = load_.Now();
  return ChangeOwn(asked, id, DeedOf(asked, "submitted"),
                   [&](store::Transaction& tx, Order& order) {
                     TJ_TRY(Move(order, Action::kSubmit));
                     RouteAndSchedule(order, *facts_(), load, tx.Now(), rules_);
                     return absl::OkStatus();
                   });
}

absl::StatusOr<Order> Orders::Modify(const Asked& asked, const Order& wanted,
                                     const std::string& etag) const {
  const Load load = load_.Now();
  return ChangeOwn(
      asked, wanted.id, DeedOf(asked, "modified"),
      [&](store::Transaction& tx, Order& order) -> absl::Status {
        if (etag != EtagOf(order)) {
          return base::Conflict("ETAG_MISMATCH", "order " + order.id + " has etag " +
                                                     EtagOf(order) + ": read it again");
        }
        TJ_TRY(Move(order, Action::kModify));
        uint32_t changed = kNoFields;
        TJ_ASSIGN_OR_RETURN(order, Modified(order, wanted, &changed));
        if ((changed & kPatientFields) != 0) {
          TJ_ASSIGN_OR_RETURN(order.patient.patient_id, PatientOf(tx, order.patient));
        }
        if ((changed & kExamFields) != 0) TJ_TRY(Complete(order, *facts_(), tx.Now(), rules_));
        if (order.state == State::kDraft) return absl::OkStatus();
        if (order.state == State::kSubmitted && (changed & (kExamFields | kUrgencyFields)) != 0) {
          RouteAndSchedule(order, *facts_(), load, tx.Now(), rules_);
        } else if ((changed & kUrgencyFields) != 0) {
          FixDeadline(order, *facts_(), tx.Now(), rules_);
        }
        return absl::OkStatus();
      });
}

absl::StatusOr<Order> Orders::Cancel(const Asked& asked, const std::string& id,
                                     const std::string& reason,
                                     const std::string& recognized_result_id) const {
  const bool recognized = !recognized_result_id.empty();
  TJ_TRY(forms::CheckCancelReason("reason", reason));
  return ChangeOwn(asked, id, DeedOf(asked, recognized ? "recognized" : "cancelled", reason),
                   [&](store::Transaction&, Order& order) {
                     TJ_TRY(Move(order, recognized ? Action::kRecognize : Action::kCancel));
                     order.note = reason;
                     order.recognized_result_id = recognized_result_id;
                     return absl::OkStatus();
                   });
}

absl::StatusOr<Order> Orders::Pay(const Asked& asked, const std::string& id, Payment payment,
                                  const std::string& billing_party) const {
  if (payment == Payment::kUntracked) return base::InvalidField("payment", "missing");
  return ChangeOwn(asked, id, DeedOf(asked, "payment"), [&](store::Transaction&, Order& order) {
    TJ_TRY(Move(order, Action::kPay));
    order.payment = payment;
    if (!billing_party.empty()) order.billing_party = billing_party;
    return CheckOrder(order);
  });
}

absl::StatusOr<Order> Orders::Answer(const Asked& asked, const std::string& id,
                                     const std::string& answer) const {
  TJ_TRY(CheckReason("answer", answer));
  return ChangeOwn(asked, id, DeedOf(asked, "answered"), [&](store::Transaction&, Order& order) {
    TJ_TRY(Move(order, Action::kAnswer));
    if (!order.clinical_information.empty()) order.clinical_information += "\n";
    order.clinical_information += answer;
    order.note.clear();
    return CheckOrder(order);
  });
}

absl::StatusOr<Order> Orders::BindTo(const Asked& asked, const std::string& id,
                                     const std::string& provisional_id) const {
  return changes_.Run(asked, [&](store::Transaction& tx, Order& out) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Order order, changes_.store().Find(tx, asked.scope, id));
    TJ_TRY(CheckOwn(asked, order));
    TJ_ASSIGN_OR_RETURN(const Order provisional,
                        changes_.store().Find(tx, asked.scope, provisional_id));
    return BindIn(tx, changes_.journal(), *facts_(), order, provisional, DeedOf(asked, "bound"),
                  &out);
  });
}

absl::StatusOr<AccessionBlock> Orders::LeaseNumbers(const Asked& asked,
                                                    const std::string& facility_id,
                                                    int64_t size) const {
  if (!asked.scope.Contains(facility_id)) {
    return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "facility_id",
                       "the caller may not number for this facility");
  }
  TJ_ASSIGN_OR_RETURN(const int64_t count, CheckBlockSize(size));
  AccessionBlock block = {.prefix = numbers_.prefix(), .facility_id = facility_id};
  TJ_TRY(changes_.database().Write([&](store::Transaction& tx) -> absl::Status {
    const store::RequestKey key = {"facility:" + facility_id, asked.method, asked.request_id,
                                   asked.fingerprint};
    TJ_ASSIGN_OR_RETURN(
        const std::string range, store::Once(tx, key, [&]() -> absl::StatusOr<std::string> {
          TJ_ASSIGN_OR_RETURN(const AccessionBlock leased,
                              LeaseBlock(tx, numbers_.prefix(), facility_id, count));
          return std::to_string(leased.first) + " " + std::to_string(leased.last);
        }));
    block.first = std::stoll(range);
    block.last = std::stoll(range.substr(range.find(' ') + 1));
    return absl::OkStatus();
  }));
  return block;
}

}  // namespace tongjian::orders
