// The modality worklist: DICOM C-FIND answered from the orders that devices may record now.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/dicom/service.h"
#include "common/dicom/worklist_item.h"
#include "common/rpc/trail.h"
#include "common/store/database.h"
#include "services/orders/order.h"
#include "services/orders/order_store.h"
#include "services/orders/registry_facts.h"
#include "services/orders/worklist_store.h"

namespace tongjian::orders {

struct WorklistOptions {
  int responses_max = 2000;  // Of one query.
  absl::Duration unscheduled_age =
      absl::Hours(24 * 30);  // How long an order without a scheduled time stays on it.
};

// Who asks, as far as the hub knows it.
struct WorklistAsker {
  std::string ae_title;
  std::string facility_id;
  std::string charset;  // The device's; empty for UTF-8.
  bool certified = false;
};

// Safe for concurrent use; all it is given must outlive it. A device sees its own facility's orders
// alone: by its certificate, or where it has none by its AE title and address in the registry.
// Queries are in the audit trail.
class Worklist final : public dicom::FindHandler {
 public:
  Worklist(store::Database& database, const OrderStore& store, FactSource facts,
           const base::Clock& clock, rpc::AuditSink& audit, WorklistOptions options)
      : database_(database),
        store_(store),
        facts_(std::move(facts)),
        clock_(clock),
        audit_(audit),
        options_(options) {}

  absl::Status Find(const dicom::AssociationInfo& info, const dicom::FindRequest& request,
                    dicom::FindResponder& responder) override;

 private:
  absl::Status Answer(const WorklistAsker& asker, const dicom::FindRequest& request,
                      dicom::FindResponder& responder, rpc::Trail& trail);

  absl::StatusOr<std::vector<Order>> ReadChunk(const WorklistKey* begin, const WorklistKey* end,
                                               const security::Scope& scope) const;

  store::Database& database_;
  const OrderStore& store_;
  const FactSource facts_;
  const base::Clock& clock_;
  rpc::AuditSink& audit_;
  const WorklistOptions options_;
};

// PERMISSION_DENIED when the registry knows no such device, or several in different facilities.
absl::StatusOr<WorklistAsker> AskerOf(const dicom::AssociationInfo& info, const Facts& facts);

// One item of an order as a device reads it; what is not scheduled is scheduled `now`, on the
// device that asks (`ae_title`).
dicom::WorklistItem WorklistItemOf(const Order& order, const Item& item, const Facts& facts,
                                   absl::Time now, const std::string& ae_title);

}  // namespace tongjian::orders
