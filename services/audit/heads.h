// Signed heads: what makes a cut tail and a rewritten chain show.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/security/signature.h"
#include "services/audit/trail_store.h"

namespace tongjian::audit {

// Every head of a file of lines as Heads writes it. Lines that cannot be read (a crash while
// writing) are passed over; no file is no head.
absl::StatusOr<std::vector<Head>> ReadHeads(const std::string& path);

// Signs the newest entry's hash and keeps the head in two places: the table, and a file of its own
// in the state directory (one line each, appended and synced). Safe for concurrent use; `store` and
// `signer` must outlive it.
class Heads {
 public:
  Heads(TrailStore& store, security::Signer& signer, std::string file)
      : store_(store), signer_(signer), file_(std::move(file)) {}

  // Signs a head unless the newest entry has one. The newest head; sequence 0 while the trail is
  // empty.
  absl::StatusOr<Head> Sign();

  // Every head of the file.
  absl::StatusOr<std::vector<Head>> FromFile() const { return ReadHeads(file_); }

  // Whether the signature is the signer's over this sequence and hash.
  absl::Status Check(const Head& head) const;

 private:
  TrailStore& store_;
  security::Signer& signer_;
  const std::string file_;
  std::mutex mutex_;
};

}  // namespace tongjian::audit
