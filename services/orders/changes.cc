#include "services/orders/changes.h"

#include <optional>
#include <utility>

#include "common/rpc/trail.h"
#include "common/store/idempotency.h"

namespace tongjian::orders {
namespace {

// Request ids are a facility's own: its HIS may ask directly and through the gateway and mean the
// same order.
store::RequestKey KeyOf(const Asked& asked) {
  const security::Caller& origin = security::Originator(asked.caller);
  std::string caller = origin.facility_id.empty() ? security::Describe(asked.caller)
                                                  : "facility:" + origin.facility_id;
  return {.caller = std::move(caller),
          .method = asked.method,
          .request_id = asked.request_id,
          .fingerprint = asked.fingerprint};
}

}  // namespace

Deed DeedOf(const Asked& asked, std::string action, std::string note) {
  return {.action = std::move(action),
          .actor = security::Describe(asked.caller),
          .facility_id = security::Originator(asked.caller).facility_id,
          .note = std::move(note)};
}

void Touch(rpc::Trail* trail, const Order& order) {
  if (trail == nullptr) return;
  trail->TouchObject(order.id);
  trail->TouchFacilityPatient(order.patient.facility_id, order.patient.facility_patient_id,
                              order.patient.patient_id);
}

absl::StatusOr<Order> Changes::Run(const Asked& asked, const Work& work) const {
  std::optional<Order> done;
  std::string id;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    done.reset();
    TJ_ASSIGN_OR_RETURN(id, store::Once(tx, KeyOf(asked), [&]() -> absl::StatusOr<std::string> {
                          Order order;
                          TJ_TRY(work(tx, order));
                          Touch(asked.trail, order);
                          if (asked.trail != nullptr) TJ_TRY(asked.trail->WriteIn(tx));
                          done = order;
                          return order.id;
                        }));
    return absl::OkStatus();
  }));
  if (done) return *std::move(done);
  absl::StatusOr<Order> known = absl::InternalError("not read");
  TJ_TRY(database_.Read([&](store::Session& session) {
    known = store_.Find(session, asked.scope, id);
    return known.status();
  }));
  Touch(asked.trail, *known);
  return known;
}

absl::StatusOr<Order> Changes::ChangeOne(const Asked& asked, const std::string& id,
                                         const Deed& deed, const Work& work) const {
  return Run(asked, [&](store::Transaction& tx, Order& order) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Order before, store_.Find(tx, asked.scope, id));
    order = before;
    TJ_TRY(work(tx, order));
    return journal_.Change(tx, before, order, deed);
  });
}

}  // namespace tongjian::orders
