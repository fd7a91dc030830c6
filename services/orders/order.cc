#include "services/orders/order.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tongjian::orders {
namespace {

void AddUnique(std::vector<std::string>& values, const std::string& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

bool Holds(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

const std::string& RecordingFacility(const Order& order) {
  return order.recording_facility_id.empty() ? order.ordering_facility_id
                                             : order.recording_facility_id;
}

std::vector<std::string> Audience(const Order& order) {
  std::set<std::string> ids = {order.ordering_facility_id, RecordingFacility(order),
                               order.routing.performing_facility_id,
                               order.routing.desk_facility_id};
  ids.erase("");
  return {ids.begin(), ids.end()};
}

bool Names(const Order& order, const std::string& study_instance_uid) {
  return std::any_of(order.items.begin(), order.items.end(), [&](const Item& item) {
    return item.study_instance_uid == study_instance_uid ||
           Holds(item.study_instance_uids, study_instance_uid);
  });
}

bool HasEvidence(const Order& order) {
  return std::any_of(order.items.begin(), order.items.end(),
                     [](const Item& item) { return !item.study_instance_uids.empty(); });
}

bool AttachStudy(Order& order, const std::string& study_instance_uid,
                 const std::vector<std::string>& modalities) {
  for (const Item& item : order.items) {
    if (Holds(item.study_instance_uids, study_instance_uid)) return false;
  }
  bool attached = false;
  const auto attach_where = [&](const auto& fits) {
    for (Item& item : order.items) {
      if (!fits(item)) continue;
      AddUnique(item.study_instance_uids, study_instance_uid);
      attached = true;
    }
  };
  attach_where([&](const Item& item) { return item.study_instance_uid == study_instance_uid; });
  if (!attached) {
    attach_where([&](const Item& item) {
      return item.study_instance_uids.empty() &&
             (item.modality.empty() || Holds(modalities, item.modality));
    });
  }
  if (!attached && !order.items.empty())
    order.items.front().study_instance_uids.push_back(study_instance_uid);
  return true;
}

bool AttachReport(Order& order, const std::string& report_id) {
  const bool any_evidence = HasEvidence(order);
  bool news = false;
  for (Item& item : order.items) {
    if (any_evidence && item.study_instance_uids.empty()) continue;
    news |= !Holds(item.report_ids, report_id);
    AddUnique(item.report_ids, report_id);
  }
  return news;
}

}  // namespace tongjian::orders
