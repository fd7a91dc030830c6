#include "services/orders/facts.h"

#include <algorithm>

#include "common/forms/order_form.h"

namespace tongjian::orders {
namespace {

namespace wire = tongjian::common::v1;

constexpr int kAncestorsMax = 5;

bool ActiveAt(const MembershipFact& membership, absl::Time time) {
  return std::any_of(
      membership.active.begin(), membership.active.end(),
      [&](const ActivePeriod& period) { return period.from <= time && time < period.to; });
}

// The facility's own price of that day before the region's, the newest that has begun.
int64_t PriceOn(const ItemFact& item, const std::string& facility_id, const std::string& day) {
  const PriceFact* best = nullptr;
  for (const PriceFact& price : item.prices) {
    if (price.from > day || (!price.facility_id.empty() && price.facility_id != facility_id))
      continue;
    const auto rank = [](const PriceFact& p) { return std::pair(!p.facility_id.empty(), p.from); };
    if (best == nullptr || rank(price) > rank(*best)) best = &price;
  }
  return best == nullptr ? 0 : best->fen;
}

void Fill(std::string& field, const std::string& value) {
  if (field.empty()) field = value;
}

void FillItem(const ItemFact& fact, const std::string& facility_id, const std::string& day,
              Item& item) {
  item.item_id = fact.id;
  item.recognition_code = fact.recognition_code;
  Fill(item.name, fact.name);
  Fill(item.modality, fact.modality);
  Fill(item.body_part, fact.body_part);
  Fill(item.laterality, fact.laterality);
  if (item.price_fen == 0) item.price_fen = PriceOn(fact, facility_id, day);
}

}  // namespace

const CenterFact* Facts::Center(std::string_view id) const {
  const auto found = centers.find(id);
  return found == centers.end() ? nullptr : &found->second;
}

const ItemFact* Facts::Item(std::string_view facility_id, const std::string& item_id,
                            const std::string& local_code) const {
  std::string id = item_id;
  if (id.empty() && !local_code.empty()) {
    const auto code = local_codes.find({std::string(facility_id), local_code});
    if (code != local_codes.end()) id = code->second;
  }
  const auto found = items.find(id);
  return found == items.end() ? nullptr : &found->second;
}

std::string Facts::FacilityName(std::string_view id) const {
  const auto found = facilities.find(id);
  return found == facilities.end() ? std::string(id) : found->second.name;
}

std::vector<std::string> Facts::Ancestry(std::string_view facility_id) const {
  std::vector<std::string> ids = {std::string(facility_id)};
  for (int i = 0; i < kAncestorsMax; ++i) {
    const auto found = facilities.find(ids.back());
    if (found == facilities.end() || found->second.parent_facility_id.empty()) break;
    if (std::find(ids.begin(), ids.end(), found->second.parent_facility_id) != ids.end()) break;
    ids.push_back(found->second.parent_facility_id);
  }
  return ids;
}

std::set<std::string> Facts::Communities(std::string_view facility_id, absl::Time time) const {
  std::set<std::string> communities;
  for (const std::string& id : Ancestry(facility_id)) {
    const auto [begin, end] = memberships.equal_range(id);
    for (auto it = begin; it != end; ++it) {
      if (ActiveAt(it->second, time)) communities.insert(it->second.community_id);
    }
  }
  return communities;
}

std::string Facts::Lead(std::string_view facility_id, absl::Time time) const {
  const std::set<std::string> communities = Communities(facility_id, time);
  for (const auto& [id, membership] : memberships) {
    if (membership.lead && communities.count(membership.community_id) > 0 &&
        ActiveAt(membership, time))
      return id;
  }
  return "";
}

std::string DayOf(absl::Time time, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d", time, zone);
}

Discipline DisciplineOf(std::string_view modality) {
  return static_cast<Discipline>(forms::DisciplineOf(modality));
}

absl::Status ResolveItems(const Facts& facts, absl::Time time, Order& order) {
  const std::string day = DayOf(time, facts.zone);
  int number = 0;
  std::vector<forms::ItemDiscipline> disciplines;
  for (Item& item : order.items) {
    item.id = std::to_string(++number);
    const ItemFact* fact = facts.Item(order.ordering_facility_id, item.item_id, item.local_code);
    if (fact != nullptr) FillItem(*fact, order.ordering_facility_id, day, item);
    forms::ItemDiscipline& discipline = disciplines.emplace_back();
    if (fact != nullptr) discipline.catalog = static_cast<wire::Discipline>(fact->discipline);
    discipline.modality = item.modality;
  }
  auto settled = static_cast<wire::Discipline>(order.discipline);
  TJ_TRY(forms::SettleDiscipline(disciplines, &settled));
  order.discipline = static_cast<Discipline>(settled);
  return absl::OkStatus();
}

}  // namespace tongjian::orders
