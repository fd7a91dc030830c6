#include "common/forms/order_form.h"

#include <algorithm>
#include <utility>

#include "absl/time/civil_time.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"

namespace tongjian::forms {
namespace {

using common::v1::PatientRef;
using orders::v1::Order;
using orders::v1::OrderItem;

constexpr int kItemsMax = 20;
constexpr int kIdentifiersMax = 20;
constexpr size_t kReasonBytesMax = 1000;

size_t Characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

absl::Status CheckLength(std::string_view field, const std::string& text, size_t characters_max) {
  if (text.size() <= characters_max || Characters(text) <= characters_max) return absl::OkStatus();
  return base::InvalidField(field, "longer than " + std::to_string(characters_max) + " characters");
}

absl::Status CheckBirthDate(std::string_view field, const std::string& date) {
  absl::CivilDay day;
  if (date.empty()) return absl::OkStatus();
  if (date.size() != 10 || !absl::ParseCivilTime(date, &day))
    return base::InvalidField(field, "not a date YYYY-MM-DD");
  if (day.year() < 1850 || day.year() > 2200)
    return base::InvalidField(field, "nobody's birth date: leave it empty where it is not known");
  return absl::OkStatus();
}

absl::Status CheckPatient(const PatientRef& patient) {
  if (patient.name().empty() && patient.facility_patient_id().empty()) {
    return base::InvalidField("order.patient.name", "neither a name nor a patient number is given");
  }
  if (patient.identifiers_size() > kIdentifiersMax) {
    return base::InvalidField("order.patient.identifiers", "more than 20 identifiers");
  }
  for (const common::v1::Identifier& identifier : patient.identifiers()) {
    TJ_TRY(CheckLength("order.patient.identifiers.value", identifier.value(), 64));
  }
  TJ_TRY(CheckLength("order.patient.facility_patient_id", patient.facility_patient_id(), 64));
  TJ_TRY(CheckLength("order.patient.name", patient.name(), 128));
  TJ_TRY(CheckLength("order.patient.name_latin", patient.name_latin(), 128));
  return CheckBirthDate("order.patient.birth_date", patient.birth_date());
}

absl::Status CheckItem(const OrderItem& item) {
  if (item.item_id().empty() && item.local_code().empty() && item.name().empty()) {
    return base::InvalidField("order.items", "an item has neither item_id nor local_code nor name");
  }
  for (const auto& [field, text] : {std::pair{"order.items.item_id", &item.item_id()},
                                    {"order.items.local_code", &item.local_code()},
                                    {"order.items.recognition_code", &item.recognition_code()},
                                    {"order.items.body_part", &item.body_part()},
                                    {"order.items.study_instance_uid", &item.study_instance_uid()}}) {
    TJ_TRY(CheckLength(field, *text, 64));
  }
  TJ_TRY(CheckLength("order.items.name", item.name(), 256));
  TJ_TRY(CheckLength("order.items.modality", item.modality(), 16));
  TJ_TRY(CheckLength("order.items.laterality", item.laterality(), 16));
  if (item.price_fen() < 0) return base::InvalidField("order.items.price_fen", "below zero");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckOrderValues(const Order& order) {
  if (!common::v1::Priority_IsValid(order.priority()))
    return base::InvalidField("order.priority", "not known");
  if (!common::v1::PatientClass_IsValid(order.patient_class()))
    return base::InvalidField("order.patient_class", "not known");
  if (!common::v1::Discipline_IsValid(order.discipline()))
    return base::InvalidField("order.discipline", "not known");
  if (!orders::v1::PaymentState_IsValid(order.payment()))
    return base::InvalidField("order.payment", "not known");
  if (!common::v1::Sex_IsValid(order.patient().sex()))
    return base::InvalidField("order.patient.sex", "not known");
  for (const common::v1::Identifier& identifier : order.patient().identifiers()) {
    if (!common::v1::IdentifierType_IsValid(identifier.type()) || identifier.type() == 0) {
      return base::InvalidField("order.patient.identifiers.type", "not known");
    }
  }
  if (order.has_scheduled_time()) {
    TJ_TRY(rpc::CheckedTime(order.scheduled_time(), "order.scheduled_time").status());
  }
  if (order.has_create_time()) {
    TJ_TRY(rpc::CheckedTime(order.create_time(), "order.create_time").status());
  }
  return absl::OkStatus();
}

absl::Status CheckOrderLimits(const Order& order) {
  if (order.ordering_facility_id().empty())
    return base::InvalidField("order.ordering_facility_id", "missing");
  TJ_TRY(CheckLength("order.ordering_facility_id", order.ordering_facility_id(), 64));
  TJ_TRY(CheckLength("order.recording_facility_id", order.recording_facility_id(), 64));
  TJ_TRY(CheckPatient(order.patient()));
  if (order.items().empty() || order.items_size() > kItemsMax) {
    return base::InvalidField(
        "order.items", "an order has 1 to 20 items, not " + std::to_string(order.items_size()));
  }
  for (const OrderItem& item : order.items()) TJ_TRY(CheckItem(item));
  TJ_TRY(CheckLength("order.clinical_information", order.clinical_information(), 4000));
  TJ_TRY(CheckLength("order.encounter", order.encounter(), 64));
  TJ_TRY(CheckLength("order.placer_order_number", order.placer_order_number(), 64));
  TJ_TRY(CheckLength("order.billing_party", order.billing_party(), 128));
  TJ_TRY(CheckLength("order.scheduled_ae_title", order.scheduled_ae_title(), 16));
  TJ_TRY(CheckLength("order.requester.name", order.requester().name(), 128));
  TJ_TRY(CheckLength("order.requester.practitioner_id", order.requester().practitioner_id(), 64));
  TJ_TRY(CheckLength("order.recognition.decision_id", order.recognition().decision_id(), 64));
  TJ_TRY(CheckLength("order.recognition.verdict", order.recognition().verdict(), 32));
  return CheckLength("order.recognition.reason_code", order.recognition().reason_code(), 8);
}

absl::Status CheckCancelReason(std::string_view field, std::string_view reason) {
  if (reason.size() <= kReasonBytesMax) return absl::OkStatus();
  return base::InvalidField(field, "longer than 1000 bytes");
}

common::v1::Discipline DisciplineOf(std::string_view modality) {
  if (modality == "ECG") return common::v1::DISCIPLINE_ECG;
  if (modality == "SM" || modality == "GM") return common::v1::DISCIPLINE_PATHOLOGY;
  return common::v1::DISCIPLINE_IMAGING;
}

absl::Status SettleDiscipline(const std::vector<ItemDiscipline>& items,
                              common::v1::Discipline* discipline) {
  for (const ItemDiscipline& item : items) {
    const bool stated = *discipline != common::v1::DISCIPLINE_UNSPECIFIED;
    if (!item.catalog && item.modality.empty() && stated) continue;
    const common::v1::Discipline own = item.catalog ? *item.catalog : DisciplineOf(item.modality);
    if (!stated) *discipline = own;
    if (item.catalog && own != *discipline) {
      return base::InvalidField("order.items",
                                "items of several disciplines belong into several orders");
    }
  }
  return absl::OkStatus();
}

}  // namespace tongjian::forms
