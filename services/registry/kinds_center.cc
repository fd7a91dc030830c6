// Centers, agreements, reading policies, turnaround targets, the calendar.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "services/registry/days.h"
#include "services/registry/identifiers.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

constexpr size_t kNameMax = 400;
constexpr size_t kCodeMax = 64;
constexpr int kListMax = 1000;
constexpr int kMinutesOfDay = 24 * 60;
constexpr int kTargetMax = 100'000;

absl::Status CheckDiscipline(int discipline, std::string_view field) {
  if (discipline == 0 || !common::v1::Discipline_IsValid(discipline)) {
    return base::InvalidField(field, "imaging, ECG, laboratory or pathology");
  }
  return absl::OkStatus();
}

absl::Status CheckHours(const pb::OpeningHours& hours) {
  if (hours.weekday() < 1 || hours.weekday() > 7)
    return base::InvalidField("center.hours.weekday", "1 to 7");
  if (hours.open_minute() < 0 || hours.close_minute() > kMinutesOfDay ||
      hours.open_minute() >= hours.close_minute()) {
    return base::InvalidField("center.hours.open_minute", "opens before it closes, within one day");
  }
  return absl::OkStatus();
}

template <class Days>
absl::Status CheckDays(const Days& days, std::string_view field) {
  if (days.size() > kListMax) return base::InvalidField(field, "at most 1000 days");
  for (const std::string& day : days) {
    if (!IsDay(day)) return base::InvalidField(field, "a day is written YYYY-MM-DD");
  }
  return absl::OkStatus();
}

}  // namespace

std::string Kind<pb::Center>::Key(const pb::Center& record) { return record.id(); }

absl::Status Kind<pb::Center>::Check(const pb::Center& record) {
  TJ_TRY(CheckRequired(record.name(), kNameMax, "center.name"));
  TJ_TRY(CheckDiscipline(record.discipline(), "center.discipline"));
  TJ_TRY(CheckRequired(record.host_facility_id(), kCodeMax, "center.host_facility_id"));
  if (record.load_limit() < 0)
    return base::InvalidField("center.load_limit", "must not be negative");
  if (record.community_ids_size() > kListMax || record.recognition_codes_size() > kListMax ||
      record.hours_size() > kListMax) {
    return base::InvalidField("center", "at most 1000 entries in a list");
  }
  for (const pb::OpeningHours& hours : record.hours()) TJ_TRY(CheckHours(hours));
  if (!record.id().empty() && record.fallback_center_id() == record.id()) {
    return base::InvalidField("center.fallback_center_id", "a center is not its own fallback");
  }
  return absl::OkStatus();
}

RecordIndex Kind<pb::Center>::Index(const pb::Center& record) {
  return {record.host_facility_id(), {ByDiscipline(record.discipline())}, {}};
}

std::vector<Reference> Kind<pb::Center>::References(const pb::Center& record) {
  std::vector<Reference> references = {
      {"facility", record.host_facility_id(), "center.host_facility_id"},
      {"center", record.fallback_center_id(), "center.fallback_center_id"}};
  for (const std::string& id : record.community_ids())
    references.push_back({"community", id, "center.community_ids"});
  return references;
}

events::v1::CenterChanged Kind<pb::Center>::Announce(const pb::Center& record) {
  Changed changed;
  *changed.mutable_center() = record;
  return changed;
}

std::string Kind<pb::Agreement>::Key(const pb::Agreement& record) { return record.id(); }

absl::Status Kind<pb::Agreement>::Check(const pb::Agreement& record) {
  TJ_TRY(
      CheckRequired(record.requesting_facility_id(), kCodeMax, "agreement.requesting_facility_id"));
  TJ_TRY(CheckRequired(record.reading_facility_id(), kCodeMax, "agreement.reading_facility_id"));
  TJ_TRY(CheckDiscipline(record.discipline(), "agreement.discipline"));
  TJ_TRY(CheckRequired(record.from(), kCodeMax, "agreement.from"));
  TJ_TRY(CheckSpan(record.from(), record.to(), "agreement.from"));
  return CheckText(record.reference(), kNameMax, "agreement.reference");
}

// Two facilities' matter: only the hub writes it.
RecordIndex Kind<pb::Agreement>::Index(const pb::Agreement& record) {
  return {"",
          {ByFacility(record.requesting_facility_id()), ByFacility(record.reading_facility_id())},
          {}};
}

std::vector<Reference> Kind<pb::Agreement>::References(const pb::Agreement& record) {
  return {{"facility", record.requesting_facility_id(), "agreement.requesting_facility_id"},
          {"facility", record.reading_facility_id(), "agreement.reading_facility_id"}};
}

events::v1::AgreementChanged Kind<pb::Agreement>::Announce(const pb::Agreement& record) {
  Changed changed;
  *changed.mutable_agreement() = record;
  return changed;
}

std::string Kind<pb::ReadingPolicy>::Key(const pb::ReadingPolicy& record) {
  return absl::StrCat(record.facility_id(), "/", record.discipline(), "/", record.item_id());
}

absl::Status Kind<pb::ReadingPolicy>::Check(const pb::ReadingPolicy& record) {
  TJ_TRY(CheckRequired(record.facility_id(), kCodeMax, "policy.facility_id"));
  TJ_TRY(CheckDiscipline(record.discipline(), "policy.discipline"));
  if (!pb::ReadingMode_IsValid(record.mode()))
    return base::InvalidField("policy.mode", "not a known value");
  if (record.signers() != 1 && record.signers() != 2)
    return base::InvalidField("policy.signers", "1 or 2");
  return absl::OkStatus();
}

RecordIndex Kind<pb::ReadingPolicy>::Index(const pb::ReadingPolicy& record) {
  return {record.facility_id(), {ByFacility(record.facility_id())}, {}};
}

std::vector<Reference> Kind<pb::ReadingPolicy>::References(const pb::ReadingPolicy& record) {
  return {{"facility", record.facility_id(), "policy.facility_id"},
          {"item", record.item_id(), "policy.item_id"}};
}

events::v1::ReadingPolicyChanged Kind<pb::ReadingPolicy>::Announce(
    const pb::ReadingPolicy& record) {
  Changed changed;
  *changed.mutable_policy() = record;
  return changed;
}

std::string Kind<pb::TurnaroundTarget>::Key(const pb::TurnaroundTarget& record) {
  return absl::StrJoin(
      {record.center_id(), absl::StrCat(record.discipline()), record.modality(), record.body_part(),
       absl::StrCat(record.priority()), absl::StrCat(record.patient_class()),
       absl::StrCat(record.facility_level())},
      "/");
}

absl::Status Kind<pb::TurnaroundTarget>::Check(const pb::TurnaroundTarget& record) {
  TJ_TRY(CheckDiscipline(record.discipline(), "target.discipline"));
  TJ_TRY(CheckText(record.modality(), 16, "target.modality"));
  TJ_TRY(CheckText(record.body_part(), 16, "target.body_part"));
  TJ_TRY(CheckRequired(record.source(), kNameMax, "target.source"));
  if (record.target() < 1 || record.target() > kTargetMax) {
    return base::InvalidField("target.target", absl::StrCat("1 to ", kTargetMax));
  }
  if (record.unit() == pb::TURNAROUND_UNIT_UNSPECIFIED ||
      !pb::TurnaroundUnit_IsValid(record.unit())) {
    return base::InvalidField("target.unit", "minutes, work minutes or work days");
  }
  if (!common::v1::Priority_IsValid(record.priority()) ||
      !common::v1::PatientClass_IsValid(record.patient_class())) {
    return base::InvalidField("target.priority", "not a known value");
  }
  return absl::OkStatus();
}

RecordIndex Kind<pb::TurnaroundTarget>::Index(const pb::TurnaroundTarget&) { return {}; }

std::vector<Reference> Kind<pb::TurnaroundTarget>::References(const pb::TurnaroundTarget& record) {
  return {{"center", record.center_id(), "target.center_id"}};
}

events::v1::TurnaroundTargetChanged Kind<pb::TurnaroundTarget>::Announce(
    const pb::TurnaroundTarget& record) {
  Changed changed;
  *changed.mutable_target() = record;
  return changed;
}

std::string Kind<pb::CalendarDays>::Key(const pb::CalendarDays&) {
  return std::string(kCalendarId);
}

absl::Status Kind<pb::CalendarDays>::Check(const pb::CalendarDays& record) {
  TJ_TRY(CheckDays(record.holidays(), "days.holidays"));
  TJ_TRY(CheckDays(record.workdays(), "days.workdays"));
  TJ_TRY(CheckText(record.source(), kNameMax, "days.source"));
  if (record.open_minute() < 0 || record.close_minute() > kMinutesOfDay ||
      record.open_minute() >= record.close_minute()) {
    return base::InvalidField("days.open_minute", "the working day opens before it closes");
  }
  return absl::OkStatus();
}

RecordIndex Kind<pb::CalendarDays>::Index(const pb::CalendarDays&) { return {}; }

std::vector<Reference> Kind<pb::CalendarDays>::References(const pb::CalendarDays&) { return {}; }

events::v1::CalendarChanged Kind<pb::CalendarDays>::Announce(const pb::CalendarDays& record) {
  Changed changed;
  *changed.mutable_days() = record;
  return changed;
}

}  // namespace tongjian::registry
