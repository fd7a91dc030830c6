#include "common/dicom/worklist_item.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/dicom/match.h"
#include "common/dicom/person_name.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr Tag kAdditionalPatientHistory = 0x001021B0;
constexpr Tag kRequestingPhysician = 0x00321032;
constexpr Tag kAdmissionId = 0x00380010;
constexpr Tag kReasonForRequestedProcedure = 0x00401002;
constexpr Tag kReportingPriority = 0x00401009;
constexpr Tag kRequestedProcedureComments = 0x00401400;
constexpr Tag kRequestIssueDate = 0x00402004;
constexpr Tag kRequestIssueTime = 0x00402005;
constexpr Tag kPlacerOrderNumber = 0x00402016;
constexpr Tag kFillerOrderNumber = 0x00402017;
constexpr size_t kShortText = 16;
constexpr size_t kLongText = 64;

// At most `characters` of `text`, and no backslash, which would split the value.
std::string Cut(std::string_view text, size_t characters) {
  std::string cut;
  size_t count = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && ++count > characters) break;
    cut.push_back(c == '\\' ? '/' : c);
  }
  return cut;
}

// A group of a person name: the separators of names must not come from its content.
std::string NameGroup(std::string_view text) {
  std::string group = Cut(text, kLongText);
  std::replace(group.begin(), group.end(), '=', ' ');
  return group;
}

std::string Digits(std::string_view date) {
  std::string digits;
  std::copy_if(date.begin(), date.end(), std::back_inserter(digits),
               [](char c) { return c >= '0' && c <= '9'; });
  return digits.size() == 8 ? digits : std::string();
}

void SetCode(Dataset& dataset, Tag tag, const WorklistItem& item) {
  std::vector<Dataset> codes;
  if (!item.code.empty() && !item.code_system.empty()) {
    Dataset code;
    code.Set(tags::kCodeValue, Cut(item.code, kShortText));
    code.Set(tags::kCodingSchemeDesignator, Cut(item.code_system, kShortText));
    code.Set(tags::kCodeMeaning, Cut(item.description, kLongText));
    codes.push_back(std::move(code));
  }
  dataset.SetItems(tag, std::move(codes));
}

Dataset Step(const WorklistItem& item) {
  Dataset step;
  step.Set(tags::kModality, Cut(item.modality, kShortText));
  step.Set(tags::kScheduledStationAeTitle, Cut(item.scheduled_ae_title, kShortText));
  step.Set(tags::kScheduledProcedureStepStartDate, item.scheduled_date);
  step.Set(tags::kScheduledProcedureStepStartTime, item.scheduled_time);
  step.Set(tags::kScheduledPerformingPhysicianName, "");
  step.Set(tags::kScheduledProcedureStepDescription, Cut(item.description, kLongText));
  step.Set(tags::kScheduledProcedureStepId, Cut(item.scheduled_step_id, kShortText));
  step.Set(tags::kScheduledProcedureStepStatus, Cut(item.step_status, kShortText));
  step.Set(tags::kScheduledStationName, "");
  step.Set(tags::kScheduledProcedureStepLocation, "");
  SetCode(step, tags::kScheduledProtocolCodeSequence, item);
  return step;
}

void SetText(Dataset& dataset, Tag tag, const char* vr, std::string value) {
  dataset.SetElement(tag, {.vr = vr, .values = {std::move(value)}});
}

// The imaging service request, and why it was made.
void SetRequest(Dataset& dataset, const WorklistItem& item) {
  SetText(dataset, kReasonForRequestedProcedure, "LO", Cut(item.clinical_information, kLongText));
  SetText(dataset, kRequestedProcedureComments, "LT", Cut(item.clinical_information, 1024));
  SetText(dataset, kReportingPriority, "SH", item.priority);
  SetText(dataset, kRequestIssueDate, "DA", item.requested_date);
  SetText(dataset, kRequestIssueTime, "TM", item.requested_time);
  SetText(dataset, kPlacerOrderNumber, "LO", Cut(item.placer_order_number, kLongText));
  SetText(dataset, kFillerOrderNumber, "LO", Cut(item.accession_number, kLongText));
}

// A date and a time as one text that sorts; the shorter a bound, the more it covers.
std::string Moment(std::string_view date, std::string_view time, char fill) {
  std::string moment(date.substr(0, 8));
  moment.resize(8, fill);
  std::string hours(time.substr(0, time.find('.')));
  hours.resize(6, fill);
  return moment + hours;
}

// Both start keys as ranges; nothing where one of them is no range.
struct Period {
  Range date;
  Range time;
};
std::optional<Period> PeriodOf(const Dataset& step) {
  const std::string& date = step.Text(tags::kScheduledProcedureStepStartDate);
  const std::string& time = step.Text(tags::kScheduledProcedureStepStartTime);
  const bool ranges =
      date.find('-') != std::string::npos && time.find('-') != std::string::npos;
  const std::optional<Range> dates = ParseRange(date);
  const std::optional<Range> times = ParseRange(time);
  if (!ranges || !dates || !times) return {};
  return Period{*dates, *times};
}

bool Within(const Period& period, const Dataset& step) {
  const std::string at = Moment(step.Text(tags::kScheduledProcedureStepStartDate),
                                step.Text(tags::kScheduledProcedureStepStartTime), '0');
  if (!period.date.from.empty() && at < Moment(period.date.from, period.time.from, '0'))
    return false;
  return period.date.to.empty() || at <= Moment(period.date.to, period.time.to, '9');
}

void SetPatient(Dataset& dataset, const WorklistItem& item) {
  dataset.Set(tags::kPatientName, WorklistPersonName(item.patient_name, item.patient_name_latin));
  dataset.Set(tags::kPatientId, Cut(item.patient_id, kLongText));
  dataset.Set(tags::kIssuerOfPatientId, Cut(item.patient_id_issuer, kLongText));
  dataset.Set(tags::kPatientBirthDate, Digits(item.patient_birth_date));
  dataset.Set(tags::kPatientSex, item.patient_sex);
  SetText(dataset, kAdmissionId, "LO", Cut(item.admission_id, kLongText));
}

// The value of a key without wildcards and padding, else nothing.
std::string Exact(const Dataset& query, Tag tag) {
  const std::string_view value = TrimPadding(query.Text(tag));
  return HasWildcard(value) ? std::string() : std::string(value);
}

}  // namespace

std::string WorklistPersonName(std::string_view name, std::string_view latin) {
  if (latin.empty() || latin == name) return NameGroup(name);
  return NameGroup(latin) + "=" + NameGroup(name);
}

Dataset WorklistDataset(const WorklistItem& item) {
  Dataset dataset;
  SetPatient(dataset, item);
  dataset.Set(tags::kAccessionNumber, Cut(item.accession_number, kShortText));
  dataset.Set(tags::kInstitutionName, Cut(item.institution, kLongText));
  dataset.Set(tags::kReferringPhysicianName, NameGroup(item.requesting_physician));
  SetText(dataset, kRequestingPhysician, "PN", NameGroup(item.requesting_physician));
  SetText(dataset, kAdditionalPatientHistory, "LT", Cut(item.clinical_information, 1024));
  dataset.Set(tags::kStudyInstanceUid, item.study_instance_uid);
  dataset.Set(tags::kRequestedProcedureDescription, Cut(item.description, kLongText));
  dataset.Set(tags::kRequestedProcedureId, Cut(item.requested_procedure_id, kShortText));
  dataset.Set(tags::kRequestedProcedurePriority, item.priority);
  SetRequest(dataset, item);
  dataset.SetItems(tags::kReferencedStudySequence, {});
  dataset.SetItems(tags::kReferencedPatientSequence, {});
  SetCode(dataset, tags::kRequestedProcedureCodeSequence, item);
  dataset.SetItems(tags::kScheduledProcedureStepSequence, {Step(item)});
  return dataset;
}

bool MatchesWorklist(const Dataset& query, const Dataset& item) {
  const std::vector<Dataset>& wanted = query.Items(tags::kScheduledProcedureStepSequence);
  const std::optional<Period> period =
      wanted.empty() ? std::nullopt : PeriodOf(wanted.front());
  if (!period) return Matches(query, item);
  Dataset step = wanted.front();
  step.Erase(tags::kScheduledProcedureStepStartDate);
  step.Erase(tags::kScheduledProcedureStepStartTime);
  Dataset rest = query;
  rest.SetItems(tags::kScheduledProcedureStepSequence, {step});
  const std::vector<Dataset>& steps = item.Items(tags::kScheduledProcedureStepSequence);
  return Matches(rest, item) &&
         std::any_of(steps.begin(), steps.end(),
                     [&](const Dataset& candidate) { return Within(*period, candidate); });
}

WorklistKeys KeysOf(const Dataset& query) {
  WorklistKeys keys;
  keys.accession_number = Exact(query, tags::kAccessionNumber);
  keys.patient_id = Exact(query, tags::kPatientId);
  const std::string name = SearchKey(TrimPadding(query.Text(tags::kPatientName)));
  keys.name_prefix = name.substr(0, name.find_first_of("*?="));
  if (HasWildcard(name) && name.find('=') == std::string::npos) keys.name_pattern = name;
  const std::vector<Dataset>& steps = query.Items(tags::kScheduledProcedureStepSequence);
  if (steps.empty()) return keys;
  keys.modality = Exact(steps.front(), tags::kModality);
  keys.scheduled_ae_title = Exact(steps.front(), tags::kScheduledStationAeTitle);
  const std::optional<Range> range =
      ParseRange(steps.front().Text(tags::kScheduledProcedureStepStartDate));
  if (range) {
    keys.date_from = range->from;
    keys.date_to = range->to;
    if (!keys.date_to.empty()) keys.date_to.resize(8, '9');  // "202601" is all of that month.
  }
  return keys;
}

}  // namespace tongjian::dicom
