// Items and qualifications.
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/registry/days.h"
#include "services/registry/identifiers.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

constexpr size_t kNameMax = 400;
constexpr size_t kCodeMax = 64;
constexpr int kPricesMax = 2000;
constexpr int kCodesMax = 2000;
constexpr int kRegionsMax = 100;

absl::Status CheckPrices(const pb::Item& item) {
  if (item.prices_size() > kPricesMax)
    return base::InvalidField("item.prices", "at most 2000 prices");
  for (const pb::Price& price : item.prices()) {
    if (price.fen() < 0) return base::InvalidField("item.prices.fen", "must not be negative");
    if (!IsDay(price.from()))
      return base::InvalidField("item.prices.from", "a price has its first day, YYYY-MM-DD");
    TJ_TRY(CheckText(price.price_id(), kCodeMax, "item.prices.price_id"));
  }
  return absl::OkStatus();
}

absl::Status CheckLocalCodes(const pb::Item& item) {
  if (item.local_codes_size() > kCodesMax)
    return base::InvalidField("item.local_codes", "at most 2000 codes");
  for (const pb::LocalCode& code : item.local_codes()) {
    TJ_TRY(CheckRequired(code.facility_id(), kCodeMax, "item.local_codes.facility_id"));
    TJ_TRY(CheckRequired(code.code(), kCodeMax, "item.local_codes.code"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string Kind<pb::Item>::Key(const pb::Item& record) { return record.id(); }

absl::Status Kind<pb::Item>::Check(const pb::Item& record) {
  TJ_TRY(CheckRequired(record.name(), kNameMax, "item.name"));
  if (record.discipline() == 0 || !common::v1::Discipline_IsValid(record.discipline())) {
    return base::InvalidField("item.discipline", "imaging, ECG, laboratory or pathology");
  }
  TJ_TRY(CheckRequired(record.recognition_code(), kCodeMax, "item.recognition_code"));
  TJ_TRY(CheckText(record.modality(), 16, "item.modality"));
  TJ_TRY(CheckText(record.body_part(), 16, "item.body_part"));
  TJ_TRY(CheckText(record.method(), kCodeMax, "item.method"));
  TJ_TRY(CheckText(record.charge_code(), kCodeMax, "item.charge_code"));
  TJ_TRY(CheckRequired(record.window_source(), kNameMax, "item.window_source"));
  const std::string& side = record.laterality();
  if (!side.empty() && side != "R" && side != "L" && side != "B" && side != "U") {
    return base::InvalidField("item.laterality", "R, L, B, U or empty");
  }
  TJ_TRY(CheckPrices(record));
  return CheckLocalCodes(record);
}

RecordIndex Kind<pb::Item>::Index(const pb::Item& record) {
  RecordIndex index{
      "", {ByDiscipline(record.discipline()), ByRecognitionCode(record.recognition_code())}, {}};
  for (const pb::LocalCode& code : record.local_codes()) {
    index.uniques.push_back(ByLocalCode(code.facility_id(), code.code()));
  }
  return index;
}

std::vector<Reference> Kind<pb::Item>::References(const pb::Item& record) {
  std::vector<Reference> references;
  for (const pb::LocalCode& code : record.local_codes()) {
    references.push_back({"facility", code.facility_id(), "item.local_codes.facility_id"});
  }
  for (const pb::Price& price : record.prices()) {
    references.push_back({"facility", price.facility_id(), "item.prices.facility_id"});
  }
  return references;
}

events::v1::ItemChanged Kind<pb::Item>::Announce(const pb::Item& record) {
  Changed changed;
  *changed.mutable_item() = record;
  return changed;
}

std::string Kind<pb::Qualification>::Key(const pb::Qualification& record) { return record.id(); }

absl::Status Kind<pb::Qualification>::Check(const pb::Qualification& record) {
  TJ_TRY(CheckRequired(record.facility_id(), kCodeMax, "qualification.facility_id"));
  TJ_TRY(CheckText(record.recognition_code(), kCodeMax, "qualification.recognition_code"));
  TJ_TRY(CheckText(record.basis(), kNameMax, "qualification.basis"));
  if (record.discipline() == 0 || !common::v1::Discipline_IsValid(record.discipline())) {
    return base::InvalidField("qualification.discipline", "imaging, ECG, laboratory or pathology");
  }
  if (record.state() == pb::QUALIFICATION_STATE_UNSPECIFIED ||
      !pb::QualificationState_IsValid(record.state())) {
    return base::InvalidField("qualification.state", "qualified or suspended");
  }
  if (record.scope() == pb::MARK_SCOPE_UNSPECIFIED || !pb::MarkScope_IsValid(record.scope())) {
    return base::InvalidField("qualification.scope", "how far the mark reaches");
  }
  if (record.region_codes_size() > kRegionsMax) {
    return base::InvalidField("qualification.region_codes", "at most 100 regions");
  }
  if (!IsDay(record.from()))
    return base::InvalidField("qualification.from", "a first day, YYYY-MM-DD");
  return CheckSpan(record.from(), record.to(), "qualification.from");
}

// A facility must not qualify itself.
RecordIndex Kind<pb::Qualification>::Index(const pb::Qualification& record) {
  return {"", {ByFacility(record.facility_id())}, {}};
}

std::vector<Reference> Kind<pb::Qualification>::References(const pb::Qualification& record) {
  return {{"facility", record.facility_id(), "qualification.facility_id"}};
}

events::v1::QualificationChanged Kind<pb::Qualification>::Announce(
    const pb::Qualification& record) {
  Changed changed;
  *changed.mutable_qualification() = record;
  return changed;
}

}  // namespace tongjian::registry
