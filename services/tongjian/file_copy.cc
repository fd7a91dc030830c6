#include "services/tongjian/file_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/security/digest.h"

namespace tongjian::program {
namespace {

constexpr size_t kPiece = size_t{1} << 20;

// What errno says about a path.
absl::Status Failed(const char* what, const std::string& path) {
  const int code = errno;
  const std::string message = absl::StrCat(what, " ", path, ": ", std::strerror(code));
  switch (code) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EEXIST:
      return absl::AlreadyExistsError(message);
    case ENOSPC:
    case EDQUOT:
      return base::Error(absl::StatusCode::kResourceExhausted, "STORAGE_FULL", "", message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InternalError(message);
  }
}

// An open file.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  const int number_;
};

absl::Status WriteWhole(int file, const char* bytes, size_t size, const std::string& path) {
  while (size > 0) {
    const ssize_t written = write(file, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("cannot write", path);
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

// Reads `path` to its end and hashes its beginning; what is read goes to `to`, unless that is -1.
absl::StatusOr<FileDigest> Read(const std::string& path, int64_t hashed, int to,
                                const std::string& to_path) {
  const Descriptor from(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.open()) return Failed("cannot open", path);
  security::Sha256 hash;
  FileDigest digest;
  std::vector<char> piece(kPiece);
  while (true) {
    const ssize_t size = read(*from, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Failed("cannot read", path);
    if (size == 0) break;
    const int64_t room = std::min<int64_t>(size, std::max<int64_t>(hashed - digest.size, 0));
    hash.Update({piece.data(), static_cast<size_t>(room)});
    digest.size += size;
    if (to >= 0) TJ_TRY(WriteWhole(to, piece.data(), static_cast<size_t>(size), to_path));
  }
  digest.sha256 = absl::BytesToHexString(hash.Finish());
  return digest;
}

absl::Status SyncDirectory(const std::string& path) {
  const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open()) return Failed("cannot open", path);
  return fsync(*directory) == 0 ? absl::OkStatus() : Failed("cannot sync", path);
}

}  // namespace

absl::StatusOr<FileDigest> DigestOf(const std::string& path, int64_t hashed) {
  return Read(path, hashed, -1, "");
}

absl::StatusOr<FileDigest> CopyFile(const std::string& from, const std::string& to, unsigned mode,
                                    int64_t hashed) {
  if (access(from.c_str(), F_OK) != 0) return Failed("cannot open", from);
  const Descriptor copy(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!copy.open()) return Failed("cannot make", to);
  absl::StatusOr<FileDigest> digest = Read(from, hashed, *copy, to);
  if (digest.ok() && fchmod(*copy, mode & 0777) != 0) digest = Failed("cannot set the mode of", to);
  if (!digest.ok()) unlink(to.c_str());
  return digest;
}

absl::Status CopyTail(const std::string& from, const std::string& to, int64_t offset) {
  const Descriptor source(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.open()) return Failed("cannot open", from);
  const Descriptor copy(open(to.c_str(), O_WRONLY | O_CLOEXEC));
  if (!copy.open()) return Failed("cannot open", to);
  if (lseek(*copy, offset, SEEK_SET) < 0) return Failed("cannot seek in", to);
  std::vector<char> piece(kPiece);
  while (true) {
    const ssize_t size = pread(*source, piece.data(), piece.size(), offset);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Failed("cannot read", from);
    if (size == 0) return absl::OkStatus();
    TJ_TRY(WriteWhole(*copy, piece.data(), static_cast<size_t>(size), to));
    offset += size;
  }
}

absl::Status LinkOrCopy(const std::string& from, const std::string& to, bool copy) {
  if (!copy) {
    if (link(from.c_str(), to.c_str()) == 0 || errno == EEXIST) return absl::OkStatus();
    const bool impossible =
        errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP;
    if (!impossible) return Failed("cannot link", from);
  }
  const absl::Status copied = CopyFile(from, to, 0600).status();
  return absl::IsAlreadyExists(copied) ? absl::OkStatus() : copied;
}

absl::Status SyncAll(const std::string& directory) {
  const Descriptor file(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.open()) return Failed("cannot open", directory);
  return syncfs(*file) == 0 ? absl::OkStatus() : Failed("cannot sync", directory);
}

absl::Status PublishDirectory(const std::string& from, const std::string& to) {
  // rename would replace an empty directory.
  if (access(to.c_str(), F_OK) == 0) {
    errno = EEXIST;
    return Failed("cannot make", to);
  }
  if (rename(from.c_str(), to.c_str()) != 0) return Failed("cannot make", to);
  const std::string parent = std::filesystem::path(to).parent_path().string();
  return SyncDirectory(parent.empty() ? "." : parent);
}

}  // namespace tongjian::program
