// Content (pixels, waveforms, slides, PDFs) kept durably and read back verified.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/status.h"

namespace tongjian::blob {

class Files;

// What is known of a stored object. `locator` is opaque text (at most 128 characters of
// [a-z0-9/.-]) for a row to keep.
struct Receipt {
  std::string locator;
  int64_t size = 0;
  std::string sha256;  // "sha256:<64 lower-case hexadecimal digits>" of the content.
};

// One object being written. Not for concurrent use; the store must outlive it. Dropped without
// Commit it leaves nothing, except that a partial (Store::OpenPartial) keeps what was flushed.
class Writer {
 public:
  virtual ~Writer() = default;
  // RESOURCE_EXHAUSTED when the disk is within its reserve or the object above its limit. After any
  // failure the writer is of no more use.
  virtual absl::Status Append(std::string_view bytes) = 0;
  // Bytes appended so far, those before a restart included.
  virtual int64_t size() const = 0;
  // Partials only: once it returns, the bytes up to committed_size() survive power loss and
  // OpenPartial finds them.
  virtual absl::Status Flush() = 0;
  virtual int64_t committed_size() const = 0;
  // The object is durable once this returns; write the row that names it after. When
  // `expected_sha256` ("sha256:<hex>") is given and differs, DATA_LOSS and nothing is kept, a
  // partial's flushed bytes neither. To be called once.
  virtual absl::StatusOr<Receipt> Commit(std::string_view expected_sha256 = {}) = 0;
  // Forgets the object, a partial's flushed bytes included.
  virtual absl::Status Discard() = 0;
};

// One object being read. Every byte is verified against checksums made when it was written;
// DATA_LOSS where it differs. Not for concurrent use; goes on working when the object is removed
// meanwhile; needs neither lock nor the store's life.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual const Receipt& receipt() const = 0;
  int64_t size() const { return receipt().size; }
  // Up to `n` bytes from `offset`; fewer only at the end. OUT_OF_RANGE when `offset` is beyond the
  // end.
  virtual absl::StatusOr<std::string> Read(int64_t offset, size_t n) = 0;
  // The next up to `n` bytes; empty at the end, where the whole content's hash has been verified
  // too.
  virtual absl::StatusOr<std::string> Next(size_t n) = 0;
};

// Reads on to the end: OK when all of it is as it was written, else the error of Reader::Next.
absl::Status Verify(Reader& reader);

struct StoreOptions {
  std::string directory;  // Made if absent, owned by this store alone (locked while open).
  int64_t reserve_bytes = int64_t{1} << 30;  // Writing stops while less is free. Reading goes on.
  int64_t object_bytes_max = int64_t{64} << 30;          // The largest object.
  // Objects up to this size, partials not, share files (pack_format.h) and are kept in memory until
  // they are complete; 0: each has its own file.
  int64_t packed_bytes_max = 0;
  absl::Duration partial_age_max = absl::Hours(24 * 7);  // Partials untouched for longer are swept.
  Files* files = nullptr;                                // nullptr: the machine's.
};

struct SweepReport {
  int64_t objects_seen = 0;
  int64_t orphans_removed = 0;
  int64_t bytes_removed = 0;
  int64_t unfinished_removed = 0;  // Files of writers that crashed, partials too old.
};

struct ScrubReport {
  int64_t objects = 0;
  int64_t bytes = 0;
  std::vector<std::string> damaged;  // Locators.
  std::string cursor;                // Where the next step goes on; empty after the last object.
};

struct StoreStats {
  int64_t objects_written = 0;
  int64_t bytes_written = 0;
  int64_t objects_removed = 0;
  int64_t writers_open = 0;
  int64_t directory_syncs = 0;
  int64_t sync_waiters = 0;  // Commits waiting for a sync that they share now.
  int64_t free_bytes = 0;         // -1 when unknown.
  bool read_only = false;         // A sync has failed: nothing is accepted until a restart.
};

// A content store. Safe for concurrent use; destroyed after its writers. A failed sync is final:
// from then on every write answers UNAVAILABLE until the process is restarted, reads go on.
class Store {
 public:
  // Keeps objects under a local directory. `clock` must outlive it. FAILED_PRECONDITION when
  // another store has the directory.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const StoreOptions& options,
                                                     const base::Clock& clock);
  virtual ~Store() = default;

  virtual absl::StatusOr<std::unique_ptr<Writer>> Create() = 0;
  // Goes on with the object of that upload, or begins it. `upload_id` is any text; ABORTED while
  // another writer has it.
  virtual absl::StatusOr<std::unique_ptr<Writer>> OpenPartial(std::string_view upload_id) = 0;
  // NOT_FOUND when there is no such object; INVALID_ARGUMENT when it is no locator; DATA_LOSS when
  // its end is damaged.
  virtual absl::StatusOr<std::unique_ptr<Reader>> OpenReader(std::string_view locator) = 0;
  // Call after the row is gone. OK also when there is no such object.
  virtual absl::Status Remove(std::string_view locator) = 0;

  // Removes objects older than `age` that no row names, and what crashed writers left. `age` must
  // exceed the longest time between a Commit and its row. Stops at the first error of `referenced`.
  // FAILED_PRECONDITION for as long as `age` after a jump of the wall clock, when ages mean
  // nothing.
  virtual absl::StatusOr<SweepReport> Sweep(
      absl::Duration age,
      const std::function<absl::StatusOr<bool>(std::string_view locator)>& referenced) = 0;
  // Verifies whole objects after `cursor` (empty: from the first) until `bytes_max` bytes are read.
  // Damage is reported, not an error.
  virtual absl::StatusOr<ScrubReport> Scrub(std::string_view cursor, int64_t bytes_max) = 0;

  // OK while writes would be accepted; otherwise what they would answer.
  virtual absl::Status Writable() const = 0;
  virtual StoreStats Stats() const = 0;
};

}  // namespace tongjian::blob
