#include "services/orders/order.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tongjian::orders {
namespace {

constexpr size_t kItemsMax = 20;
constexpr size_t kIdentifiersMax = 20;

size_t Characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

absl::Status CheckLength(std::string_view field, const std::string& text, size_t characters_max) {
  if (text.size() <= characters_max || Characters(text) <= characters_max) return absl::OkStatus();
  return base::InvalidField(field, "longer than " + std::to_string(characters_max) + " characters");
}

absl::Status CheckDate(std::string_view field, const std::string& date) {
  absl::CivilDay day;
  if (date.empty() || (date.size() == 10 && absl::ParseCivilTime(date, &day)))
    return absl::OkStatus();
  return base::InvalidField(field, "not a date YYYY-MM-DD");
}

absl::Status CheckPatient(const Patient& patient) {
  if (patient.name.empty() && patient.facility_patient_id.empty()) {
    return base::InvalidField("order.patient.name", "neither a name nor a patient number is given");
  }
  if (patient.identifiers.size() > kIdentifiersMax) {
    return base::InvalidField("order.patient.identifiers", "more than 20 identifiers");
  }
  for (const Identifier& identifier : patient.identifiers) {
    TJ_TRY(CheckLength("order.patient.identifiers.value", identifier.value, 64));
  }
  TJ_TRY(CheckLength("order.patient.facility_patient_id", patient.facility_patient_id, 64));
  TJ_TRY(CheckLength("order.patient.name", patient.name, 128));
  TJ_TRY(CheckLength("order.patient.name_latin", patient.name_latin, 128));
  return CheckDate("order.patient.birth_date", patient.birth_date);
}

absl::Status CheckItem(const Item& item) {
  if (item.item_id.empty() && item.local_code.empty() && item.name.empty()) {
    return base::InvalidField("order.items", "an item has neither item_id nor local_code nor name");
  }
  for (const auto& [field, text] : {std::pair{"order.items.item_id", &item.item_id},
                                    {"order.items.local_code", &item.local_code},
                                    {"order.items.recognition_code", &item.recognition_code},
                                    {"order.items.body_part", &item.body_part},
                                    {"order.items.study_instance_uid", &item.study_instance_uid}}) {
    TJ_TRY(CheckLength(field, *text, 64));
  }
  TJ_TRY(CheckLength("order.items.name", item.name, 256));
  TJ_TRY(CheckLength("order.items.modality", item.modality, 16));
  TJ_TRY(CheckLength("order.items.laterality", item.laterality, 16));
  if (item.price_fen < 0) return base::InvalidField("order.items.price_fen", "below zero");
  return absl::OkStatus();
}

void AddUnique(std::vector<std::string>& values, const std::string& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

bool Holds(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

const std::string& RecordingFacility(const Order& order) {
  return order.recording_facility_id.empty() ? order.ordering_facility_id
                                             : order.recording_facility_id;
}

std::vector<std::string> Audience(const Order& order) {
  std::set<std::string> ids = {order.ordering_facility_id, RecordingFacility(order),
                               order.routing.performing_facility_id,
                               order.routing.desk_facility_id};
  ids.erase("");
  return {ids.begin(), ids.end()};
}

bool Names(const Order& order, const std::string& study_instance_uid) {
  return std::any_of(order.items.begin(), order.items.end(), [&](const Item& item) {
    return item.study_instance_uid == study_instance_uid ||
           Holds(item.study_instance_uids, study_instance_uid);
  });
}

bool HasEvidence(const Order& order) {
  return std::any_of(order.items.begin(), order.items.end(),
                     [](const Item& item) { return !item.study_instance_uids.empty(); });
}

bool AttachStudy(Order& order, const std::string& study_instance_uid,
                 const std::vector<std::string>& modalities) {
  for (const Item& item : order.items) {
    if (Holds(item.study_instance_uids, study_instance_uid)) return false;
  }
  bool attached = false;
  const auto attach_where = [&](const auto& fits) {
    for (Item& item : order.items) {
      if (!fits(item)) continue;
      AddUnique(item.study_instance_uids, study_instance_uid);
      attached = true;
    }
  };
  attach_where([&](const Item& item) { return item.study_instance_uid == study_instance_uid; });
  if (!attached) {
    attach_where([&](const Item& item) {
      return item.study_instance_uids.empty() &&
             (item.modality.empty() || Holds(modalities, item.modality));
    });
  }
  if (!attached && !order.items.empty())
    order.items.front().study_instance_uids.push_back(study_instance_uid);
  return true;
}

bool AttachReport(Order& order, const std::string& report_id) {
  const bool any_evidence = HasEvidence(order);
  bool news = false;
  for (Item& item : order.items) {
    if (any_evidence && item.study_instance_uids.empty()) continue;
    news |= !Holds(item.report_ids, report_id);
    AddUnique(item.report_ids, report_id);
  }
  return news;
}

absl::Status CheckOrder(const Order& order) {
  if (order.ordering_facility_id.empty())
    return base::InvalidField("order.ordering_facility_id", "missing");
  TJ_TRY(CheckLength("order.ordering_facility_id", order.ordering_facility_id, 64));
  TJ_TRY(CheckLength("order.recording_facility_id", order.recording_facility_id, 64));
  TJ_TRY(CheckPatient(order.patient));
  if (order.items.empty() || order.items.size() > kItemsMax) {
    return base::InvalidField(
        "order.items", "an order has 1 to 20 items, not " + std::to_string(order.items.size()));
  }
  for (const Item& item : order.items) TJ_TRY(CheckItem(item));
  TJ_TRY(CheckLength("order.clinical_information", order.clinical_information, 4000));
  TJ_TRY(CheckLength("order.encounter", order.encounter, 64));
  TJ_TRY(CheckLength("order.placer_order_number", order.placer_order_number, 64));
  TJ_TRY(CheckLength("order.billing_party", order.billing_party, 128));
  TJ_TRY(CheckLength("order.scheduled_ae_title", order.scheduled_ae_title, 16));
  TJ_TRY(CheckLength("order.requester.name", order.requester.name, 128));
  TJ_TRY(CheckLength("order.requester.practitioner_id", order.requester.practitioner_id, 64));
  TJ_TRY(CheckLength("order.recognition.decision_id", order.recognition.decision_id, 64));
  TJ_TRY(CheckLength("order.recognition.verdict", order.recognition.verdict, 32));
  return CheckLength("order.recognition.reason_code", order.recognition.reason_code, 8);
}

}  // namespace tongjian::orders
