#include "services/reading/canonical.h"

#include <cstdlib>
#include <utility>

#include "common/base/status.h"

namespace tongjian::reading {
namespace {

constexpr std::string_view kFirstLine = "tongjian-report 1";

void Line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      default: out += c;
    }
  }
  out += '\n';
}

void Line(std::string& out, std::string_view name, int64_t value) { Line(out, name, std::to_string(value)); }

void Lines(std::string& out, std::string_view name, const std::vector<std::string>& values) {
  for (const std::string& value : values) Line(out, name, value);
}

void AddPatient(std::string& out, const Patient& patient) {
  Line(out, "patient-facility", patient.facility_id);
  Line(out, "patient-number", patient.facility_patient_id);
  Line(out, "patient-name", patient.name);
  Line(out, "patient-sex", patient.sex);
  Line(out, "patient-birth-date", patient.birth_date);
}

void AddContent(std::string& out, const Content& content) {
  Line(out, "findings", content.findings);
  Line(out, "impression", content.impression);
  for (const Coding& code : content.codes) {
    Line(out, "code-system", code.system);
    Line(out, "code", code.code);
    Line(out, "code-display", code.display);
  }
  Line(out, "abnormal", content.abnormal ? 1 : 0);
  Line(out, "critical-finding", content.critical_finding);
  Line(out, "follow-up-days", content.follow_up_days);
  Line(out, "machine-assisted", content.machine_assisted ? 1 : 0);
}

std::string Unescape(std::string_view value) {
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 == value.size()) {
      out += value[i];
      continue;
    }
    ++i;
    out += value[i] == 'n' ? '\n' : value[i] == 'r' ? '\r' : value[i];
  }
  return out;
}

void Take(DayFacts& day, std::string_view name, std::string value) {
  if (name == "accession") day.accession_number = std::move(value);
  if (name == "order") day.order_ids.push_back(std::move(value));
  if (name == "study") day.study_ids.push_back(std::move(value));
  if (name == "exam") day.item_names.push_back(std::move(value));
  if (name == "requesting-name") day.requesting_facility_name = std::move(value);
  if (name == "issuing-name") day.issuing_facility_name = std::move(value);
  if (name == "requesting") day.requesting_facility_id = std::move(value);
  if (name == "issuing") day.issuing_facility_id = std::move(value);
  if (name == "patient-facility") day.patient.facility_id = std::move(value);
  if (name == "patient-number") day.patient.facility_patient_id = std::move(value);
  if (name == "patient-name") day.patient.name = std::move(value);
  if (name == "patient-sex") day.patient.sex = std::atoi(value.c_str());
  if (name == "patient-birth-date") day.patient.birth_date = std::move(value);
}

}  // namespace

std::string Canonical(const Report& report, const Version& version) {
  std::string out(kFirstLine);
  out += '\n';
  Line(out, "report", report.id);
  Line(out, "version", version.number);
  Line(out, "kind", Name(version.kind));
  Line(out, "discipline", report.discipline);
  Line(out, "accession", report.accession_number);
  Lines(out, "order", report.order_ids);
  Lines(out, "study", report.study_ids);
  Lines(out, "exam", report.item_names);
  AddPatient(out, report.patient);
  Line(out, "requesting", report.requesting_facility_id);
  Line(out, "requesting-name", report.requesting_facility_name);
  Line(out, "issuing", report.issuing_facility_id);
  Line(out, "issuing-name", report.issuing_facility_name);
  Line(out, "reason", version.reason);
  AddContent(out, version.content);
  return out;
}

absl::StatusOr<DayFacts> ParseDay(std::string_view canonical) {
  DayFacts day;
  bool first = true;
  while (!canonical.empty()) {
    const size_t end = canonical.find('\n');
    if (end == std::string_view::npos) return absl::DataLossError("a canonical text ends within a line");
    const std::string_view line = canonical.substr(0, end);
    canonical.remove_prefix(end + 1);
    if (first && line != kFirstLine) return absl::DataLossError("no canonical text of a known format");
    if (!first) {
      const size_t colon = line.find(": ");
      if (colon == std::string_view::npos) return absl::DataLossError("a canonical text has a line without a name");
      Take(day, line.substr(0, colon), Unescape(line.substr(colon + 2)));
    }
    first = false;
  }
  if (first) return absl::DataLossError("a canonical text is missing");
  return day;
}

absl::StatusOr<std::string> Rebuild(const Report& report, const Version& version, std::string_view canonical) {
  TJ_ASSIGN_OR_RETURN(DayFacts day, ParseDay(canonical));
  Report then = report;
  then.accession_number = std::move(day.accession_number);
  then.order_ids = std::move(day.order_ids);
  then.study_ids = std::move(day.study_ids);
  then.item_names = std::move(day.item_names);
  then.requesting_facility_name = std::move(day.requesting_facility_name);
  then.issuing_facility_name = std::move(day.issuing_facility_name);
  if (report.versions.empty() || version.number != report.versions.back().number) {
    then.patient = std::move(day.patient);
    then.requesting_facility_id = std::move(day.requesting_facility_id);
    then.issuing_facility_id = std::move(day.issuing_facility_id);
  }
  return Canonical(then, version);
}

}  // namespace tongjian::reading
