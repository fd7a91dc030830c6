// The directory's rows: records of any kind by id, by group and by what must be unique.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

// One record with its snapshot as bytes.
struct RecordRow {
  std::string id;
  int64_t version = 0;
  std::string bytes;
  absl::Time updated;
  std::string facility_id = {};  // As in the index; set when read.
};

// By what a record is found, beside its id.
struct RecordIndex {
  std::string facility_id;           // Whose it is; empty: the hub's.
  std::vector<std::string> groups;   // It is listed in each of these.
  std::vector<std::string> uniques;  // No other record of its kind has any of these.
};

absl::StatusOr<std::optional<RecordRow>> FindRecord(store::Session& session, std::string_view kind,
                                                    std::string_view id);

// Who has this unique key; empty when nobody has.
absl::StatusOr<std::string> FindUnique(store::Session& session, std::string_view kind,
                                       std::string_view unique_key);

// Records of the group (of the kind when empty) in the order of ids, behind `after`, at most
// `limit`.
absl::StatusOr<std::vector<RecordRow>> ListRecords(store::Session& session, std::string_view kind,
                                                   std::string_view group, std::string_view after,
                                                   int64_t limit);

// Both: ALREADY_EXISTS naming the unique key another record has. Replace: FAILED_PRECONDITION
// (ETAG_MISMATCH) unless the row has version row.version - 1; NOT_FOUND when it is not there.
absl::Status InsertRecord(store::Transaction& tx, std::string_view kind, const RecordRow& row,
                          const RecordIndex& index);
absl::Status ReplaceRecord(store::Transaction& tx, std::string_view kind, const RecordRow& row,
                           const RecordIndex& index);

// The error of a write with an etag that is no longer current.
absl::Status EtagMismatch();

}  // namespace tongjian::registry
