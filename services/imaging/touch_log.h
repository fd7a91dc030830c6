// The audit trail of a sender that brings thousands of objects: one record per study, in the
// transaction of its first object.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/rpc/trail.h"
#include "common/store/transaction.h"
#include "services/imaging/ingest.h"

namespace tongjian::imaging {

// Of one stream or association. Safe for concurrent use; `clock` must outlive it.
class TouchLog {
 public:
  TouchLog(rpc::Deed deed, const base::Clock& clock) : deed_(std::move(deed)), clock_(clock) {}

  // Writes the record of `stored`'s study unless one is durable already.
  absl::Status WriteIn(store::Transaction& tx, const Stored& stored);
  // The transaction is durable.
  void Done(const Stored& stored);

  const rpc::Deed& deed() const { return deed_; }

 private:
  static constexpr size_t kStudiesMax =
      4096;  // Beyond, a study may get a second record: better than none.

  const rpc::Deed deed_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::set<std::string> studies_;
};

}  // namespace tongjian::imaging
