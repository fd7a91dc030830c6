// A directory that gets its name only when it is whole.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::program {

// "<to>.part" until Publish; removed with all in it when destroyed before. Not safe for concurrent
// use.
class PartDirectory {
 public:
  // ALREADY_EXISTS when `to` or its ".part" is there.
  static absl::StatusOr<std::unique_ptr<PartDirectory>> Create(const std::string& to);
  ~PartDirectory();

  const std::string& path() const { return path_; }
  // The path of `relative` in it, with the directories above made (0700).
  absl::StatusOr<std::string> Place(const std::string& relative);
  // Durable under its name once this returns.
  absl::Status Publish();

 private:
  PartDirectory(std::string to, std::string path) : to_(std::move(to)), path_(std::move(path)) {}

  const std::string to_;
  const std::string path_;
  std::string last_made_;
  bool published_ = false;
};

}  // namespace tongjian::program
