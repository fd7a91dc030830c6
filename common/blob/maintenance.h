// The slow work on a whole store: removing what no row names, and reading everything from time to
// time.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/blob/core.h"

namespace tongjian::blob {

using IsReferenced = std::function<absl::StatusOr<bool>(std::string_view locator)>;

// One sweep (Store::Sweep). Holds the names of one bucket and of the partials in memory, no more.
class Sweep {
 public:
  Sweep(Core& core, absl::Duration age, const IsReferenced& referenced)
      : core_(core), age_(age), referenced_(referenced), now_(core.clock.Now()) {}
  // `last_bucket`: where new objects go; it stays even when empty, as does the one before.
  absl::StatusOr<SweepReport> Run(int64_t last_bucket);

 private:
  absl::Status SweepPartials();
  absl::Status SweepPartial(const std::string& name);
  absl::Status SweepBucket(const std::string& bucket, bool removable);
  absl::Status SweepObject(const Place& place);
  absl::Status SweepUnfinished(const Place& place, const char* suffix);
  absl::Status SweepPack(const std::string& pack);
  absl::Status SweepHeadless(const std::string& path, bool growing);
  absl::Status SweepRecord(PackScan& scan, const std::string& pack, const PackItem& item,
                           bool* in_use, std::vector<PackItem>* spent);
  absl::Status Reclaim(PackScan& scan, const std::vector<PackItem>& spent);
  // Whether nothing was written to the file for that long; false when it is gone.
  absl::StatusOr<bool> IsOlder(const std::string& path, absl::Duration age, int64_t* size);

  Core& core_;
  const absl::Duration age_;
  const IsReferenced& referenced_;
  const absl::Time now_;
  std::set<std::string> kept_partials_;  // Locators of the unfinished objects that a record names.
  SweepReport report_;
};

// Store::Scrub.
absl::StatusOr<ScrubReport> ScrubObjects(Core& core, std::string_view cursor, int64_t bytes_max);

// The names of all buckets, in order.
absl::StatusOr<std::vector<std::string>> ListBuckets(Core& core);
// The names in one; none when it is gone.
absl::StatusOr<std::vector<std::string>> ListBucket(Core& core, const std::string& bucket);

}  // namespace tongjian::blob
