// Verifying the trail as a whole.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "services/audit/chain.h"
#include "services/audit/heads.h"
#include "services/audit/trail_store.h"

namespace tongjian::audit {

struct Verification {
  int64_t entries = 0;
  std::vector<Fault> faults;
  bool intact() const { return faults.empty(); }
};

// Walks the chain from entry `from` (1: all of it), compares what entries are found by with what
// their records say, and holds it against every signed head of the table, of the heads file, of
// gateways that contradicted it, and against `known`, heads kept elsewhere. `walked` is told how
// many entries were walked after every thousand or so.
absl::StatusOr<Verification> Verify(TrailStore& store, const Heads& heads, int64_t from,
                                    const std::vector<Head>& known,
                                    const std::function<void(int64_t)>& walked = nullptr);

}  // namespace tongjian::audit
