#include "services/imaging/follow_registry.h"

#include "common/base/status.h"
#include "common/feed/account_news.h"
#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "services/imaging/link_store.h"
#include "services/imaging/matcher.h"
#include "services/imaging/study_changes.h"
#include "services/imaging/study_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::imaging {
namespace {

constexpr int64_t kStudiesMax = 1000;
constexpr int64_t kPage = 200;

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

void SetCenter(Serving& serving, const registry::v1::Center& center) {
  serving.SetCenter(
      {.id = center.id(),
       .host_facility_id = center.host_facility_id(),
       .community_ids = {center.community_ids().begin(), center.community_ids().end()},
       .discipline = center.discipline(),
       .active = center.active()});
}

void SetMember(Serving& serving, const registry::v1::Membership& membership) {
  MemberPlace member = {.id = membership.id(),
                        .community_id = membership.community_id(),
                        .facility_id = membership.facility_id()};
  for (const registry::v1::MembershipPeriod& period : membership.periods()) {
    if (period.state() != registry::v1::MEMBERSHIP_STATE_ACTIVE) continue;
    member.active.push_back({rpc::FromProto(period.from()), period.has_to()
                                                                ? rpc::FromProto(period.to())
                                                                : absl::InfiniteFuture()});
  }
  serving.SetMember(member);
}

void SetAgreement(Serving& serving, const registry::v1::Agreement& agreement) {
  serving.SetAgreement({.id = agreement.id(),
                        .requesting_facility_id = agreement.requesting_facility_id(),
                        .reading_facility_id = agreement.reading_facility_id(),
                        .discipline = agreement.discipline(),
                        .from = agreement.from(),
                        .to = agreement.to()});
}

// True when who reads for whom may be different now.
bool SetServing(Serving& serving, const events::v1::Event& event) {
  if (const auto changed = feed::As<events::v1::CenterChanged>(event)) {
    SetCenter(serving, changed->center());
  } else if (const auto changed = feed::As<events::v1::MembershipChanged>(event)) {
    SetMember(serving, changed->membership());
  } else if (const auto changed = feed::As<events::v1::AgreementChanged>(event)) {
    SetAgreement(serving, changed->agreement());
  } else {
    return false;
  }
  return true;
}

// Studies that wait for a person are shown to those who read for their facility now.
absl::Status RenewWaiting(store::Transaction& tx, const Matcher& matcher) {
  for (const MatchState state : {MatchState::kUnmatched, MatchState::kDoubtful}) {
    StudyFilter filter = {.match = state};
    while (true) {
      TJ_ASSIGN_OR_RETURN(const std::vector<Study> studies,
                          ListStudies(tx, security::Scope::Service(), filter, kPage));
      for (const Study& study : studies) TJ_TRY(matcher.RenewAudience(tx, study));
      if (static_cast<int64_t>(studies.size()) < kPage) break;
      filter.after_created = studies.back().created;
      filter.after_id = studies.back().id;
    }
  }
  return absl::OkStatus();
}

// Of this study the facility gave no number of its own: the registry names it.
absl::Status LinkOne(store::Transaction& tx, const std::string& study_id,
                     const std::string& patient_id) {
  absl::StatusOr<Study> study = FindStudy(tx, security::Scope::Service(), study_id);
  if (absl::IsNotFound(study.status())) return absl::OkStatus();
  TJ_TRY(study.status());
  const bool numbered = !study->patient.facility_patient_id.empty();  // The number says it since.
  if (numbered || study->patient_id == patient_id) return absl::OkStatus();
  study->patient_id = patient_id;
  return SaveStudy(tx, *study, News::kNow);
}

absl::Status LinkPatient(store::Transaction& tx, const events::v1::PatientChanged& changed) {
  for (const events::v1::PatientLink& link : changed.links()) {
    if (!link.study_id().empty()) TJ_TRY(LinkOne(tx, link.study_id(), changed.patient().id()));
    if (link.facility_patient_id().empty()) continue;
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
  return SetServing(places.serving(), event) ? RenewWaiting(tx, Matcher(places)) : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<feed::Mirror>> FollowRegistry(rpc::ChannelSource channel,
                                                             const rpc::OutgoingIdentity& identity,
                                                             store::Database& database,
                                                             telemetry::Registry& metrics,
                                                             Places& places) {
  TJ_ASSIGN_OR_RETURN(
      std::unique_ptr<feed::Mirror> mirror,
      feed::Mirror::Open({.feed = "registry"},
                         {"FacilityChanged", "DeviceChanged", "CenterChanged", "MembershipChanged",
                          "AgreementChanged", feed::kAccountChanged},
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
  mirror->ForEach<events::v1::CenterChanged>(
      [&](const std::string&, const events::v1::CenterChanged& changed) {
        SetCenter(places.serving(), changed.center());
        return true;
      });
  mirror->ForEach<events::v1::MembershipChanged>(
      [&](const std::string&, const events::v1::MembershipChanged& changed) {
        SetMember(places.serving(), changed.membership());
        return true;
      });
  mirror->ForEach<events::v1::AgreementChanged>(
      [&](const std::string&, const events::v1::AgreementChanged& changed) {
        SetAgreement(places.serving(), changed.agreement());
        return true;
      });
  return mirror;
}

}  // namespace tongjian::imaging
