#include "common/security/void_tokens.h"

#include <algorithm>
#include <mutex>

namespace tongjian::security {

void VoidTokens::Set(std::string_view user_id, absl::Time tokens_from) {
  const std::unique_lock lock(mutex_);
  const auto [entry, added] = from_.try_emplace(std::string(user_id), tokens_from);
  if (!added) entry->second = std::max(entry->second, tokens_from);
}

bool VoidTokens::Contains(std::string_view user_id, absl::Time issued) const {
  const std::shared_lock lock(mutex_);
  const auto entry = from_.find(user_id);
  return entry != from_.end() && issued < entry->second;
}

}  // namespace tongjian::security
