#include "services/orders/journal.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "common/feed/change.h"
#include "services/orders/order_codec.h"
#include "services/orders/state.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::orders {
namespace {

TimelineEntry EntryOf(const Order& order, const Deed& deed) {
  return {.sequence = order.version,
          .time = order.update_time,
          .state = order.state,
          .action = deed.action,
          .actor = deed.actor,
          .facility_id = deed.facility_id,
          .note = deed.note};
}

void Emit(store::Transaction& tx, const Order& order, const TimelineEntry& entry,
          std::vector<std::string> audience) {
  events::v1::OrderChanged changed;
  Encode(order, changed.mutable_order());
  Encode(entry, changed.mutable_entry());
  tx.Emit(feed::MakeEvent(kStream, order.id, std::move(audience), changed));
}

std::string LoadedCenter(const Order& order) {
  return IsLoad(order.state) ? order.routing.center_id : std::string();
}

}  // namespace

absl::Status Journal::Create(store::Transaction& tx, Order& order, const Deed& deed) const {
  order.version = 1;
  order.update_time = tx.Now();
  const TimelineEntry entry = EntryOf(order, deed);
  TJ_TRY(store_.Insert(tx, order, entry));
  Emit(tx, order, entry, Audience(order));
  const std::string center = LoadedCenter(order);
  if (!center.empty()) tx.AfterCommit([&load = load_, center] { load.Add(center, 1); });
  return absl::OkStatus();
}

absl::Status Journal::Change(store::Transaction& tx, const Order& before, Order& after,
                             const Deed& deed) const {
  after.version = before.version + 1;
  after.update_time = tx.Now();
  const TimelineEntry entry = EntryOf(after, deed);
  TJ_TRY(store_.Update(tx, before, after, entry));
  const std::vector<std::string> old = Audience(before);
  const std::vector<std::string> now = Audience(after);
  std::vector<std::string> both;
  std::set_union(old.begin(), old.end(), now.begin(), now.end(), std::back_inserter(both));
  Emit(tx, after, entry, std::move(both));
  const std::string from = LoadedCenter(before);
  const std::string to = LoadedCenter(after);
  if (from != to) {
    tx.AfterCommit([&load = load_, from, to] {
      load.Add(from, -1);
      load.Add(to, 1);
    });
  }
  return absl::OkStatus();
}

}  // namespace tongjian::orders
