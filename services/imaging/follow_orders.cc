#include "services/imaging/follow_orders.h"

#include <map>
#include <set>
#include <string>

#include "common/base/status.h"
#include "common/feed/change.h"
#include "services/imaging/evidence.h"
#include "services/imaging/link_store.h"
#include "services/imaging/study_changes.h"
#include "services/imaging/study_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::imaging {
namespace {

constexpr int64_t kStudiesMax = 1000;

// Whether evidence may still come to it.
bool IsLive(orders::v1::OrderState state) {
  switch (state) {
    case orders::v1::ORDER_STATE_UNSPECIFIED:
    case orders::v1::ORDER_STATE_DRAFT:
    case orders::v1::ORDER_STATE_CANCELLED:
    case orders::v1::ORDER_STATE_RECOGNIZED:
      return false;
    default:
      return true;
  }
}

OrderRef ReadOrder(const orders::v1::Order& order) {
  OrderRef ref;
  ref.order_id = order.id();
  ref.accession_number = order.accession_number();
  ref.placer_order_number = order.placer_order_number();
  ref.ordering_facility_id = order.ordering_facility_id();
  ref.recording_facility_id = order.recording_facility_id().empty() ? order.ordering_facility_id()
                                                                    : order.recording_facility_id();
  ref.performing_facility_id = order.routing().performing_facility_id();
  ref.patient.facility_id = order.patient().facility_id();
  ref.patient.facility_patient_id = order.patient().facility_patient_id();
  ref.patient.name_key = NameKey(order.patient().name());
  ref.patient.latin_key = NameKey(order.patient().name_latin());
  ref.patient.birth_date = order.patient().birth_date();
  ref.patient.sex = order.patient().sex();
  ref.live = IsLive(order.state());
  ref.provisional = order.origin() == orders::v1::ORDER_ORIGIN_DEVICE;
  ref.bound_order_id = order.bound_order_id();
  ref.priority = order.priority();
  ref.version = order.version();
  std::set<std::string> uids;
  for (const orders::v1::OrderItem& item : order.items()) {
    uids.insert(item.study_instance_uid());
    uids.insert(item.study_instance_uids().begin(), item.study_instance_uids().end());
  }
  uids.erase("");
  ref.study_instance_uids.assign(uids.begin(), uids.end());
  return ref;
}

// By id, each once.
absl::StatusOr<std::map<std::string, Study>> AffectedStudies(store::Transaction& tx,
                                                             const OrderRef& order) {
  std::map<std::string, Study> studies;
  const auto add = [&](absl::StatusOr<std::vector<Study>> found) -> absl::Status {
    TJ_TRY(found.status());
    for (Study& study : *found) studies.emplace(study.id, std::move(study));
    return absl::OkStatus();
  };
  for (const std::string& uid : order.study_instance_uids)
    TJ_TRY(add(StudiesOfNumbers(tx, uid, "", kStudiesMax)));
  for (const std::string& number : {order.accession_number, order.placer_order_number}) {
    if (!number.empty()) TJ_TRY(add(StudiesOfNumbers(tx, "", number, kStudiesMax)));
  }
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> linked, StudiesOfOrder(tx, order.order_id));
  for (const std::string& id : linked) {
    if (studies.contains(id)) continue;
    TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, security::Scope::Service(), id));
    studies.emplace(id, std::move(study));
  }
  return studies;
}

}  // namespace

absl::Status ApplyOrderEvent(store::Transaction& tx, const events::v1::Event& event,
                             const Matcher& matcher) {
  const auto changed = feed::As<events::v1::OrderChanged>(event);
  if (!changed) return absl::OkStatus();
  const OrderRef order = ReadOrder(changed->order());
  TJ_ASSIGN_OR_RETURN(const auto before, FindOrder(tx, order.order_id));
  TJ_ASSIGN_OR_RETURN(const bool written, PutOrder(tx, order));
  if (!written) return absl::OkStatus();
  const bool moved = before && before->performing_facility_id != order.performing_facility_id;
  TJ_ASSIGN_OR_RETURN(auto studies, AffectedStudies(tx, order));
  for (auto& [id, study] : studies) {
    TJ_ASSIGN_OR_RETURN(const bool matched, matcher.FollowOrder(tx, study, order.order_id));
    if (!matched && moved) TJ_TRY(matcher.RenewAudience(tx, study));
    if (matched || moved) TJ_TRY(SaveStudy(tx, study, News::kNow));
  }
  return absl::OkStatus();
}

}  // namespace tongjian::imaging
