// The feed "registry": patients' words are linked to their master patients. (The rest of the feed
// is mirrored: registry_facts.h.)
#pragma once

#include "common/feed/mirror.h"
#include "services/orders/news.h"

namespace tongjian::orders {

// For the mirror's every event. On merge and unmerge registry sends all words of a patient again:
// orders with exactly these words follow. `parts` must outlive the mirror.
feed::Mirror::Changed FollowRegistry(const NewsParts& parts);

}  // namespace tongjian::orders
