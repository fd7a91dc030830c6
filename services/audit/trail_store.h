// The audit service's records: the chain, what it is found by, and signed heads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/audit/chain.h"

namespace tongjian::audit {

// What entries to list; empty fields don't filter.
struct EntryFilter {
  std::string patient_id;
  std::string object_id;
  std::string actor;
  std::string facility_id;
  std::optional<absl::Time> from;
  std::optional<absl::Time> to;
};

// All SQL of the audit service. Safe for concurrent use; `database` must outlive it.
class TrailStore {
 public:
  explicit TrailStore(store::Database& database) : database_(database) {}

  // Adds the next link; false when one with the same `digest` stands in the chain already (a feed
  // that began anew). The digest is of what makes the record this one.
  static absl::StatusOr<bool> Append(store::Transaction& tx, std::string_view source,
                                     std::string_view record, const EntryIndex& index,
                                     std::string_view digest);
  // The same with the record's own digest.
  static absl::StatusOr<bool> Append(store::Transaction& tx, std::string_view source,
                                     std::string_view record, const EntryIndex& index);
  // Digest `digest` of a facility's number stands for `patient_id` from now on.
  static absl::Status LinkPatient(store::Transaction& tx, std::string_view digest,
                                  std::string_view patient_id);

  // Newest first, before sequence `before` (0: from the newest), at most `limit`.
  absl::StatusOr<std::vector<Link>> List(const security::Scope& scope, const EntryFilter& filter,
                                         int64_t before, int64_t limit);

  // Every entry from `from` on in order, with the copies it is found by, in pages; `see` must not
  // call back. Reads what somebody has tampered with: a record that is no base64 comes as the text
  // that stands there, a number that is none as 0, a time that is none as InfinitePast.
  absl::Status ForEach(int64_t from,
                       const std::function<void(const Link&, const EntryIndex&)>& see);
  // How many entries have a sequence of at most `last`, and at least `first` unless that is 1.
  absl::StatusOr<int64_t> Count(int64_t first, int64_t last);
  // What is wrong with the database's own indexes, in its words and without anybody's data; empty
  // when each leads to every entry, and on PostgreSQL, which has its own tools for that.
  absl::StatusOr<std::vector<std::string>> BrokenIndexes();
  // Hash of an entry; empty when there is none.
  absl::StatusOr<std::string> HashAt(int64_t sequence);
  // Sequence and hash of the newest entry; 0 and kGenesisHash when there is none.
  absl::StatusOr<Link> Tail();

  absl::Status SaveHead(const Head& head);
  absl::StatusOr<std::optional<Head>> NewestHead();
  // Heads from `from` on in order, at most `limit`.
  absl::StatusOr<std::vector<Head>> Heads(int64_t from, int64_t limit);

  // Keeps a signed head that a gateway knows and that the chain contradicts; false when it is known
  // already.
  absl::StatusOr<bool> SaveWitness(const Head& head, std::string_view facility_id, absl::Time now);
  // All of these, at most `limit`.
  absl::StatusOr<std::vector<Head>> Witnesses(int64_t limit);

  store::Database& database() { return database_; }

 private:
  store::Database& database_;
};

}  // namespace tongjian::audit
