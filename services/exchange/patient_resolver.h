// Finds the master patient of what a facility says: by the links that were told, else by asking the registry.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/rpc/channel.h"
#include "common/security/caller.h"
#include "common/store/database.h"
#include "tongjian/common/v1/types.pb.h"

namespace tongjian::exchange {

// The master patient of somebody's words.
struct Person {
  std::string patient_id;
  // By the facility's own number or a verified document. Name and birth date alone are two people's as easily as one's.
  bool certain = false;
};

// Safe for concurrent use; database and ids must outlive it. Never called within a transaction.
class PatientResolver {
 public:
  PatientResolver(store::Database& database, rpc::ChannelSource registry, rpc::OutgoingIdentity identity,
                  base::Ids& ids)
      : database_(database), registry_(std::move(registry)), identity_(std::move(identity)), ids_(ids) {}

  // UNAVAILABLE when the registry must be asked and is away.
  absl::StatusOr<Person> Resolve(const common::v1::PatientRef& patient, const security::Caller& behalf,
                                 absl::Duration timeout) const;

 private:
  store::Database& database_;
  const rpc::ChannelSource registry_;
  const rpc::OutgoingIdentity identity_;
  base::Ids& ids_;
};

}  // namespace tongjian::exchange
