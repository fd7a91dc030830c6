// Backups of a state directory, also while its hub or gateway runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace tongjian::program {

// Told how far a long work is: what is being done, files and bytes so far. May be empty.
using OnProgress = std::function<void(const char* step, int64_t files, int64_t bytes)>;

struct BackupOptions {
  std::string state;
  std::string to;     // Must not exist; made with what is above it.
  std::string ca;     // Directories the process was given elsewhere; they go to <to>/ca and
  std::string keys;   // <to>/keys. Empty: what there is lies under `state`.
  bool copy = false;  // Copy objects also where they could be hard links.
};

struct BackupReport {
  int64_t databases = 0;
  int64_t objects = 0;
  int64_t files = 0;  // The rest: keys, certificates, signed heads.
  int64_t bytes = 0;
  int64_t damaged = 0;  // Objects whose footer does not hold, copied as they are.
};

// Everything acknowledged before it begins is in the backup. The order is what makes it so:
//   1. keys and files. The signed heads come before the trail, so that each finds its entry there.
//   2. every object that is there (a second name keeps what is deleted from now on);
//   3. all databases, begun at the same moment, each one snapshot: services agree but for what was
//      on its way between them, which their feeds bring again;
//   4. the objects that came meanwhile: an object is durable before its row, so each row of 3 finds
//      its object. (An object both stored and deleted between 2 and 4 is not there: what a gateway
//      has delivered and dropped in that time.)
//   5. the manifest; sync; and only then the name. Until then it is `<to>.part`.
// Not in it: unfinished uploads, whose senders begin again. ALREADY_EXISTS when `to` or `<to>.part`
// is there; FAILED_PRECONDITION when `state` holds no SQLite database. Nothing is left after a
// failure.
absl::StatusOr<BackupReport> MakeBackup(const BackupOptions& options, const base::Clock& clock,
                                        const OnProgress& progress);

struct RestoreReport {
  int64_t databases = 0;
  int64_t files = 0;
  int64_t bytes = 0;
};

// Makes the state directory `to` from the backup `from`: every file checked against the manifest,
// every object against its own hash, and a new feed epoch in every database, so that whoever
// follows is told (CURSOR_FOREIGN). ALREADY_EXISTS when `to` is there; DATA_LOSS naming the first
// file that does not hold. Nothing is left after a failure.
absl::StatusOr<RestoreReport> RestoreBackup(const std::string& from, const std::string& to,
                                            const base::Clock& clock, const OnProgress& progress);

// Gives the records of `services` in the PostgreSQL database `url` new feed epochs, after its own
// tools restored it and before a hub runs on it. INVALID_ARGUMENT when the url is not PostgreSQL's.
absl::Status RenewEpochs(const std::string& url, const std::vector<std::string>& services,
                         const base::Clock& clock);

}  // namespace tongjian::program
