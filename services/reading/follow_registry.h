// What reading makes of the feed "registry", beside its copy of names.
#pragma once

#include "common/feed/mirror.h"
#include "services/reading/evidence.h"

namespace tongjian::reading {

// Links, merges and unmerges are all the same: words stand for another patient. `evidence` must outlive the handler.
feed::Mirror::Changed FollowRegistry(const Evidence& evidence);

}  // namespace tongjian::reading
