// Whose call runs next when more come than run at once: facility by facility.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tongjian::rpc {

struct TurnLimits {
  int64_t running_max = 32;  // Calls that run at once; 0: all, and nothing below holds.
  // Of one facility. Fewer than running_max, so that a place is free when another's call comes.
  int64_t running_per_facility_max = 24;
  int64_t waiting_per_facility_max = 64;  // Calls of one facility that wait for their turn.
};

class Turns;

// A call that runs; its place goes to the next when this is destroyed.
class Turn {
 public:
  Turn(Turns& turns, std::string facility) : turns_(turns), facility_(std::move(facility)) {}
  ~Turn();
  Turn(const Turn&) = delete;

 private:
  Turns& turns_;
  const std::string facility_;
};

// Hands a bounded number of places to calls. A free place goes to the facility with the fewest
// running calls, of several to the one that was served longest ago, of its calls to the oldest:
// what one facility asks too much waits behind its own calls and nobody else's. Safe for concurrent
// use; must outlive its turns.
class Turns {
 public:
  explicit Turns(const TurnLimits& limits) : limits_(limits) {}

  // Waits for a place until `deadline` (the machine's clock). It is the calling thread that waits:
  // a sync handler's, of which gRPC makes as many as there are calls. RESOURCE_EXHAUSTED
  // (OVERLOADED) when `facility` has too many waiting, DEADLINE_EXCEEDED when its turn did not
  // come. `facility`: whoever the calls are counted for.
  absl::StatusOr<std::unique_ptr<Turn>> Take(std::string_view facility, absl::Time deadline);

  int64_t running() const;
  int64_t waiting() const;

 private:
  friend class Turn;
  struct Waiting {
    std::condition_variable called;
    bool may_run = false;
  };
  // Kept while it has calls.
  struct Line {
    int64_t running = 0;
    // When it was served last, else came: just before the last turn that was given then, so that
    // nobody who comes again and again overtakes it.
    int64_t served = 0;
    std::deque<Waiting*> waiting;
  };
  using Lines = std::map<std::string, Line, std::less<>>;

  void Leave(const std::string& facility);
  void GiveLocked(Line& line);
  void CallNextLocked();
  void ForgetLocked(Lines::iterator line);

  const TurnLimits limits_;
  mutable std::mutex mutex_;
  Lines lines_;
  int64_t running_ = 0;
  int64_t waiting_ = 0;
  int64_t given_ = 0;  // Twice the turns given.
};

}  // namespace tongjian::rpc
