// The same request twice has one effect.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/transaction.h"

namespace tongjian::store {

// Who asked what. `fingerprint` is a hash of the request's content (without the request id).
struct RequestKey {
  std::string caller;
  std::string method;
  std::string request_id;
  std::string fingerprint;
};

// Runs `work` the first time `key` is seen and remembers its response (any bytes) in the same
// transaction; afterwards answers the remembered response without running it. ALREADY_EXISTS with
// reason REQUEST_ID_REUSED when the request id came before with another fingerprint;
// INVALID_ARGUMENT for an empty request id. A failed `work` is not remembered, provided that the
// caller returns its status from the change.
absl::StatusOr<std::string> Once(Transaction& transaction, const RequestKey& key,
                                 const std::function<absl::StatusOr<std::string>()>& work);

// Forgets at most `limit` requests made before `before`; returns how many.
absl::StatusOr<int64_t> TrimRequests(Transaction& transaction, absl::Time before, int64_t limit);

}  // namespace tongjian::store
