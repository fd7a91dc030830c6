#include "services/exchange/publication.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "common/rpc/proto_time.h"
#include "services/exchange/result.h"

namespace tongjian::exchange {
namespace {

// Behind the number of a version that went out before it could as what it is.
constexpr char kCritical[] = "-critical";
constexpr char kHeld[] = "-held";

bool IsEarly(const std::string& source_version) {
  return source_version.ends_with(kCritical) || source_version.ends_with(kHeld);
}

struct Performed {
  absl::Time time;
  bool doubtful = false;
};

// What a person confirmed; else the device's time put right by the measured offset; our receipt where the device's clock says
// nothing to rely on.
std::optional<Performed> PerformedAt(const imaging::v1::Study& study) {
  if (study.has_confirmed_time()) return Performed{rpc::FromProto(study.confirmed_time()), false};
  const common::v1::FactTime& fact = study.performed();
  if (fact.has_device_time()) {
    return Performed{rpc::FromProto(fact.device_time()) - absl::Milliseconds(fact.offset_ms()), fact.implausible()};
  }
  if (fact.has_receipt_time()) return Performed{rpc::FromProto(fact.receipt_time()), true};
  return std::nullopt;
}

void DescribeTime(const Sources& sources, v1::Result& result) {
  std::optional<Performed> first;
  bool doubtful = sources.studies.empty();
  for (const imaging::v1::Study& study : sources.studies) {
    const std::optional<Performed> performed = PerformedAt(study);
    doubtful = doubtful || !performed || performed->doubtful;
    if (performed && (!first || performed->time < first->time)) first = performed;
  }
  if (first) *result.mutable_performed_time() = rpc::ToProto(first->time);
  result.set_performed_time_doubtful(doubtful);
}

bool IsRetrievable(const imaging::v1::Study& study) {
  return study.instance_count() > 0 && (study.state() == imaging::v1::STUDY_STATE_COMPLETE ||
                                        study.state() == imaging::v1::STUDY_STATE_VERIFIED ||
                                        study.state() == imaging::v1::STUDY_STATE_REOPENED);
}

void DescribeEvidence(const Sources& sources, v1::Result& result) {
  result.clear_evidence();
  for (const imaging::v1::Study& study : sources.studies) {
    v1::EvidenceRef& evidence = *result.add_evidence();
    evidence.set_kind("study");
    evidence.set_id(study.study_instance_uid());
    evidence.set_retrievable(IsRetrievable(study));
    evidence.set_grade(study.grade());
  }
}

void DescribeItem(const orders::v1::OrderItem& ordered, const Facts& facts, v1::ResultItem& item) {
  item.set_recognition_code(ordered.recognition_code());
  item.set_name(ordered.name());
  item.set_modality(ordered.modality());
  item.set_body_part(ordered.body_part());
  item.set_laterality(ordered.laterality());
  item.set_item_id(ordered.item_id());
  item.set_local_code(ordered.local_code());
  const ItemFact* known = ordered.item_id().empty() ? facts.ItemByCode(ordered.recognition_code(), ordered.body_part())
                                                    : facts.ItemById(ordered.item_id());
  if (known == nullptr) return;
  item.set_contrast(known->contrast);
  item.set_method(known->method);
  if (item.recognition_code().empty()) item.set_recognition_code(known->recognition_code);
  if (item.body_part().empty()) item.set_body_part(known->body_part);
  if (item.laterality().empty()) item.set_laterality(known->laterality);
}

bool Covers(const orders::v1::OrderItem& item, const std::string& report_id) {
  return item.report_ids().empty() ||
         std::find(item.report_ids().begin(), item.report_ids().end(), report_id) != item.report_ids().end();
}

void DescribeOrders(const Sources& sources, const Facts& facts, v1::Result& result) {
  result.clear_order_ids();
  result.clear_items();
  for (const orders::v1::Order& order : sources.orders) {
    result.add_order_ids(order.id());
    for (const orders::v1::OrderItem& item : order.items()) {
      if (Covers(item, sources.report.id())) DescribeItem(item, facts, *result.add_items());
    }
  }
  if (sources.orders.empty()) *result.mutable_order_ids() = sources.report.order_ids();
}

std::string PerformingFacility(const Sources& sources) {
  if (!sources.studies.empty()) return sources.studies.front().facility_id();
  if (sources.orders.empty()) return sources.report.requesting_facility_id();
  const orders::v1::Order& order = sources.orders.front();
  return order.recording_facility_id().empty() ? order.ordering_facility_id() : order.recording_facility_id();
}

v1::ResultVersion VersionOf(const reading::v1::ReportVersion& version) {
  v1::ResultVersion published;
  switch (version.kind()) {
    case reading::v1::VERSION_KIND_PRELIMINARY: published.set_state(v1::RESULT_STATE_PRELIMINARY); break;
    case reading::v1::VERSION_KIND_AMENDED: published.set_state(v1::RESULT_STATE_AMENDED); break;
    default: published.set_state(v1::RESULT_STATE_FINAL); break;
  }
  published.set_addendum(version.kind() == reading::v1::VERSION_KIND_ADDENDUM);
  *published.mutable_content() = version.content();
  *published.mutable_signatures() = version.signatures();
  published.set_source_version(std::to_string(version.number()));
  published.set_reason(version.reason());
  return published;
}

// The report's newest version that was published as what it is.
int PublishedNumber(const v1::Result& result) {
  int number = 0;
  for (const v1::ResultVersion& version : result.versions()) {
    if (IsEarly(version.source_version()) || version.state() == v1::RESULT_STATE_RETRACTED) continue;
    number = std::max(number, std::atoi(version.source_version().c_str()));
  }
  return number;
}

Due RetractionOf(const reading::v1::Report& report, const v1::Result& published) {
  Due due;
  if (published.versions().empty() || published.state() == v1::RESULT_STATE_RETRACTED) return due;
  v1::ResultVersion& version = due.versions.emplace_back();
  version.set_state(v1::RESULT_STATE_RETRACTED);
  version.set_reason(report.retract_reason());
  version.set_source_version("retracted-" + std::to_string(report.version()));
  return due;
}

}  // namespace

bool IdentityConfirmed(const Sources& sources) {
  const Verification& patient = sources.patient;
  if (sources.orders.empty()) {
    return patient.verified;
  }
  return std::all_of(sources.orders.begin(), sources.orders.end(), [&](const orders::v1::Order& order) {
    const bool written = order.origin() == orders::v1::ORDER_ORIGIN_HIS ||
                         order.origin() == orders::v1::ORDER_ORIGIN_CONSOLE;
    return (written || patient.verified) && SurelyOf(order.patient(), patient);
  });
}

common::v1::PatientRef PatientOf(const Sources& sources) {
  return sources.orders.empty() ? sources.report.patient() : sources.orders.front().patient();
}

void Describe(const Sources& sources, const Facts& facts, v1::Result& result) {
  const reading::v1::Report& report = sources.report;
  const std::string patient_id = result.patient().patient_id();
  result.set_source(kOwnSource);
  result.set_source_id(report.id());
  result.set_discipline(report.discipline());
  result.set_performing_facility_id(PerformingFacility(sources));
  result.set_issuing_facility_id(report.issuing_facility_id());
  result.set_ordering_facility_id(report.requesting_facility_id());
  result.set_accession_number(report.accession_number());
  *result.mutable_patient() = PatientOf(sources);
  result.mutable_patient()->set_patient_id(patient_id);
  result.set_identity_confirmed(IdentityConfirmed(sources));
  if (!sources.orders.empty()) {
    const orders::v1::Order& order = sources.orders.front();
    result.set_ordering_facility_id(order.ordering_facility_id());
    result.set_accession_number(order.accession_number());
    result.set_placer_order_number(order.placer_order_number());
    if (result.discipline() == common::v1::DISCIPLINE_UNSPECIFIED) result.set_discipline(order.discipline());
  }
  DescribeOrders(sources, facts, result);
  DescribeEvidence(sources, result);
  DescribeTime(sources, result);
}

Due DueVersions(const reading::v1::Report& report, bool identity_confirmed, const v1::Result& published) {
  if (report.state() == reading::v1::REPORT_STATE_RETRACTED) return RetractionOf(report, published);
  Due due;
  const int number = PublishedNumber(published);
  for (const reading::v1::ReportVersion& version : report.versions()) {
    if (version.number() <= number) continue;
    v1::ResultVersion next = VersionOf(version);
    const bool preliminary = next.state() == v1::RESULT_STATE_PRELIMINARY;
    if (!preliminary && (!version.released() || !identity_confirmed)) {
      due.waiting = true;
      const bool critical = !version.content().critical_finding().empty();
      next.set_source_version(next.source_version() + (critical ? kCritical : kHeld));
      if ((!critical && !version.released()) || FindSourceVersion(published, next.source_version())) continue;
      next.set_state(v1::RESULT_STATE_PRELIMINARY);
      next.set_addendum(false);
    }
    due.versions.push_back(std::move(next));
  }
  return due;
}

Due DueVersions(const Sources& sources, const v1::Result& described) {
  Due due = DueVersions(sources.report, described.identity_confirmed(), described);
  if (sources.orders.empty() && !sources.report.order_ids().empty()) {
    std::erase_if(due.versions,
                  [](const v1::ResultVersion& version) { return version.source_version().ends_with(kHeld); });
  }
  return due;
}

}  // namespace tongjian::exchange
