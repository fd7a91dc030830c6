#include "services/orders/worklist.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "common/dicom/match.h"
#include "common/dicom/uid.h"
#include "common/security/tls.h"
#include "services/orders/changes.h"
#include "services/orders/state.h"
#include "services/orders/worklist_store.h"

namespace tongjian::orders {
namespace {

// Rows one query may look at, and orders read on one snapshot.
constexpr size_t kCandidatesMax = 50'000;
constexpr size_t kChunk = 200;
constexpr char kMethod[] = "C-FIND modality worklist";
constexpr std::string_view kMappedPrefix = "::ffff:";
constexpr char kCodeSystem[] = "99TONGJIAN";

std::string_view Plain(std::string_view address) {
  if (address.starts_with(kMappedPrefix)) address.remove_prefix(kMappedPrefix.size());
  return address;
}

std::string PriorityOf(const Order& order) {
  if (GoesFirst(order)) return "STAT";
  return order.priority == Priority::kUrgent ? "HIGH" : "ROUTINE";
}

std::string SexOf(const Patient& patient) {
  switch (patient.sex) {
    case Sex::kMale:
      return "M";
    case Sex::kFemale:
      return "F";
    case Sex::kUnknown:
      return "O";
    default:
      return "";
  }
}

rpc::Deed TrailOf(const dicom::AssociationInfo& info, const absl::StatusOr<WorklistAsker>& asker) {
  rpc::Deed deed = {.source = rpc::Deed::Source::kDicom,
                    .service = "orders",
                    .method = kMethod,
                    .request_id = info.id,
                    .peer = info.peer_address};
  deed.caller.kind = security::CallerKind::kMachine;
  deed.caller.machine_role = security::MachineRole::kDevice;
  if (asker.ok()) {
    deed.caller.facility_id = asker->facility_id;
    deed.caller.weak_identity = !asker->certified;
  }
  return deed;
}

// The answer for one item, unless the query does not ask for it or it has left the worklist since.
std::optional<dicom::Dataset> MatchOf(const Order& order, const std::string& item_id,
                                      const dicom::Dataset& query, const Facts& facts,
                                      absl::Time now, const std::string& ae_title) {
  const auto item = std::find_if(order.items.begin(), order.items.end(),
                                 [&](const Item& candidate) { return candidate.id == item_id; });
  if (item == order.items.end() || !OnWorklist(order, *item)) return {};
  const dicom::Dataset dataset =
      dicom::WorklistDataset(WorklistItemOf(order, *item, facts, now, ae_title));
  if (!dicom::MatchesWorklist(query, dataset)) return {};
  return dicom::Project(query, dataset);
}

}  // namespace

absl::StatusOr<WorklistAsker> AskerOf(const dicom::AssociationInfo& info, const Facts& facts) {
  const auto [begin, end] = facts.devices.equal_range(info.calling_ae);
  WorklistAsker asker = {.ae_title = info.calling_ae};
  if (!info.peer_certificate_pem.empty()) {
    TJ_ASSIGN_OR_RETURN(const security::PeerIdentity peer,
                        security::ParsePeer(info.peer_certificate_pem));
    asker.facility_id = peer.facility_id;
    asker.certified = true;
    for (auto it = begin; it != end; ++it) {
      if (it->second.facility_id == peer.facility_id) asker.charset = it->second.charset;
    }
    return asker;
  }
  std::set<std::string> facilities;
  for (const bool by_address : {true, false}) {
    for (auto it = begin; it != end; ++it) {
      const DeviceFact& device = it->second;
      const bool fits =
          by_address ? Plain(device.address) == Plain(info.peer_address) : device.address.empty();
      if (!fits) continue;
      facilities.insert(device.facility_id);
      asker.facility_id = device.facility_id;
      asker.charset = device.charset;
    }
    if (!facilities.empty()) break;
  }
  if (facilities.size() == 1) return asker;
  return base::Error(
      absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
      facilities.empty()
          ? "no device of this AE title and address is registered"
          : "devices of several facilities have this AE title: register their addresses");
}

dicom::WorklistItem WorklistItemOf(const Order& order, const Item& item, const Facts& facts,
                                   absl::Time now, const std::string& ae_title) {
  const absl::Time when = Stated(order.scheduled_time) ? order.scheduled_time : now;
  return {
      .accession_number = order.accession_number,
      .study_instance_uid = item.study_instance_uid,
      .requested_procedure_id = item.id,
      .scheduled_step_id = item.id,
      .description = item.name,
      .code = item.recognition_code.empty() ? item.local_code : item.recognition_code,
      .code_system = kCodeSystem,
      .modality = item.modality,
      .scheduled_ae_title = order.scheduled_ae_title.empty() ? ae_title : order.scheduled_ae_title,
      .scheduled_date = WorklistDay(when, facts.zone),
      .scheduled_time = absl::FormatTime("%H%M%S", when, facts.zone),
      .priority = PriorityOf(order),
      .step_status = item.exam == Exam::kStarted ? "STARTED" : "SCHEDULED",
      .placer_order_number = order.placer_order_number,
      .requested_date = WorklistDay(order.create_time, facts.zone),
      .requested_time = absl::FormatTime("%H%M%S", order.create_time, facts.zone),
      .patient_id = order.patient.facility_patient_id,
      .patient_id_issuer = order.patient.facility_id,
      .patient_name = order.patient.name,
      .patient_name_latin = order.patient.name_latin,
      .patient_birth_date = order.patient.birth_date,
      .patient_sex = SexOf(order.patient),
      .admission_id = order.encounter,
      .requesting_physician = order.requester.name,
      .institution = facts.FacilityName(order.ordering_facility_id),
      .clinical_information = order.clinical_information};
}

absl::Status Worklist::Find(const dicom::AssociationInfo& info, const dicom::FindRequest& request,
                            dicom::FindResponder& responder) {
  const absl::StatusOr<WorklistAsker> asker = AskerOf(info, *facts_());
  rpc::Trail trail(TrailOf(info, asker), clock_);
  const absl::Status outcome =
      asker.ok() ? Answer(*asker, request, responder, trail) : asker.status();
  if (!outcome.ok()) TJ_TRY(trail.Finish(audit_, outcome));  // Success is in the trail already.
  return outcome;
}

absl::StatusOr<std::vector<Order>> Worklist::ReadChunk(const WorklistKey* begin,
                                                       const WorklistKey* end,
                                                       const security::Scope& scope) const {
  std::vector<Order> orders;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    for (const WorklistKey* key = begin; key != end; ++key) {
      absl::StatusOr<Order> order = store_.Find(session, scope, key->order_id);
      if (!order.ok() && !absl::IsNotFound(order.status())) return order.status();
      orders.push_back(order.ok() ? *std::move(order) : Order());  // Gone since: no item fits it.
    }
    return absl::OkStatus();
  }));
  return orders;
}

absl::Status Worklist::Answer(const WorklistAsker& asker, const dicom::FindRequest& request,
                              dicom::FindResponder& responder, rpc::Trail& trail) {
  responder.SetCharset(dicom::CharacterSet(asker.charset.empty() ? "ISO_IR 192" : asker.charset));
  const std::shared_ptr<const Facts> facts = facts_();
  const security::Scope scope = security::Scope::Facilities({asker.facility_id});
  const dicom::WorklistKeys keys = dicom::KeysOf(request.identifier);
  const std::string ae_title =
      keys.scheduled_ae_title.empty() ? asker.ae_title : keys.scheduled_ae_title;
  const absl::Time now = clock_.Now();
  std::vector<WorklistKey> found;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        found, FindWorklist(session, scope, keys,
                            {now, now - options_.unscheduled_age, facts->zone}, kCandidatesMax));
    return absl::OkStatus();
  }));
  std::vector<dicom::Dataset> matches;
  const size_t wanted = static_cast<size_t>(options_.responses_max);
  for (size_t at = 0; at < found.size() && matches.size() <= wanted; at += kChunk) {
    const WorklistKey* begin = found.data() + at;
    const WorklistKey* end = found.data() + std::min(at + kChunk, found.size());
    TJ_ASSIGN_OR_RETURN(const std::vector<Order> orders, ReadChunk(begin, end, scope));
    for (size_t i = 0; i < orders.size(); ++i) {
      auto match = MatchOf(orders[i], begin[i].item_id, request.identifier, *facts, now, ae_title);
      if (!match) continue;
      Touch(&trail, orders[i]);
      matches.push_back(*std::move(match));
    }
  }
  if (matches.empty()) trail.Omit();
  TJ_TRY(trail.Finish(audit_, absl::OkStatus()));  // Nothing is shown that is not in the trail.
  for (size_t i = 0; i < std::min(matches.size(), wanted); ++i) {
    TJ_TRY(responder.Send(matches[i]));
  }
  if (matches.size() <= wanted && found.size() < kCandidatesMax) return absl::OkStatus();
  return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                     "more matches than one query may have: narrow it");
}

}  // namespace tongjian::orders
