#include "services/orders/registry_facts.h"

#include <utility>

#include "common/feed/account_news.h"
#include "common/feed/mirror.h"
#include "common/rpc/proto_time.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::orders {
namespace {

namespace events = tongjian::events::v1;
namespace registry = tongjian::registry::v1;

MembershipFact FactOf(const registry::Membership& membership) {
  MembershipFact fact = {.community_id = membership.community_id(),
                         .facility_id = membership.facility_id(),
                         .lead = membership.role() == registry::MEMBERSHIP_ROLE_LEAD};
  for (const registry::MembershipPeriod& period : membership.periods()) {
    if (period.state() != registry::MEMBERSHIP_STATE_ACTIVE) continue;
    fact.active.push_back({rpc::FromProto(period.from()),
                           period.has_to() ? rpc::FromProto(period.to()) : absl::InfiniteFuture()});
  }
  return fact;
}

CenterFact FactOf(const registry::Center& center) {
  CenterFact fact = {
      .id = center.id(),
      .name = center.name(),
      .discipline = static_cast<Discipline>(center.discipline()),
      .host_facility_id = center.host_facility_id(),
      .community_ids = {center.community_ids().begin(), center.community_ids().end()},
      .fallback_center_id = center.fallback_center_id(),
      .load_limit = center.load_limit(),
      .active = center.active(),
      .recognition_codes = {center.recognition_codes().begin(), center.recognition_codes().end()}};
  for (const registry::OpeningHours& hours : center.hours()) {
    fact.hours.push_back({hours.weekday(), hours.open_minute(), hours.close_minute()});
  }
  return fact;
}

TargetFact FactOf(const registry::TurnaroundTarget& target) {
  const bool acquired = target.start() == registry::TURNAROUND_START_UNSPECIFIED;
  return {
      .center_id = target.center_id(),
      .discipline = static_cast<Discipline>(target.discipline()),
      .modality = target.modality(),
      .body_part = target.body_part(),
      .facility_level = target.facility_level(),
      .priority = static_cast<Priority>(target.priority()),
      .patient_class = static_cast<PatientClass>(target.patient_class()),
      .target = target.target(),
      .unit = static_cast<TurnaroundUnit>(target.unit()),
      .start = acquired ? TurnaroundStart::kAcquired : static_cast<TurnaroundStart>(target.start()),
      .source = target.source()};
}

ItemFact FactOf(const registry::Item& item) {
  ItemFact fact = {.id = item.id(),
                   .name = item.name(),
                   .discipline = static_cast<Discipline>(item.discipline()),
                   .recognition_code = item.recognition_code(),
                   .modality = item.modality(),
                   .body_part = item.body_part(),
                   .laterality = item.laterality(),
                   .active = item.active()};
  for (const registry::Price& price : item.prices()) {
    fact.prices.push_back({price.facility_id(), price.fen(), price.from()});
  }
  return fact;
}

PolicyFact FactOf(const registry::ReadingPolicy& policy) {
  const bool hub = policy.mode() == registry::READING_MODE_UNSPECIFIED;
  return {.facility_id = policy.facility_id(),
          .discipline = static_cast<Discipline>(policy.discipline()),
          .item_id = policy.item_id(),
          .mode = hub ? ReadingMode::kHubReads : static_cast<ReadingMode>(policy.mode()),
          .signers = std::max(1, policy.signers())};
}

void AddCalendar(const registry::CalendarDays& days, Facts& facts) {
  facts.calendar.holidays = {days.holidays().begin(), days.holidays().end()};
  facts.calendar.workdays = {days.workdays().begin(), days.workdays().end()};
  if (days.open_minute() >= days.close_minute()) return;
  facts.calendar.open_minute = days.open_minute();
  facts.calendar.close_minute = days.close_minute();
}

template <class T, class Add>
void Each(const feed::Mirror& mirror, const Add& add) {
  mirror.ForEach<T>([&](const std::string&, const T& changed) {
    add(changed);
    return true;
  });
}

void AddPlaces(const feed::Mirror& mirror, Facts& facts) {
  Each<events::FacilityChanged>(mirror, [&](const auto& changed) {
    const registry::Facility& facility = changed.facility();
    facts.facilities[facility.id()] = {facility.id(), facility.name(),
                                       facility.parent_facility_id(), facility.level()};
  });
  Each<events::MembershipChanged>(mirror, [&](const auto& changed) {
    facts.memberships.emplace(changed.membership().facility_id(), FactOf(changed.membership()));
  });
  Each<events::CenterChanged>(mirror, [&](const auto& changed) {
    facts.centers[changed.center().id()] = FactOf(changed.center());
  });
  Each<events::DeviceChanged>(mirror, [&](const auto& changed) {
    const registry::Device& device = changed.device();
    if (!device.active()) return;
    facts.devices.emplace(device.ae_title(),
                          DeviceFact{device.id(), device.facility_id(), device.ae_title(),
                                     device.address(), device.charset(), device.modality()});
  });
}

void AddRules(const feed::Mirror& mirror, Facts& facts) {
  Each<events::AgreementChanged>(mirror, [&](const auto& changed) {
    const registry::Agreement& agreement = changed.agreement();
    facts.agreements.push_back({agreement.requesting_facility_id(), agreement.reading_facility_id(),
                                static_cast<Discipline>(agreement.discipline()), agreement.from(),
                                agreement.to()});
  });
  Each<events::ReadingPolicyChanged>(
      mirror, [&](const auto& changed) { facts.policies.push_back(FactOf(changed.policy())); });
  Each<events::TurnaroundTargetChanged>(
      mirror, [&](const auto& changed) { facts.targets.push_back(FactOf(changed.target())); });
  Each<events::CalendarChanged>(mirror,
                                [&](const auto& changed) { AddCalendar(changed.days(), facts); });
  Each<events::ItemChanged>(mirror, [&](const auto& changed) {
    facts.items[changed.item().id()] = FactOf(changed.item());
    for (const registry::LocalCode& code : changed.item().local_codes()) {
      facts.local_codes[{code.facility_id(), code.code()}] = changed.item().id();
    }
  });
}

}  // namespace

std::vector<std::string> MirroredTypes() {
  return {"FacilityChanged",         "MembershipChanged", "CenterChanged",
          "AgreementChanged",        "DeviceChanged",     "ReadingPolicyChanged",
          "TurnaroundTargetChanged", "CalendarChanged",   "ItemChanged",
          feed::kAccountChanged};
}

std::shared_ptr<const Facts> RegistryFacts::Now() const {
  const std::lock_guard lock(mutex_);
  const int64_t revision =
      mirror_.revision();  // Before reading: what comes meanwhile is read again next time.
  if (facts_ != nullptr && revision == revision_) return facts_;
  auto facts = std::make_shared<Facts>();
  facts->zone = zone_;
  AddPlaces(mirror_, *facts);
  AddRules(mirror_, *facts);
  facts_ = std::move(facts);
  revision_ = revision;
  return facts_;
}

}  // namespace tongjian::orders
