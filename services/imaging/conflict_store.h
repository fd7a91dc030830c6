// Objects kept aside, and finished uploads, in the database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

absl::Status InsertConflict(store::Transaction& tx, const Conflict& conflict);
// The object with this content that is (or was) beside the instance, if any: by the file's digest,
// or by the data set's.
absl::StatusOr<std::optional<Conflict>> ConflictOf(store::Session& session,
                                                   std::string_view facility_id,
                                                   std::string_view sop_instance_uid,
                                                   std::string_view digest,
                                                   std::string_view dataset_digest);
// NOT_FOUND also when its study is out of scope.
absl::StatusOr<Conflict> FindConflict(store::Session& session, const security::Scope& scope,
                                      std::string_view id);
// Writes state, decision, locator and size.
absl::Status DecideConflict(store::Transaction& tx, const Conflict& conflict);
// Writes locator and size alone.
absl::Status SetConflictObject(store::Transaction& tx, const Conflict& conflict);

struct ConflictFilter {
  std::string study_id;
  bool decided = false;
  absl::Time after_received = absl::InfinitePast();
  std::string after_id;
};
// Oldest first, at most `limit`.
absl::StatusOr<std::vector<Conflict>> ListConflicts(store::Session& session,
                                                    const security::Scope& scope,
                                                    const ConflictFilter& filter, int64_t limit);

// What became of an upload, for a sender that asks again.
struct FinishedUpload {
  std::string sender;  // The facility that sent it.
  std::string upload_id;
  int64_t size = 0;
  std::string digest;
  StoreOutcome outcome = StoreOutcome::kStored;
  std::string sop_instance_uid;
  std::string study_id;
};
absl::Status PutUpload(store::Transaction& tx, const FinishedUpload& upload);
absl::StatusOr<std::optional<FinishedUpload>> FindUpload(store::Session& session,
                                                         std::string_view sender,
                                                         std::string_view upload_id);
absl::StatusOr<int64_t> TrimUploads(store::Transaction& tx, absl::Time before, int64_t limit);

}  // namespace tongjian::imaging
