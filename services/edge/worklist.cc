#include "services/edge/worklist.h"

#include "common/acquisition/step_store.h"
#include "common/base/status.h"
#include "common/dicom/match.h"
#include "common/rpc/proto_time.h"
#include "services/edge/catalog.h"
#include "services/edge/devices.h"

namespace tongjian::edge {
namespace {

constexpr int64_t kPage = 200;
constexpr char kCodeSystem[] = "99TONGJIAN";

std::string PriorityOf(const orders::v1::Order& order) {
  if (order.priority() >= common::v1::PRIORITY_STAT) return "STAT";
  return order.priority() == common::v1::PRIORITY_URGENT ? "HIGH" : "ROUTINE";
}

std::string SexOf(common::v1::Sex sex) {
  if (sex == common::v1::SEX_MALE) return "M";
  if (sex == common::v1::SEX_FEMALE) return "F";
  return sex == common::v1::SEX_UNKNOWN ? "O" : "";
}

}  // namespace

dicom::WorklistItem WorklistItemOf(const orders::v1::Order& order,
                                   const orders::v1::OrderItem& item, absl::Time now,
                                   absl::TimeZone zone, const std::string& ae_title) {
  const absl::Time when =
      order.has_scheduled_time() ? rpc::FromProto(order.scheduled_time()) : now;
  const common::v1::PatientRef& patient = order.patient();
  const bool coded = !item.recognition_code().empty();
  return {.accession_number = order.accession_number(),
          .study_instance_uid = item.study_instance_uid(),
          .requested_procedure_id = item.id(),
          .scheduled_step_id = item.id(),
          .description = item.name(),
          .code = coded ? item.recognition_code() : item.local_code(),
          .code_system = kCodeSystem,
          .modality = item.modality(),
          .scheduled_ae_title =
              order.scheduled_ae_title().empty() ? ae_title : order.scheduled_ae_title(),
          .scheduled_date = absl::FormatTime("%Y%m%d", when, zone),
          .scheduled_time = absl::FormatTime("%H%M%S", when, zone),
          .priority = PriorityOf(order),
          .step_status =
              item.exam_state() == orders::v1::EXAM_STATE_STARTED ? "STARTED" : "SCHEDULED",
          .placer_order_number = order.placer_order_number(),
          .requested_date = absl::FormatTime("%Y%m%d", rpc::FromProto(order.create_time()), zone),
          .requested_time = absl::FormatTime("%H%M%S", rpc::FromProto(order.create_time()), zone),
          .patient_id = patient.facility_patient_id(),
          .patient_id_issuer = patient.facility_id(),
          .patient_name = patient.name(),
          .patient_name_latin = patient.name_latin(),
          .patient_birth_date = patient.birth_date(),
          .patient_sex = SexOf(patient.sex()),
          .admission_id = order.encounter(),
          .requesting_physician = order.requester().name(),
          .institution = order.ordering_facility_id(),
          .clinical_information = order.clinical_information()};
}

// An exam that may be taken now, as the device reads it: what devices said here counts before the
// hub has heard of it.
absl::Status Worklist::AddEntries(store::Session& session, const ClinicOrder& clinic,
                                  const std::string& ae_title, std::vector<Entry>& entries) const {
  const orders::v1::Order& order = clinic.order;
  const bool again = order.state() == orders::v1::ORDER_STATE_RECAPTURE_REQUESTED;
  for (const orders::v1::OrderItem& item : order.items()) {
    if (!OnWorklist(order, item)) continue;
    TJ_ASSIGN_OR_RETURN(
        const auto status,
        acquisition::LastStatusOf(session, item.study_instance_uid(), item.id()));
    if (status == dicom::StepStatus::kCompleted && !again) continue;
    Entry entry = {&clinic, WorklistItemOf(order, item, clock_.Now(), options_.zone, ae_title)};
    if (status)
      entry.item.step_status = status == dicom::StepStatus::kInProgress ? "STARTED" : "SCHEDULED";
    const std::string name = catalog_.FacilityName(order.ordering_facility_id());
    if (!name.empty()) entry.item.institution = name;
    entries.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<dicom::Dataset>> Worklist::Collect(const dicom::AssociationInfo& info,
                                                              const dicom::Dataset& query,
                                                              rpc::Trail& trail) {
  const dicom::WorklistKeys keys = dicom::KeysOf(query);
  const std::string ae_title =
      keys.scheduled_ae_title.empty() ? info.calling_ae : keys.scheduled_ae_title;
  const absl::Time now = clock_.Now();
  std::vector<dicom::Dataset> matches;
  OrderPosition position;
  std::vector<ClinicOrder> orders;
  do {
    std::vector<Entry> entries;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      entries.clear();
      TJ_ASSIGN_OR_RETURN(orders, OpenOrders(session, now - options_.age_max, position, kPage));
      for (const ClinicOrder& clinic : orders)
        TJ_TRY(AddEntries(session, clinic, ae_title, entries));
      return absl::OkStatus();
    }));
    for (const auto& [clinic, item] : entries) {
      const orders::v1::Order& order = clinic->order;
      const dicom::Dataset dataset = dicom::WorklistDataset(item);
      if (!dicom::MatchesWorklist(query, dataset)) continue;
      if (static_cast<int>(matches.size()) == options_.responses_max) {
        return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                           "too many matches: narrow the query");
      }
      trail.TouchObject(order.id());
      trail.TouchFacilityPatient(order.patient().facility_id(),
                                 order.patient().facility_patient_id(),
                                 order.patient().patient_id());
      matches.push_back(dicom::Project(query, dataset));
    }
    if (!orders.empty()) {
      const orders::v1::Order& last = orders.back().order;
      position = {absl::ToUnixMicros(rpc::FromProto(last.create_time())), last.id()};
    }
  } while (static_cast<int64_t>(orders.size()) == kPage);
  return matches;
}

absl::Status Worklist::Find(const dicom::AssociationInfo& info, const dicom::FindRequest& request,
                            dicom::FindResponder& responder) {
  rpc::Trail trail(devices_.DeedOf(info, "C-FIND modality worklist"), clock_);
  const auto matches = Collect(info, request.identifier, trail);
  if (matches.ok() && matches->empty()) trail.Omit();
  TJ_TRY(trail.Finish(audit_, matches.status()));  // Nothing is shown that is not in the trail.
  TJ_TRY(matches.status());
  responder.SetCharset(dicom::CharacterSet(options_.charset));
  for (const dicom::Dataset& match : *matches) TJ_TRY(responder.Send(match));
  return absl::OkStatus();
}

}  // namespace tongjian::edge
