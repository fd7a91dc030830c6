// After a restore of the hub from a backup: what it was told since is told again.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/caller.h"
#include "common/store/database.h"
#include "common/store/delivery.h"
#include "services/edge/restore_store.h"

namespace tongjian::edge {

class Outgoing;
class Spool;

// Orders, cancels and acknowledgements of the last `window` go again under their old request ids, in
// their old order: what the restored hub still has is not made twice. Safe for concurrent use; what
// it is given must outlive it.
class Resend {
 public:
  // `itself`: as whom the gateway repeats a cancel that it only forwarded.
  Resend(store::Database& database, Outgoing& outgoing, Spool& spool, security::Caller itself,
         absl::Duration window)
      : database_(database),
        outgoing_(outgoing),
        spool_(spool),
        itself_(std::move(itself)),
        window_(window) {}

  // In the transaction that forgets a cursor of the hub's former epoch.
  absl::Status OrdersForgotten(store::Transaction& tx);
  absl::Status ResultsForgotten(store::Transaction& tx);

  // Puts back what is next, some of it at a time; nothing when there was no restore.
  absl::Status Step();

 private:
  absl::Status StepOf(Forgetful who);
  absl::Status PutBack(store::Transaction& tx, const store::Delivery& delivery, bool has_cancel);

  store::Database& database_;
  Outgoing& outgoing_;
  Spool& spool_;
  const security::Caller itself_;
  const absl::Duration window_;
};

}  // namespace tongjian::edge
