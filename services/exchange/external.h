// Results made elsewhere: a hospital's own PACS, RIS or LIS.
#pragma once

#include <string>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/store/database.h"
#include "services/exchange/asked.h"
#include "services/exchange/registry_facts.h"
#include "tongjian/exchange/v1/result.pb.h"

namespace tongjian::exchange {

// Completes and checks what a publisher says, without the database: publisher, codes from the catalog, one version.
absl::StatusOr<v1::Result> CheckExternal(const Asked& asked, const v1::Result& stated, const Facts& facts);

// Safe for concurrent use; what it is given must outlive it.
class External {
 public:
  External(store::Database& database, base::Ids& ids) : database_(database), ids_(ids) {}

  // `stated`: as CheckExternal gives it, with its patient_id. The same source version twice has one effect, a newer one
  // amends, an older one that comes late changes nothing; the answer is the result as it is now. FAILED_PRECONDITION
  // (IDENTITY_NOT_CONFIRMED) for a final version of somebody whose identity is not confirmed, unless it holds a critical
  // finding: that goes out as preliminary. ALREADY_EXISTS when that source version came with another content.
  absl::StatusOr<v1::Result> Publish(const Asked& asked, const v1::Result& stated) const;
  absl::StatusOr<v1::Result> Retract(const Asked& asked, const v1::RetractExternalResultRequest& request) const;

 private:
  absl::StatusOr<std::string> PublishIn(store::Transaction& tx, const Asked& asked, const v1::Result& stated) const;
  absl::StatusOr<v1::Result> Read(const Asked& asked, const std::string& id) const;

  store::Database& database_;
  base::Ids& ids_;
};

}  // namespace tongjian::exchange
