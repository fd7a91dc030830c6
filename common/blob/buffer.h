// Bytes that a write can take past the cache: they begin at a multiple of kDirectAlignment.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "common/base/check.h"
#include "common/blob/files.h"

namespace tongjian::blob {

// Grows as needed. For one thread.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&&) = delete;

  size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  char* data() { return bytes_.get(); }

  void Reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    capacity = (std::max(capacity, 2 * capacity_) + kDirectAlignment - 1) / kDirectAlignment *
               kDirectAlignment;
    std::unique_ptr<char, Free> grown(
        static_cast<char*>(std::aligned_alloc(kDirectAlignment, capacity)));
    TJ_CHECK(grown != nullptr);
    if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }
  // What is added is zeros.
  void Resize(size_t size) {
    Reserve(size);
    if (size > size_) std::memset(bytes_.get() + size_, 0, size - size_);
    size_ = size;
  }
  void Append(std::string_view bytes) {
    Reserve(size_ + bytes.size());
    if (!bytes.empty()) std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<char, Free> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tongjian::blob
