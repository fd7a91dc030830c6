// The registry's facts, from the mirror of its feed.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/orders/facts.h"

namespace tongjian::feed {
class Mirror;
}

namespace tongjian::orders {

// Where routing, deadlines and the worklist get their facts: one call, one moment's copy.
using FactSource = std::function<std::shared_ptr<const Facts>()>;

// The changes of registry that are kept.
std::vector<std::string> MirroredTypes();

// Makes the facts anew when the mirror has changed, else gives out the same copy. Safe for
// concurrent use; `mirror` must outlive it.
class RegistryFacts {
 public:
  RegistryFacts(const feed::Mirror& mirror, absl::TimeZone zone) : mirror_(mirror), zone_(zone) {}
  std::shared_ptr<const Facts> Now() const;

 private:
  const feed::Mirror& mirror_;
  const absl::TimeZone zone_;
  mutable std::mutex mutex_;
  mutable int64_t revision_ = -1;
  mutable std::shared_ptr<const Facts> facts_;
};

}  // namespace tongjian::orders
