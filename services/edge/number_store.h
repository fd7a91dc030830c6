// Accession numbers from the gateway's own leased blocks: always some ahead of need.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/id.h"
#include "common/store/database.h"

namespace tongjian::edge {

class Link;

// Durable; safe for concurrent use; what it is given must outlive it.
class Numbers {
 public:
  static constexpr int64_t kReserve = 2;  // Whole blocks beside the one in use.

  Numbers(store::Database& database, Link& link, base::Ids& ids, std::string facility_id,
          int64_t block_size)
      : database_(database),
        link_(link),
        ids_(ids),
        facility_id_(std::move(facility_id)),
        block_size_(block_size) {}

  // The next number, taken in the caller's transaction: undone with it. UNAVAILABLE
  // (HUB_UNREACHABLE) when all blocks are used up.
  static absl::StatusOr<std::string> Take(store::Transaction& tx);
  static absl::StatusOr<int64_t> Left(store::Session& session);

  // Leases blocks until the reserve is full. UNAVAILABLE while the hub is away.
  absl::Status Refill();

 private:
  absl::Status LeaseOne();

  store::Database& database_;
  Link& link_;
  base::Ids& ids_;
  const std::string facility_id_;
  const int64_t block_size_;
};

}  // namespace tongjian::edge
