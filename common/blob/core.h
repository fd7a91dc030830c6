// What the parts of one open store share.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/base/clock.h"
#include "common/blob/disk.h"
#include "common/blob/layout.h"
#include "common/blob/packs.h"
#include "common/blob/store.h"

namespace tongjian::blob {

// Who has which unfinished file or upload, so that two writers, or a writer and the sweep, never
// work on the same. Safe for concurrent use; outlives its claims.
class Claims {
 public:
  // Given back when destroyed.
  class Claim {
   public:
    Claim(Claim&& other) noexcept
        : claims_(std::exchange(other.claims_, nullptr)), key_(std::move(other.key_)) {}
    ~Claim() {
      if (claims_ != nullptr) claims_->Release(key_);
    }
    const std::string& key() const { return key_; }

   private:
    friend class Claims;
    Claim(Claims* claims, std::string key) : claims_(claims), key_(std::move(key)) {}
    Claims* claims_;
    std::string key_;
  };

  // Nothing while another has it.
  std::optional<Claim> Take(const std::string& key) {
    std::lock_guard lock(mutex_);
    if (!taken_.insert(key).second) return std::nullopt;
    return Claim(this, key);
  }

 private:
  void Release(const std::string& key) {
    std::lock_guard lock(mutex_);
    taken_.erase(key);
  }

  std::mutex mutex_;
  std::set<std::string> taken_;
};

struct Core {
  Core(const StoreOptions& store_options, const base::Clock& store_clock, Files& store_files)
      : options(store_options),
        clock(store_clock),
        files(store_files),
        layout(store_options.directory),
        disk(store_files, store_options.directory, store_options.reserve_bytes),
        packs(store_files, disk, layout, store_clock) {}

  const StoreOptions options;
  const base::Clock& clock;
  Files& files;
  const Layout layout;
  Disk disk;
  Packs packs;
  Claims claims;
  std::atomic<int64_t> objects_written{0};
  std::atomic<int64_t> bytes_written{0};
  std::atomic<int64_t> objects_removed{0};
  std::atomic<int64_t> writers_open{0};
};

}  // namespace tongjian::blob
