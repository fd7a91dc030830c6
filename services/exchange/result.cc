#include "services/exchange/result.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "common/rpc/proto_time.h"

namespace tongjian::exchange {
namespace {

constexpr size_t kRecordBytesMax = 2 << 20;

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// The run at the front: digits, or one other character.
std::string_view TakeRun(std::string_view& text) {
  size_t size = 1;
  while (IsDigit(text[0]) && size < text.size() && IsDigit(text[size])) ++size;
  const std::string_view run = text.substr(0, size);
  text.remove_prefix(size);
  return run;
}

int CompareRuns(std::string_view a, std::string_view b) {
  if (!IsDigit(a[0]) || !IsDigit(b[0])) return a.compare(b);
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

v1::ResultDelivery& DeliveryTo(v1::Result& result, const std::string& facility_id) {
  for (v1::ResultDelivery& delivery : *result.mutable_deliveries()) {
    if (delivery.facility_id() == facility_id) return delivery;
  }
  v1::ResultDelivery& delivery = *result.add_deliveries();
  delivery.set_facility_id(facility_id);
  return delivery;
}

}  // namespace

bool IsFinal(v1::ResultState state) {
  return state == v1::RESULT_STATE_FINAL || state == v1::RESULT_STATE_AMENDED;
}

bool IsFinal(const v1::Result& result) { return IsFinal(result.state()); }

std::vector<std::string> FacilitiesOf(const v1::Result& result) {
  std::vector<std::string> ids = {result.performing_facility_id(), result.issuing_facility_id(),
                                  result.ordering_facility_id(), result.publishing_facility_id()};
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::erase(ids, "");
  return ids;
}

v1::Result Withheld(std::string_view id) {
  v1::Result result;
  result.set_id(std::string(id));
  return result;
}

bool IsWithheld(const v1::Result& result) { return result.state() == v1::RESULT_STATE_UNSPECIFIED; }

void Append(v1::Result& result, v1::ResultVersion version, absl::Time now) {
  version.set_number(result.versions_size() + 1);
  *version.mutable_time() = rpc::ToProto(now);
  // An addendum to an amended result leaves it amended.
  if (!version.addendum() || !IsFinal(result)) result.set_state(version.state());
  *result.add_versions() = std::move(version);
  for (int i = 0; i + 1 < result.versions_size() && result.ByteSizeLong() > kRecordBytesMax; ++i) {
    result.mutable_versions(i)->clear_document();
  }
}

const v1::ResultVersion* FindSourceVersion(const v1::Result& result, std::string_view source_version) {
  for (int i = result.versions_size() - 1; i >= 0; --i) {
    if (result.versions(i).source_version() == source_version) return &result.versions(i);
  }
  return nullptr;
}

int CompareSourceVersions(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (const int order = CompareRuns(TakeRun(a), TakeRun(b)); order != 0) return order;
  }
  if (a.empty() && b.empty()) return 0;
  return a.empty() ? -1 : 1;
}

absl::StatusOr<bool> Acknowledge(v1::Result& result, const std::string& facility_id, int number,
                                 v1::Acknowledgement what, const std::string& viewed_by, absl::Time now) {
  if (number < 1 || number > result.versions_size()) {
    return base::InvalidField("number", "no such version: there are 1 to " +
                                            std::to_string(result.versions_size()));
  }
  const bool viewed = what == v1::ACKNOWLEDGEMENT_VIEWED;
  if (!viewed && what != v1::ACKNOWLEDGEMENT_DELIVERED) {
    return base::InvalidField("acknowledgement", "missing or not known");
  }
  v1::ResultDelivery& delivery = DeliveryTo(result, facility_id);
  bool changed = false;
  if (delivery.delivered_version() < number) {
    delivery.set_delivered_version(number);
    *delivery.mutable_deliver_time() = rpc::ToProto(now);
    changed = true;
  }
  if (viewed && delivery.viewed_version() < number) {
    delivery.set_viewed_version(number);
    *delivery.mutable_view_time() = rpc::ToProto(now);
    delivery.set_viewed_by(viewed_by);
    changed = true;
  }
  return changed;
}

void HideContent(v1::Result& result) {
  result.clear_versions();
  result.clear_patient();
  result.clear_evidence();
  result.clear_order_ids();
  result.clear_accession_number();
  result.clear_placer_order_number();
}

}  // namespace tongjian::exchange
