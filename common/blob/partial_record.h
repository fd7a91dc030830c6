// How much of an upload's unfinished object is durable: a small file that survives restarts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/base/status.h"
#include "common/blob/disk.h"
#include "common/blob/files.h"
#include "common/blob/layout.h"

namespace tongjian::blob {

// The object's place, how many bytes of it are durable, and their hash.
struct PartialState {
  Place place;
  int64_t size = 0;
  std::string sha256;  // 32 bytes.
};

// The file of one upload: two slots of one sector each, written in turn, so that a torn write
// leaves the other. Not for concurrent use.
class PartialRecord {
 public:
  // What the file at `path` says; nothing when there is none, or none of its slots is whole.
  static absl::StatusOr<std::optional<PartialState>> Read(Files& files, const std::string& path);

  // Opens the file at `path`, making it if absent.
  static absl::StatusOr<std::unique_ptr<PartialRecord>> Open(Files& files, Disk& disk,
                                                             const std::string& path);
  // Durable on return (the file's name too); the content it speaks of must be so already.
  absl::Status Write(const PartialState& state);

 private:
  PartialRecord(Disk& disk, std::string path, std::unique_ptr<File> file)
      : disk_(disk), path_(std::move(path)), file_(std::move(file)) {}

  Disk& disk_;
  const std::string path_;
  const std::unique_ptr<File> file_;
  int next_slot_ = 0;
  bool name_durable_ = false;
};

}  // namespace tongjian::blob
