#include "services/orders/study_news.h"

#include <algorithm>
#include <utility>

#include "common/feed/follower.h"
#include "services/orders/binding.h"
#include "services/orders/numbering.h"
#include "services/orders/patient_link_store.h"
#include "services/orders/same_patient.h"
#include "services/orders/state.h"
#include "services/orders/study_link_store.h"
#include "services/orders/turnaround.h"

namespace tongjian::orders {
namespace {

constexpr char kActor[] = "service:imaging";

bool Holds(const Order& order, const std::string& uid) {
  return std::any_of(order.items.begin(), order.items.end(), [&](const Item& item) {
    return std::find(item.study_instance_uids.begin(), item.study_instance_uids.end(), uid) !=
           item.study_instance_uids.end();
  });
}

bool OneOf(const std::vector<Order>& orders, const std::string& id) {
  return std::any_of(orders.begin(), orders.end(),
                     [&](const Order& order) { return order.id == id; });
}

// Whether the words are another patient's, as imaging tells two patients under one UID apart.
bool OfAnother(const Patient& a, const Patient& b) {
  const bool numbers_differ = !a.facility_patient_id.empty() && !b.facility_patient_id.empty() &&
                              a.facility_patient_id != b.facility_patient_id;
  return numbers_differ || Compare(a, b) == Likeness::kOther;
}

bool Open(const Order& order) { return order.state != State::kDraft && !Terminal(order.state); }

// Moves by what the study has reached; says whether anything is different.
bool Follow(const StudyFact& study, const Facts& facts, absl::Time now, Order& order, Deed& deed) {
  const bool fresh = AttachStudy(order, study.study_instance_uid, study.modalities);
  bool moved = false;
  const bool more = fresh || study.progress != StudyFact::Progress::kComplete;
  if (order.state != State::kRecaptureRequested || more)
    moved = MoveByNews(order, Action::kAcquire);
  deed.action = moved ? "acquired" : "study linked";
  if (fresh || moved) {
    StartClock(order, TurnaroundStart::kAcquired,
               Stated(study.performed) ? std::min(study.performed, now) : now, facts);
  }
  if (study.progress == StudyFact::Progress::kComplete &&
      order.state != State::kRecaptureRequested && MoveByNews(order, Action::kArchive)) {
    deed.action = "archived";
    moved = true;
  }
  return fresh || moved;
}

void Forget(const std::string& uid, Order& order) {
  for (Item& item : order.items) std::erase(item.study_instance_uids, uid);
}

}  // namespace

absl::Status StudyNews::Apply(store::Transaction& tx, const StudyFact& study) const {
  TJ_ASSIGN_OR_RETURN(const std::vector<Order> owners, Belongs(tx, study));
  TJ_ASSIGN_OR_RETURN(const bool news, parts_.store.IsNews(tx, "study", study.id, study.version));
  if (!news) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const bool detached, Detach(tx, study, owners));
  for (const Order& order : owners) {
    if (!Provisional(order)) TJ_TRY(TakeOver(tx, study, order));
    TJ_TRY(PutStudyLink(tx, {study.id, study.study_instance_uid, order.id}));
    TJ_TRY(Advance(tx, study, order.id));
  }
  if (!study.order_ids.empty()) return absl::OkStatus();
  // Imaging has no order for it, or has not heard of ours yet.
  TJ_ASSIGN_OR_RETURN(const std::vector<Order> naming,
                      parts_.store.NamingStudy(tx, security::Scope::Service(), study.facility_id,
                                               study.study_instance_uid));
  for (const Order& order : naming) {
    if (Provisional(order)) {
      if (OfAnother(order.patient, study.patient)) continue;
      if (order.bound_order_id.empty() || !detached) return Advance(tx, study, order.id);
    }
    const bool waits = Open(order) && Compare(order.patient, study.patient) != Likeness::kOther;
    if (!detached && !study.doubtful && (Holds(order, study.study_instance_uid) || waits))
      return Advance(tx, study, order.id);
  }
  TJ_ASSIGN_OR_RETURN(const bool expected, IsExpected(tx, study));
  return expected && !detached ? absl::OkStatus() : MakeProvisional(tx, study);
}

absl::StatusOr<std::vector<Order>> StudyNews::Belongs(store::Transaction& tx,
                                                      const StudyFact& study) const {
  std::vector<Order> owners;
  for (const std::string& id : study.order_ids) {
    absl::StatusOr<Order> found = parts_.store.Find(tx, security::Scope::Service(), id);
    if (absl::IsNotFound(found.status())) return feed::ReferenceUnknown("order " + id);
    TJ_TRY(found.status());
    TJ_ASSIGN_OR_RETURN(Order order, Successor(tx, parts_.store, *std::move(found)));
    if (!OneOf(owners, order.id)) owners.push_back(std::move(order));
  }
  return owners;
}

// Imaging or a person has linked the study to a HIS order: what stood for it until now has done its
// work.
absl::Status StudyNews::TakeOver(store::Transaction& tx, const StudyFact& study,
                                 const Order& order) const {
  TJ_ASSIGN_OR_RETURN(const std::vector<Order> naming,
                      parts_.store.NamingStudy(tx, security::Scope::Service(), study.facility_id,
                                               study.study_instance_uid));
  for (const Order& provisional : naming) {
    if (!Provisional(provisional) || !provisional.bound_order_id.empty() ||
        Terminal(provisional.state) || OfAnother(provisional.patient, study.patient))
      continue;
    TJ_ASSIGN_OR_RETURN(const Order current,
                        parts_.store.Find(tx, security::Scope::Service(), order.id));
    if (!Bind(current, provisional, *parts_.facts()).ok())
      continue;  // Being read: a person decides.
    Order bound;
    TJ_TRY(BindIn(tx, parts_.journal, *parts_.facts(), current, provisional,
                  {"bound", kActor, "", "study linked"}, &bound));
  }
  return absl::OkStatus();
}

absl::Status StudyNews::Advance(store::Transaction& tx, const StudyFact& study,
                                const std::string& order_id) const {
  return ApplyTo(tx, parts_, order_id, [&](Order& order, Deed& deed) -> absl::StatusOr<bool> {
    if (!Open(order)) return false;
    deed.actor = kActor;
    return Follow(study, *parts_.facts(), tx.Now(), order, deed);
  });
}

// Orders that imaging had linked the study to and no longer does: moved by a person.
absl::StatusOr<bool> StudyNews::Detach(store::Transaction& tx, const StudyFact& study,
                                       const std::vector<Order>& owners) const {
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> linked, OrdersLinkedTo(tx, study.id));
  bool detached = false;
  for (const std::string& id : linked) {
    if (OneOf(owners, id)) continue;
    TJ_ASSIGN_OR_RETURN(const Order order, parts_.store.Find(tx, security::Scope::Service(), id));
    if (Provisional(order)) continue;
    TJ_TRY(RemoveStudyLink(tx, {study.id, study.study_instance_uid, id}));
    TJ_ASSIGN_OR_RETURN(const bool shared, IsLinked(tx, study.study_instance_uid, id));
    TJ_TRY(ApplyTo(tx, parts_, id, [&](Order& after, Deed& deed) -> absl::StatusOr<bool> {
      if (!shared) Forget(study.study_instance_uid, after);
      if (!HasEvidence(after)) MoveByNews(after, Action::kLose);
      deed = {"study moved away", kActor, "", ""};
      return true;
    }));
    detached = true;
  }
  return detached;
}

// Whether an order waits for just this study, by number and patient: imaging links it when it hears
// of the order.
absl::StatusOr<bool> StudyNews::IsExpected(store::Transaction& tx, const StudyFact& study) const {
  if (study.doubtful || study.accession_number.empty()) return false;
  const security::Scope scope = security::Scope::Service();
  TJ_ASSIGN_OR_RETURN(
      std::vector<Order> candidates,
      parts_.store.WithAccession(tx, scope, study.facility_id, study.accession_number));
  const absl::StatusOr<Order> placed =
      parts_.store.FindByPlacer(tx, scope, study.facility_id, study.accession_number);
  if (placed.ok()) candidates.push_back(*placed);
  if (!placed.ok() && !absl::IsNotFound(placed.status())) return placed.status();
  return std::any_of(candidates.begin(), candidates.end(), [&](const Order& order) {
    return !Provisional(order) && Open(order) &&
           Compare(order.patient, study.patient) == Likeness::kSame;
  });
}

absl::StatusOr<std::string> StudyNews::NumberFor(store::Transaction& tx,
                                                 const StudyFact& study) const {
  if (ValidAccession(study.accession_number)) {
    TJ_ASSIGN_OR_RETURN(const std::vector<Order> taken,
                        parts_.store.WithAccession(tx, security::Scope::Service(),
                                                   study.facility_id, study.accession_number));
    if (taken.empty()) return study.accession_number;
  }
  const absl::StatusOr<std::string> own = numbers_.Take();
  if (own.ok()) return own;
  TJ_ASSIGN_OR_RETURN(const AccessionBlock block, LeaseBlock(tx, numbers_.prefix(), "", 1));
  return FormatAccession(block.prefix, block.first);
}

absl::Status StudyNews::MakeProvisional(store::Transaction& tx, const StudyFact& study) const {
  const std::shared_ptr<const Facts> facts = parts_.facts();
  const std::string modality = study.modalities.empty() ? "OT" : study.modalities.front();
  Order order;
  order.id = ids_.New();
  order.origin = Origin::kDevice;
  order.state = State::kSubmitted;
  order.ordering_facility_id = study.facility_id;
  order.patient = study.patient;
  order.patient.facility_id = study.facility_id;
  order.priority = study.priority;
  order.discipline = DisciplineOf(modality);
  order.items = {{.id = "1",
                  .name = study.description.empty() ? modality : study.description,
                  .modality = modality,
                  .body_part = study.body_part}};
  order.create_time = tx.Now();
  order.receive_time = tx.Now();
  TJ_ASSIGN_OR_RETURN(order.accession_number, NumberFor(tx, study));
  TJ_ASSIGN_OR_RETURN(order.patient.patient_id, PatientOf(tx, order.patient));
  RouteAndSchedule(order, *facts, parts_.load.Now(), tx.Now(), parts_.rules);
  Deed deed;
  Follow(study, *facts, tx.Now(), order, deed);
  return parts_.journal.Create(
      tx, order, {"arrived without an order", kActor, study.facility_id, order.routing.reason});
}

}  // namespace tongjian::orders
