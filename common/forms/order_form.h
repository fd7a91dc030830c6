// What may stand in an order that somebody writes. Hub and gateway check it alike, so that a gateway
// without a link accepts nothing that the hub will refuse. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::forms {

// INVALID_ARGUMENT naming the field for enumeration values that are not known and times outside the
// years 1900 to 9999.
absl::Status CheckOrderValues(const orders::v1::Order& order);

// INVALID_ARGUMENT naming the field, never its content, for what is missing, too long or too many:
// characters are counted, not bytes.
absl::Status CheckOrderLimits(const orders::v1::Order& order);

// The reason of a cancel: none is needed, a HIS often has none to give, and nobody could ask for one
// later. INVALID_ARGUMENT naming `field` when it is longer than 1000 bytes.
absl::Status CheckCancelReason(std::string_view field, std::string_view reason);

// ECG, pathology for microscopy and gross photographs, else imaging.
common::v1::Discipline DisciplineOf(std::string_view modality);

// What an item says of the order's discipline.
struct ItemDiscipline {
  std::optional<common::v1::Discipline> catalog;  // Where the catalog knows the item.
  std::string modality;
};
// The order's discipline: as stated, else that of its items. INVALID_ARGUMENT when the catalog says
// another of an item: items of several disciplines belong into several orders.
absl::Status SettleDiscipline(const std::vector<ItemDiscipline>& items,
                              common::v1::Discipline* discipline);

}  // namespace tongjian::forms
