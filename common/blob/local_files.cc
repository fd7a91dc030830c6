#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/blob/files.h"

namespace tongjian::blob {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case ENOTEMPTY:
      return absl::StatusCode::kFailedPrecondition;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

// The status of the system call that has just failed.
absl::Status Failed(const char* call, const std::string& path) {
  const int error = errno;
  return absl::Status(CodeOf(error), absl::StrCat(call, " ", path, ": ", std::strerror(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

bool IsAligned(int64_t offset, std::string_view bytes) {
  return (static_cast<uint64_t>(offset) | bytes.size() |
          reinterpret_cast<uintptr_t>(bytes.data())) %
             kDirectAlignment ==
         0;
}

class LocalFile : public File {
 public:
  // `direct`: for writing past the cache, or -1.
  LocalFile(int fd, int direct, std::string path)
      : fd_(fd), direct_(direct), path_(std::move(path)) {}

  absl::Status WriteAt(int64_t offset, std::string_view bytes) override {
    bool direct = direct_.get() >= 0;
    while (!bytes.empty()) {
      direct = direct && IsAligned(offset, bytes);
      const int fd = direct ? direct_.get() : fd_.get();
      const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EINVAL && direct) {
        direct = false;  // The disk wants more than our alignment.
        continue;
      }
      if (n < 0) return Failed("write", path_);
      offset += n;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadAt(int64_t offset, size_t n) override {
    std::string bytes(n, '\0');
    size_t done = 0;
    while (done < n) {
      const ssize_t got =
          pread(fd_.get(), bytes.data() + done, n - done, offset + static_cast<int64_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Failed("read", path_);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  absl::StatusOr<int64_t> Size() override {
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) return Failed("stat", path_);
    return info.st_size;
  }

  absl::Status Truncate(int64_t size) override {
    if (ftruncate(fd_.get(), size) != 0) return Failed("truncate", path_);
    return absl::OkStatus();
  }

  absl::Status PunchHole(int64_t offset, int64_t size) override {
    constexpr int kMode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (fallocate(fd_.get(), kMode, offset, size) == 0 || errno == EOPNOTSUPP)
      return absl::OkStatus();
    return Failed("punch", path_);
  }

  // fdatasync writes the size too, and leaves out only times.
  absl::Status Sync() override {
    if (fdatasync(fd_.get()) != 0) return Failed("sync", path_);
    return absl::OkStatus();
  }

 private:
  const Descriptor fd_;
  const Descriptor direct_;
  const std::string path_;
};

class Local : public Files {
 public:
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC | O_NOFOLLOW;
    flags |= mode == OpenMode::kRead ? O_RDONLY : O_RDWR;
    if (mode == OpenMode::kCreateNew) flags |= O_CREAT | O_EXCL;
    const int fd = open(path.c_str(), flags, kFileMode);
    if (fd < 0) return Failed("open", path);
    const int direct = mode == OpenMode::kDirect
                           ? open(path.c_str(), O_CLOEXEC | O_NOFOLLOW | O_WRONLY | O_DIRECT)
                           : -1;
    return std::make_unique<LocalFile>(fd, direct, path);
  }

  absl::StatusOr<FileInfo> Info(const std::string& path) override {
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) return Failed("stat", path);
    return FileInfo{info.st_size, absl::TimeFromTimespec(info.st_mtim)};
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) return Failed("rename", from);
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("unlink", path);
    return absl::OkStatus();
  }

  absl::Status MakeDirectory(const std::string& path) override {
    if (mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) return Failed("mkdir", path);
    return absl::OkStatus();
  }

  absl::Status RemoveDirectory(const std::string& path) override {
    if (rmdir(path.c_str()) != 0 && errno != ENOENT) return Failed("rmdir", path);
    return absl::OkStatus();
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const Descriptor fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return Failed("open", path);
    if (fsync(fd.get()) != 0) return Failed("sync", path);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
    if (stream == nullptr) return Failed("open", directory);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    if (errno != 0) return Failed("list", directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::StatusOr<int64_t> FreeBytes(const std::string& directory) override {
    struct statvfs info;
    if (statvfs(directory.c_str(), &info) != 0) return Failed("statvfs", directory);
    return static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
  }

  absl::StatusOr<std::shared_ptr<void>> Lock(const std::string& path) override {
    auto fd =
        std::make_shared<Descriptor>(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
    if (fd->get() < 0) return Failed("open", path);
    if (flock(fd->get(), LOCK_EX | LOCK_NB) == 0) return std::shared_ptr<void>(fd);
    if (errno != EWOULDBLOCK) return Failed("lock", path);
    return absl::FailedPreconditionError(absl::StrCat(path, " is held by another process"));
  }
};

}  // namespace

Files& LocalFiles() {
  static Local files;
  return files;
}

}  // namespace tongjian::blob
