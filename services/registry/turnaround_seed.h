// The turnaround targets a new hub starts with.
#pragma once

#include <vector>

namespace tongjian::registry::v1 {
class TurnaroundTarget;
}

namespace tongjian::registry {

// domain/rules.md 2.8 and 3.9, each with its source; where a class or a start is our own choice the
// source says [design].
std::vector<v1::TurnaroundTarget> TurnaroundSeed();

}  // namespace tongjian::registry
