// The registry's news of accounts, as the doors of this process need them.
#pragma once

#include "common/feed/mirror.h"

namespace tongjian::security {
class VoidTokens;
}

namespace tongjian::feed {

// The type a mirror of the feed "registry" must keep for it.
inline constexpr char kAccountChanged[] = "AccountChanged";

// Tokens that the registry has made void are refused from now on. Before mirror.Start; `tokens`
// must outlive the mirror.
void RefuseVoidTokens(Mirror& mirror, security::VoidTokens& tokens);

}  // namespace tongjian::feed
