// How fast a lane may send: the measured rate, chunks and the window that follow from it. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/time/time.h"

namespace tongjian::edge {

// `pause` give or take a fifth: what failed together is not tried again together.
absl::Duration Jittered(absl::Duration pause);

// Under this rate (4 Mbit/s) chunks are small.
inline constexpr int64_t kSlowRate = 500'000;
inline constexpr int64_t kSmallChunk = 64 << 10;
inline constexpr int64_t kSmallestChunk = 16 << 10;
inline constexpr int64_t kLargeChunk = 1 << 20;

// 64 kB on slow and unknown links, 16 kB below 512 kbit/s, a sixteenth of a second up to 1 MiB on
// fast ones.
int64_t ChunkFor(int64_t rate);

// The pause before an object is tried again after `attempts` failed ones: 250 ms, doubling, at most 5
// minutes.
absl::Duration PauseAfter(int64_t attempts);
// The same for a broken stream after `breaks` without a success between: at most 15 s.
absl::Duration ReopenAfter(int64_t breaks);

// Counts what is on the way and measures how fast it is taken. `rate` is bytes a second, 0 while
// unknown. Not safe for concurrent use; `now` is time since some fixed moment.
class Pace {
 public:
  // What may be unacknowledged: a quarter of a second of the measured rate, at least one chunk.
  static constexpr absl::Duration kAhead = absl::Milliseconds(250);
  static constexpr int64_t kWindowMax = 8 << 20;

  // `bounded`: false for the urgent lane, whose window is the largest.
  explicit Pace(bool bounded) : bounded_(bounded) {}

  void Sent(const std::string& upload_id, int64_t end, int64_t bytes, absl::Duration now);
  // Everything of the upload up to `end` has arrived.
  void Taken(const std::string& upload_id, int64_t end, absl::Duration now);
  // The upload is over: nothing of it is on the way any more.
  void Over(const std::string& upload_id, absl::Duration now);
  // A new stream: nothing is on the way, and the line may be another: its rate is not known.
  void Reset();

  int64_t unacknowledged() const { return unacknowledged_; }
  int64_t rate() const { return rate_; }
  int64_t chunk() const { return ChunkFor(rate_); }
  int64_t window() const;
  bool open() const { return unacknowledged_ == 0 || unacknowledged_ + chunk() <= window(); }

 private:
  struct Piece {
    std::string upload_id;
    int64_t end;
    int64_t bytes;
  };
  void Count(int64_t bytes, absl::Duration now);

  const bool bounded_;
  std::deque<Piece> pieces_;
  int64_t unacknowledged_ = 0;
  int64_t rate_ = 0;
  int64_t counted_ = 0;   // Since the last sample,
  absl::Duration busy_;   // in so much time with something on the way;
  absl::Duration seen_;   // counted up to here.
};

}  // namespace tongjian::edge
