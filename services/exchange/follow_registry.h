// The feed "registry": patients' words are linked to their master patients. (The rest of the feed is mirrored:
// registry_facts.h.)
#pragma once

#include "common/feed/mirror.h"

namespace tongjian::exchange {

class Decisions;
class Publisher;

// For the mirror's every event. On merge and unmerge registry sends all words of a patient again: what has exactly these words
// follows. What it is given must outlive the mirror.
feed::Mirror::Changed FollowRegistry(const Publisher& publisher, const Decisions& decisions);

}  // namespace tongjian::exchange
