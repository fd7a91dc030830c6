#include "common/security/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"

namespace tongjian::security {
namespace {

constexpr size_t kFileMax = 1 << 20;

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status Failed(const char* what, const std::string& path) {
  const int error = errno;
  return absl::InternalError(absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(error)));
}

absl::Status Refused(const std::string& path, const char* why) {
  return absl::FailedPreconditionError(absl::StrCat(path, " ", why));
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncDirectory(const std::string& directory) {
  const Descriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return Failed("open", directory);
  if (fsync(fd.get()) != 0) return Failed("sync", directory);
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteSynced(const std::string& path, std::string_view bytes, FileMode mode) {
  const Descriptor fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() < 0) return Failed("create", path);
  // Not left to open's mode: the umask would make a public file private.
  if (fchmod(fd.get(), static_cast<mode_t>(mode)) != 0) return Failed("set the mode of", path);
  TJ_TRY(WriteAll(fd.get(), bytes, path));
  if (fsync(fd.get()) != 0) return Failed("sync", path);
  return absl::OkStatus();
}

// Puts a complete temporary file in place by `place`, which returns 0 or sets errno.
template <class Place>
absl::Status WriteThen(const std::string& path, std::string_view bytes, FileMode mode,
                       Place place) {
  const std::string temporary = absl::StrCat(path, ".tmp-", base::RandomHex(8));
  absl::Status status = WriteSynced(temporary, bytes, mode);
  if (status.ok() && place(temporary) != 0) {
    status = errno == EEXIST ? absl::AlreadyExistsError(absl::StrCat(path, " exists"))
                             : Failed("put in place", path);
  }
  unlink(temporary.c_str());  // Gone already after a rename; never left behind otherwise.
  if (!status.ok()) return status;
  return SyncDirectory(DirectoryOf(path));
}

}  // namespace

absl::Status WriteDurably(const std::string& path, std::string_view bytes, FileMode mode) {
  return WriteThen(path, bytes, mode, [&](const std::string& temporary) {
    return std::rename(temporary.c_str(), path.c_str());
  });
}

absl::Status CreateDurably(const std::string& path, std::string_view bytes, FileMode mode) {
  // link() fails where rename() would replace: of two processes that create, one wins.
  return WriteThen(path, bytes, mode, [&](const std::string& temporary) {
    return link(temporary.c_str(), path.c_str());
  });
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, FileMode mode) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) {
    if (errno == ENOENT) return absl::NotFoundError(absl::StrCat(path, " not found"));
    return Refused(path, errno == EACCES ? "may not be read by this user" : "cannot be opened");
  }
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return Failed("examine", path);
  if (!S_ISREG(info.st_mode)) return Refused(path, "is not a regular file");
  if (mode == FileMode::kSecret && (info.st_mode & 077) != 0) {
    return Refused(path, "may be read by others: make it mode 0600");
  }
  std::string bytes;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", path);
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(got));
    if (bytes.size() > kFileMax) return Refused(path, "is larger than 1 MiB");
  }
}

absl::Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return SyncDirectory(DirectoryOf(path));
  if (errno == ENOENT) {
    TJ_TRY(MakeDirectory(DirectoryOf(path)));
    if (mkdir(path.c_str(), 0700) == 0) return SyncDirectory(DirectoryOf(path));
  }
  struct stat info;
  if (errno == EEXIST && stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return absl::OkStatus();
  }
  return Failed("make the directory", path);
}

}  // namespace tongjian::security
