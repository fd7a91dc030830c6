#include "services/edge/resend.h"

#include <optional>
#include <set>

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/edge/order_store.h"
#include "services/edge/outgoing.h"
#include "services/edge/result_store.h"
#include "services/edge/spool_store.h"
#include "tongjian/orders/v1/order_service.pb.h"

namespace tongjian::edge {
namespace {

constexpr int64_t kAtOnce = 100;

bool Concerns(Forgetful who, const store::Delivery& delivery) {
  return (delivery.kind == kAcknowledgeDelivery) == (who == Forgetful::kResults);
}

}  // namespace

absl::Status Resend::OrdersForgotten(store::Transaction& tx) {
  TJ_TRY(ForgetVersions(tx));
  TJ_TRY(NoteRestore(tx, Forgetful::kOrders));
  // What the hub refused then it may take now.
  return spool_.Retry(tx, "").status();
}

absl::Status Resend::ResultsForgotten(store::Transaction& tx) {
  TJ_TRY(ForgetResultVersions(tx));
  return NoteRestore(tx, Forgetful::kResults);
}

absl::Status Resend::Step() {
  TJ_TRY(StepOf(Forgetful::kOrders));
  return StepOf(Forgetful::kResults);
}

absl::Status Resend::StepOf(Forgetful who) {
  std::optional<HubRestore> restore;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(restore, FindRestore(session, who));
    return absl::OkStatus();
  }));
  if (!restore || restore->finished) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const store::DeliveryPage page,
                      outgoing_.Delivered(restore->after_id, kAtOnce));
  std::vector<store::Delivery> again;
  std::set<std::string> with_cancel;
  for (const store::Delivery& delivery : page.deliveries) {
    restore->after_id = delivery.id;
    // What was made since the notice went to the restored hub.
    if (delivery.created > restore->noticed || delivery.created < restore->noticed - window_ ||
        !Concerns(who, delivery)) {
      continue;
    }
    again.push_back(delivery);
    if (delivery.kind != kCreateDelivery) continue;
    TJ_ASSIGN_OR_RETURN(const bool has, outgoing_.HasCancel(delivery.destination));
    if (has) with_cancel.insert(delivery.destination);
  }
  restore->resent += static_cast<int64_t>(again.size());
  restore->finished = page.next_after == 0;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    for (const store::Delivery& delivery : again) {
      TJ_TRY(PutBack(tx, delivery, with_cancel.count(delivery.destination) > 0));
    }
    return SaveRestore(tx, who, *restore);
  }));
  if (restore->finished) {
    telemetry::Log(telemetry::Level::kWarning, "sent_again_after_restore_of_hub",
                   {{"orders", who == Forgetful::kOrders}, {"deliveries", restore->resent}});
  }
  return absl::OkStatus();
}

absl::Status Resend::PutBack(store::Transaction& tx, const store::Delivery& delivery,
                             bool has_cancel) {
  TJ_TRY(outgoing_.Repeat(tx, delivery.id));
  if (delivery.kind != kCreateDelivery) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const std::optional<ClinicOrder> canceled,
                      KeepCanceled(tx, delivery.destination));
  if (!canceled || has_cancel) return absl::OkStatus();
  // It was cancelled at the hub itself, which may have forgotten that.
  orders::v1::CancelOrderRequest request;
  request.set_request_id("restored-" + delivery.destination);
  request.set_id(canceled->order.id());
  request.set_reason(canceled->order.note().empty() ? "cancelled before the hub was restored"
                                                    : canceled->order.note());
  request.set_recognized_result_id(canceled->order.recognized_result_id());
  return outgoing_.Cancel(tx, itself_, delivery.destination, request);
}

}  // namespace tongjian::edge
