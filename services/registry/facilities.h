// Writing facilities and centers: what depends on other records than the one written.
#pragma once

#include "absl/status/statusor.h"
#include "services/registry/directory.h"

namespace tongjian::registry::v1 {
class Agreement;
class Center;
class Facility;
}  // namespace tongjian::registry::v1

namespace tongjian::registry {

// Stands on `directory`, which must outlive it; the same thread rule and errors.
class Facilities {
 public:
  explicit Facilities(const Directory& directory) : directory_(directory) {}

  // The names keep the history (facility.h: Renamed), the warnings are ours. INVALID_ARGUMENT when
  // the facility would stand above itself.
  absl::StatusOr<v1::Facility> Create(store::Transaction& tx, const security::Scope& scope,
                                      v1::Facility facility) const;
  absl::StatusOr<v1::Facility> Update(store::Transaction& tx, const security::Scope& scope,
                                      v1::Facility facility) const;

  // A fallback is of the same discipline and never leads back.
  absl::StatusOr<v1::Center> CreateCenter(store::Transaction& tx, const security::Scope& scope,
                                          const v1::Center& center) const;
  absl::StatusOr<v1::Center> UpdateCenter(store::Transaction& tx, const security::Scope& scope,
                                          const v1::Center& center) const;

  // The agreement's last day becomes `to`, which is not before its first.
  absl::StatusOr<v1::Agreement> EndAgreement(store::Transaction& tx, const security::Scope& scope,
                                             std::string_view id, std::string_view to) const;

 private:
  const Directory& directory_;
};

}  // namespace tongjian::registry
