// How many calls may run at once: from one peer, and in all.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tongjian::rpc {

struct LoadLimits {
  int64_t unary_max = 512;           // Unary calls from outside, running at once.
  int64_t unary_per_peer_max = 64;   // Of one peer.
  int64_t stream_max = 4096;         // Open streams from outside.
  int64_t stream_per_peer_max = 64;  // Of one peer.
  absl::Duration retry_after = absl::Milliseconds(500);
};

class Load;

class Turn;

// One place taken; given back when destroyed, with the turn that came with it.
class Admission {
 public:
  Admission(Load& load, std::string_view peer, bool stream);
  ~Admission();
  Admission(const Admission&) = delete;

  void Hold(std::unique_ptr<Turn> turn);

 private:
  Load& load_;
  const std::string peer_;
  const bool stream_;
  std::unique_ptr<Turn> turn_;
};

// Counts calls from outside; calls between services of one process are never counted (a cap on them
// starves the outer call that waits for the nested one). Safe for concurrent use; must outlive its
// admissions.
class Load {
 public:
  explicit Load(const LoadLimits& limits) : limits_(limits) {}

  // RESOURCE_EXHAUSTED (OVERLOADED) when the peer or all of them have too much running. `peer`: its
  // certificate where it showed one (clinics behind one address are several), else its address
  // without the port.
  absl::StatusOr<std::unique_ptr<Admission>> Admit(std::string_view peer, bool stream);

  int64_t running(bool stream) const;
  const LoadLimits& limits() const { return limits_; }

 private:
  friend class Admission;
  struct Side {
    int64_t all = 0;
    std::map<std::string, int64_t, std::less<>> by_peer;
  };
  void Leave(const std::string& peer, bool stream);

  const LoadLimits limits_;
  mutable std::mutex mutex_;
  Side sides_[2];  // [stream]
};

}  // namespace tongjian::rpc
