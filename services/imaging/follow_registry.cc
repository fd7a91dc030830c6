#include "services/imaging/follow_registry.h"

#include "common/base/status.h"
#include "common/feed/change.h"
#include "services/imaging/link_store.h"
#include "services/imaging/study_changes.h"
#include "services/imaging/study_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::imaging {
namespace {

constexpr int64_t kStudiesMax = 1000;

void SetDevice(Places& places, const registry::v1::Device& device) {
  places.SetDevice({.id = device.id(),
                    .facility_id = device.facility_id(),
                    .ae_title = device.ae_title(),
                    .address = device.address(),
                    .port = device.port(),
                    .charset = device.charset(),
                    .active = device.active()});
}

void SetFacility(Places& places, const registry::v1::Facility& facility) {
  places.SetFacility(facility.id(), facility.parent_facility_id());
}

absl::Status LinkPatient(store::Transaction& tx, const events::v1::PatientChanged& changed) {
  for (const events::v1::PatientLink& link : changed.links()) {
    PatientWords words;
    words.facility_id = link.facility_id();
    words.facility_patient_id = link.facility_patient_id();
    words.name = link.name();
    words.birth_date = link.birth_date();
    TJ_TRY(PutPatientLink(tx, words, changed.patient().id()));
    TJ_ASSIGN_OR_RETURN(std::vector<Study> studies, StudiesOfWords(tx, words, kStudiesMax));
    for (Study& study : studies) {
      if (study.patient_id == changed.patient().id()) continue;
      study.patient_id = changed.patient().id();
      TJ_TRY(SaveStudy(tx, study, News::kNow));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyRegistryEvent(store::Transaction& tx, const events::v1::Event& event,
                                Places& places) {
  if (const auto changed = feed::As<events::v1::PatientChanged>(event))
    return LinkPatient(tx, *changed);
  // Memory may run ahead of a transaction that is run again: the same event comes once more then.
  if (const auto changed = feed::As<events::v1::FacilityChanged>(event))
    SetFacility(places, changed->facility());
  if (const auto changed = feed::As<events::v1::DeviceChanged>(event))
    SetDevice(places, changed->device());
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<feed::Mirror>> FollowRegistry(rpc::ChannelSource channel,
                                                             const rpc::OutgoingIdentity& identity,
                                                             store::Database& database,
                                                             telemetry::Registry& metrics,
                                                             Places& places) {
  TJ_ASSIGN_OR_RETURN(
      std::unique_ptr<feed::Mirror> mirror,
      feed::Mirror::Open({.feed = "registry"}, {"FacilityChanged", "DeviceChanged"},
                         std::move(channel), identity, database, metrics,
                         [&places](store::Transaction& tx, const events::v1::Event& event) {
                           return ApplyRegistryEvent(tx, event, places);
                         }));
  mirror->ForEach<events::v1::FacilityChanged>(
      [&](const std::string&, const events::v1::FacilityChanged& changed) {
        SetFacility(places, changed.facility());
        return true;
      });
  mirror->ForEach<events::v1::DeviceChanged>(
      [&](const std::string&, const events::v1::DeviceChanged& changed) {
        SetDevice(places, changed.device());
        return true;
      });
  return mirror;
}

}  // namespace tongjian::imaging
