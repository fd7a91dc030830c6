#include "services/orders/modification.h"

#include <string>

#include "services/orders/state.h"

namespace tongjian::orders {
namespace {

// The caller's part of an item; the rest is the hub's and is kept where the item is the same.
bool SameExam(const Item& a, const Item& b) {
  return a.item_id == b.item_id && a.local_code == b.local_code && a.name == b.name &&
         a.modality == b.modality && a.body_part == b.body_part && a.laterality == b.laterality &&
         a.price_fen == b.price_fen;
}

bool SameExams(const Order& a, const Order& b) {
  if (a.items.size() != b.items.size() || RecordingFacility(a) != RecordingFacility(b))
    return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!SameExam(a.items[i], b.items[i])) return false;
  }
  return true;
}

bool SameWords(Patient a, const Patient& b) {
  a.patient_id = b.patient_id;
  return a == b;
}

uint32_t Differences(const Order& a, const Order& b) {
  uint32_t groups = kNoFields;
  if (!SameWords(a.patient, b.patient)) groups |= kPatientFields;
  if (!SameExams(a, b)) groups |= kExamFields;
  if (a.scheduled_time != b.scheduled_time || a.scheduled_ae_title != b.scheduled_ae_title)
    groups |= kScheduleFields;
  if (a.priority != b.priority || a.patient_class != b.patient_class) groups |= kUrgencyFields;
  if (a.clinical_information != b.clinical_information || a.requester != b.requester ||
      a.encounter != b.encounter || a.recognition != b.recognition) {
    groups |= kClinicalFields;
  }
  if (a.billing_party != b.billing_party || a.placer_order_number != b.placer_order_number)
    groups |= kBillingFields;
  return groups;
}

absl::Status CheckFixed(const Order& before, const Order& wanted) {
  if (wanted.ordering_facility_id != before.ordering_facility_id) {
    return base::InvalidField("order.ordering_facility_id", "never changes");
  }
  if (wanted.discipline != before.discipline)
    return base::InvalidField("order.discipline", "never changes");
  if (wanted.accession_number != before.accession_number) {
    return base::InvalidField("order.accession_number", "never changes");
  }
  if (wanted.payment != before.payment)
    return base::InvalidField("order.payment", "changes by SetPayment");
  return absl::OkStatus();
}

void TakeItems(const Order& wanted, Order& after) {
  std::vector<Item> items;
  for (const Item& item : wanted.items) {
    Item next = {.item_id = item.item_id,
                 .local_code = item.local_code,
                 .name = item.name,
                 .modality = item.modality,
                 .body_part = item.body_part,
                 .laterality = item.laterality,
                 .price_fen = item.price_fen};
    for (const Item& old : after.items) {
      if (old.id == item.id && SameExam(old, item)) next = old;
    }
    items.push_back(std::move(next));
  }
  after.items = std::move(items);
  after.recording_facility_id = wanted.recording_facility_id;
}

}  // namespace

absl::StatusOr<Order> Modified(const Order& before, const Order& wanted, uint32_t* changed) {
  TJ_TRY(CheckFixed(before, wanted));
  *changed = Differences(before, wanted);
  for (uint32_t field = 1; field < kAllFields; field <<= 1) {
    if ((*changed & field) == 0 || MayChange(before.state, field)) continue;
    return base::Conflict("STATE_NOT_ALLOWED",
                          "an order in state " + std::string(Name(before.state)) +
                              " does not let its " + std::string(FieldNames(field)) +
                              " fields change");
  }
  Order after = before;
  if ((*changed & kExamFields) != 0) TakeItems(wanted, after);
  if ((*changed & kPatientFields) != 0) {
    after.patient = wanted.patient;
    after.patient.patient_id.clear();
  }
  after.scheduled_time = wanted.scheduled_time;
  after.scheduled_ae_title = wanted.scheduled_ae_title;
  after.priority = wanted.priority;
  after.patient_class = wanted.patient_class;
  after.clinical_information = wanted.clinical_information;
  after.requester = wanted.requester;
  after.encounter = wanted.encounter;
  after.recognition = wanted.recognition;
  after.billing_party = wanted.billing_party;
  after.placer_order_number = wanted.placer_order_number;
  TJ_TRY(CheckOrder(after));
  return after;
}

}  // namespace tongjian::orders
