#include "services/tongjian/part_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "common/security/key_file.h"
#include "services/tongjian/file_copy.h"

namespace tongjian::program {

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<PartDirectory>> PartDirectory::Create(const std::string& to) {
  const std::string target(absl::StripSuffix(to, "/"));
  std::error_code error;
  if (fs::exists(target, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat(target, " is there already: name a new directory"));
  }
  const std::string parent = fs::absolute(target, error).parent_path().string();
  TJ_TRY(security::MakeDirectory(parent));
  const std::string part = target + ".part";
  if (mkdir(part.c_str(), 0700) != 0) {
    if (errno == EEXIST) {
      return absl::AlreadyExistsError(absl::StrCat(
          part, " is there: another one is being made, or one was broken off; remove it then"));
    }
    return absl::InternalError(absl::StrCat("cannot make ", part, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<PartDirectory>(new PartDirectory(target, part));
}

PartDirectory::~PartDirectory() {
  std::error_code error;
  if (!published_) fs::remove_all(path_, error);
}

absl::StatusOr<std::string> PartDirectory::Place(const std::string& relative) {
  const fs::path path = fs::path(path_) / relative;
  const std::string parent = path.parent_path().string();
  if (parent != last_made_) {
    // Durable with everything else at the end.
    std::string made = path_;
    for (const fs::path& step : fs::path(relative).parent_path()) {
      absl::StrAppend(&made, "/", step.string());
      if (mkdir(made.c_str(), 0700) != 0 && errno != EEXIST) {
        return absl::InternalError(absl::StrCat("cannot make ", made, ": ", std::strerror(errno)));
      }
    }
    last_made_ = parent;
  }
  return path.string();
}

absl::Status PartDirectory::Publish() {
  TJ_TRY(SyncAll(path_));
  TJ_TRY(PublishDirectory(path_, to_));
  published_ = true;
  return absl::OkStatus();
}

}  // namespace tongjian::program
