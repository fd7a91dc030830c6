// Bearer tokens that no longer hold although they have not expired.
#pragma once

#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace tongjian::security {

// From when on an account's tokens hold: one issued before its account was closed or changed is
// refused. Filled from the registry's news, asked by the door on every call. One entry for each
// account that was ever changed. Safe for concurrent use.
class VoidTokens {
 public:
  // The later time of several holds.
  void Set(std::string_view user_id, absl::Time tokens_from);
  bool Contains(std::string_view user_id, absl::Time issued) const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, absl::Time, std::less<>> from_;
};

}  // namespace tongjian::security
