// The directory: everything the registry holds but people's accounts and patients, one kind of
// record like the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tongjian::base {
class Ids;
}
namespace tongjian::security {
class Scope;
}
namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

// Writes records with their checks (kinds.h), their index, their etag and their event, and reads
// them. T is a message of registry.v1 with a Kind<T>; the functions are instantiated for each in
// directory.cc. A snapshot is the row, the answer and the event alike. Reading takes no scope: the
// directory is everybody's who may call at all (audience "*"); writing does. Safe for concurrent
// use; `ids` must outlive it.
class Directory {
 public:
  explicit Directory(base::Ids& ids) : ids_(ids) {}

  // ALREADY_EXISTS for an id or another unique value that is taken; INVALID_ARGUMENT for a field
  // out of its limits or naming a record that is not there. An empty id is filled in.
  template <class T>
  absl::StatusOr<T> Create(store::Transaction& tx, const security::Scope& scope, T record) const;
  // NOT_FOUND, FAILED_PRECONDITION (ETAG_MISMATCH), else as Create.
  template <class T>
  absl::StatusOr<T> Replace(store::Transaction& tx, const security::Scope& scope, T record) const;
  // Creates it or replaces it; an etag that is given must be the current one.
  template <class T>
  absl::StatusOr<T> Put(store::Transaction& tx, const security::Scope& scope, T record) const;

  // NOT_FOUND when it is not there.
  template <class T>
  static absl::StatusOr<T> Get(store::Session& session, std::string_view id);
  template <class T>
  static absl::StatusOr<bool> Exists(store::Session& session, std::string_view id);
  // Of a group of kinds.h (all when empty), by id, behind `after`, at most `limit`.
  template <class T>
  static absl::StatusOr<std::vector<T>> List(store::Session& session, std::string_view group,
                                             std::string_view after, int64_t limit);
  // The one that has a unique key of kinds.h; NOT_FOUND when none has.
  template <class T>
  static absl::StatusOr<T> GetUnique(store::Session& session, std::string_view unique_key);

 private:
  base::Ids& ids_;
};

}  // namespace tongjian::registry
