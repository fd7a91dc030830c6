#include "services/edge/pace.h"

#include <algorithm>
#include <random>

namespace tongjian::edge {
namespace {

constexpr absl::Duration kSample = absl::Milliseconds(50);
constexpr int64_t kVerySlowRate = 64'000;
constexpr absl::Duration kPauseFirst = absl::Milliseconds(250);
constexpr absl::Duration kObjectPauseMax = absl::Minutes(5);
constexpr absl::Duration kStreamPauseMax = absl::Seconds(15);
constexpr int64_t kDoublingsMax = 12;

absl::Duration Pause(int64_t tries, absl::Duration longest) {
  const absl::Duration pause =
      kPauseFirst * (int64_t{1} << std::clamp<int64_t>(tries, 0, kDoublingsMax));
  return std::min(pause, longest);
}

}  // namespace

absl::Duration PauseAfter(int64_t attempts) {
  return Pause(attempts, kObjectPauseMax);
}

absl::Duration ReopenAfter(int64_t breaks) {
  return Pause(breaks, kStreamPauseMax);
}

int64_t ChunkFor(int64_t rate) {
  if (rate == 0) return kSmallChunk;
  if (rate < kVerySlowRate) return kSmallestChunk;
  if (rate < kSlowRate) return kSmallChunk;
  return std::clamp(rate / 16 / kSmallChunk * kSmallChunk, kSmallChunk, kLargeChunk);
}

int64_t Pace::window() const {
  if (!bounded_) return kWindowMax;
  const int64_t ahead = rate_ * absl::ToInt64Milliseconds(kAhead) / 1000;
  return std::clamp(ahead, chunk(), kWindowMax);
}

void Pace::Sent(const std::string& upload_id, int64_t end, int64_t bytes, absl::Duration now) {
  if (unacknowledged_ == 0) seen_ = now;  // The pause before it was nobody's work.
  pieces_.push_back({upload_id, end, bytes});
  unacknowledged_ += bytes;
}

void Pace::Count(int64_t bytes, absl::Duration now) {
  if (unacknowledged_ > 0) busy_ += now - seen_;
  seen_ = now;
  unacknowledged_ -= bytes;
  counted_ += bytes;
  if (counted_ == 0 || busy_ < kSample) return;
  const auto sample =
      static_cast<int64_t>(static_cast<double>(counted_) / absl::ToDoubleSeconds(busy_));
  rate_ = rate_ == 0 ? sample : (rate_ * 7 + sample * 3) / 10;
  counted_ = 0;
  busy_ = absl::ZeroDuration();
}

void Pace::Taken(const std::string& upload_id, int64_t end, absl::Duration now) {
  int64_t bytes = 0;
  std::erase_if(pieces_, [&](const Piece& piece) {
    if (piece.upload_id != upload_id || piece.end > end) return false;
    bytes += piece.bytes;
    return true;
  });
  Count(bytes, now);
}

void Pace::Over(const std::string& upload_id, absl::Duration now) {
  int64_t bytes = 0;
  std::erase_if(pieces_, [&](const Piece& piece) {
    if (piece.upload_id != upload_id) return false;
    bytes += piece.bytes;
    return true;
  });
  Count(bytes, now);
}

void Pace::Reset() {
  pieces_.clear();
  unacknowledged_ = 0;
  rate_ = 0;
  counted_ = 0;
  busy_ = absl::ZeroDuration();
}

absl::Duration Jittered(absl::Duration pause) {
  thread_local std::minstd_rand random(std::random_device{}());
  return pause * std::uniform_real_distribution<double>(0.8, 1.2)(random);
}

}  // namespace tongjian::edge
