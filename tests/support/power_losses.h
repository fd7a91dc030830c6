// The plug pulled at each file operation of a stretch of work, over seeds.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace tongjian::testing {

// A Rig(seed) keeps promises on blob::MemoryFiles: Work() is one stretch of it (false once a file
// operation failed), LosePower(choice) restarts on what a power loss leaves. `check` then holds what
// is there against what was promised. `points` losses of each of `seeds` seeds, or of the one in
// TONGJIAN_CRASH_SEED; ends at the first failure.
template <class Rig>
void LosePowerEverywhere(uint64_t seeds, int64_t points,
                         const std::function<void(Rig&, int64_t point)>& check) {
  const char* only = std::getenv("TONGJIAN_CRASH_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? seeds : first;
  const auto operations_of_work = [](uint64_t seed) {
    Rig rig(seed);
    EXPECT_TRUE(rig.Work());  // The first one sets up besides.
    const int64_t before = rig.files().operations();
    EXPECT_TRUE(rig.Work() && rig.Work());
    return (rig.files().operations() - before) / 2;
  };
  int64_t losses = 0;
  for (uint64_t seed = first; seed <= last && !::testing::Test::HasFailure(); ++seed) {
    const int64_t operations = operations_of_work(seed);
    ASSERT_GT(operations, 0);
    Rig rig(seed);
    for (int64_t point = 0; point < points && !::testing::Test::HasFailure(); ++point, ++losses) {
      SCOPED_TRACE(absl::StrCat("TONGJIAN_CRASH_SEED=", seed, ", point ", point));
      const uint64_t choice = seed * 7919 + static_cast<uint64_t>(point);
      rig.files().CutAfter(point % operations, choice);
      rig.Work();
      rig.LosePower(choice);
      check(rig, point);
    }
  }
  std::cout << losses << " power losses" << std::endl;
}

}  // namespace tongjian::testing
