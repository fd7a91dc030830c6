#include "services/exchange/facts.h"

namespace tongjian::exchange {

const ItemFact* Facts::ItemById(const std::string& id) const {
  const auto found = items.find(id);
  return found == items.end() ? nullptr : &found->second;
}

const ItemFact* Facts::ItemByCode(const std::string& code, const std::string& body_part) const {
  const auto [begin, end] = items_by_code.equal_range(code);
  const ItemFact* first = nullptr;
  for (auto found = begin; found != end; ++found) {
    const ItemFact* item = ItemById(found->second);
    if (item == nullptr) continue;
    if (item->body_part == body_part) return item;
    if (first == nullptr) first = item;
  }
  return first;
}

const ItemFact* Facts::ItemByLocalCode(const std::string& facility_id, const std::string& code) const {
  const auto found = local_codes.find({facility_id, code});
  return found == local_codes.end() ? nullptr : ItemById(found->second);
}

const PriceFact* PriceOn(const ItemFact& item, const std::string& facility_id, absl::Time time,
                         absl::TimeZone zone) {
  const std::string day = absl::FormatTime("%Y-%m-%d", time, zone);
  const PriceFact* best = nullptr;
  for (const PriceFact& price : item.prices) {
    if (price.from > day || (!price.facility_id.empty() && price.facility_id != facility_id)) continue;
    const bool better = best == nullptr ||
                        (best->facility_id.empty() && !price.facility_id.empty()) ||
                        (best->facility_id == price.facility_id && best->from < price.from);
    if (better) best = &price;
  }
  return best;
}

}  // namespace tongjian::exchange
