#include "services/exchange/registry_facts.h"

#include <utility>

#include "common/feed/account_news.h"
#include "common/feed/mirror.h"
#include "common/rpc/proto_time.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {
namespace {

namespace events = tongjian::events::v1;
namespace registry = tongjian::registry::v1;

MembershipFact FactOf(const registry::Membership& membership) {
  MembershipFact fact = {.community_id = membership.community_id(),
                         .active = {},
                         .agreed_codes = {membership.agreed_recognition_codes().begin(),
                                          membership.agreed_recognition_codes().end()}};
  for (const registry::MembershipPeriod& period : membership.periods()) {
    if (period.state() != registry::MEMBERSHIP_STATE_ACTIVE) continue;
    fact.active.push_back({rpc::FromProto(period.from()),
                           period.has_to() ? rpc::FromProto(period.to()) : absl::InfiniteFuture()});
  }
  return fact;
}

QualificationFact FactOf(const registry::Qualification& qualification) {
  return {.recognition_code = qualification.recognition_code(),
          .discipline = qualification.discipline(),
          .suspended = qualification.state() == registry::QUALIFICATION_STATE_SUSPENDED,
          .national = qualification.scope() == registry::MARK_SCOPE_NATIONAL,
          .community_only = qualification.scope() == registry::MARK_SCOPE_COMMUNITY,
          .region_codes = {qualification.region_codes().begin(), qualification.region_codes().end()},
          .from = qualification.from(),
          .to = qualification.to()};
}

ItemFact FactOf(const registry::Item& item) {
  ItemFact fact = {.id = item.id(),
                   .name = item.name(),
                   .discipline = item.discipline(),
                   .recognition_code = item.recognition_code(),
                   .modality = item.modality(),
                   .body_part = item.body_part(),
                   .laterality = item.laterality(),
                   .contrast = item.contrast(),
                   .method = item.method(),
                   .window_days = item.window_days(),
                   .in_catalog = item.in_catalog()};
  for (const registry::Price& price : item.prices()) {
    fact.prices.push_back({price.facility_id(), price.fen(), price.from(), price.price_id()});
  }
  return fact;
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
    facts.facilities[facility.id()] = {facility.id(), facility.name(), facility.region_code(),
                                       facility.grade_code()};
  });
  Each<events::CommunityChanged>(mirror, [&](const auto& changed) {
    const registry::Community& community = changed.community();
    facts.communities[community.id()] = {community.id(), community.name(),
                                         community.binding() == registry::BINDING_TIGHT};
  });
  Each<events::MembershipChanged>(mirror, [&](const auto& changed) {
    facts.memberships.emplace(changed.membership().facility_id(), FactOf(changed.membership()));
  });
}

void AddCatalog(const feed::Mirror& mirror, Facts& facts) {
  Each<events::QualificationChanged>(mirror, [&](const auto& changed) {
    facts.qualifications.emplace(changed.qualification().facility_id(),
                                 FactOf(changed.qualification()));
  });
  Each<events::ItemChanged>(mirror, [&](const auto& changed) {
    const registry::Item& item = changed.item();
    facts.items[item.id()] = FactOf(item);
    if (!item.recognition_code().empty()) facts.items_by_code.emplace(item.recognition_code(), item.id());
    for (const registry::LocalCode& code : item.local_codes()) {
      facts.local_codes[{code.facility_id(), code.code()}] = item.id();
    }
  });
}

}  // namespace

std::vector<std::string> MirroredTypes() {
  return {"FacilityChanged", "CommunityChanged", "MembershipChanged", "QualificationChanged", "ItemChanged",
          feed::kAccountChanged};
}

std::shared_ptr<const Facts> RegistryFacts::Now() const {
  const std::lock_guard lock(mutex_);
  const int64_t revision = mirror_.revision();  // Before reading: what comes meanwhile is read again next time.
  if (facts_ != nullptr && revision == revision_) return facts_;
  auto facts = std::make_shared<Facts>();
  facts->zone = zone_;
  AddPlaces(mirror_, *facts);
  AddCatalog(mirror_, *facts);
  facts_ = std::move(facts);
  revision_ = revision;
  return facts_;
}

}  // namespace tongjian::exchange
