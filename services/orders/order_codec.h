// Orders between the domain and the wire; the store keeps them in the wire's form.
#pragma once

#include <string>

#include "common/base/status.h"
#include "services/orders/order.h"

namespace tongjian::common::v1 {
class PatientRef;
}

namespace tongjian::orders {

namespace v1 {
class Order;
class TimelineEntry;
}  // namespace v1

// Everything, with the etag.
void Encode(const Order& order, v1::Order* out);
void Encode(const TimelineEntry& entry, v1::TimelineEntry* out);

// What we wrote ourselves.
Order Decode(const v1::Order& in);
Patient DecodePatient(const common::v1::PatientRef& in);
// What a caller wrote: times outside the years 1900 to 9999 and unknown enumeration values are
// INVALID_ARGUMENT. Limits are CheckOrder's matter.
absl::StatusOr<Order> DecodeRequest(const v1::Order& in);

// The bytes that the store keeps, and back. A record that cannot be read ends the process: the
// database is damaged.
std::string ToRecord(const Order& order);
Order FromRecord(const std::string& record);

std::string EtagOf(const Order& order);

}  // namespace tongjian::orders
