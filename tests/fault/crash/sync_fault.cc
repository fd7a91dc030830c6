// Preloaded into a process under test: one fsync or fdatasync fails with EIO, as a dying disk's does.
// The file named by TJ_SYNC_FAULT says which: the first file synced whose path holds its text. It is
// removed with that failure, and every later sync reports success, as Linux does.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

bool Fails(int fd) {
  const char* const order = std::getenv("TJ_SYNC_FAULT");
  if (order == nullptr) return false;
  char wanted[256] = {};
  const int file = open(order, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t n = read(file, wanted, sizeof wanted - 1);
  close(file);
  char link[64];
  char path[4096] = {};
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (n <= 0 || readlink(link, path, sizeof path - 1) <= 0) return false;
  return std::strstr(path, wanted) != nullptr && unlink(order) == 0;
}

int Sync(const char* name, int fd) {
  if (Fails(fd)) {
    errno = EIO;
    return -1;
  }
  return reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fsync(int fd) { return Sync("fsync", fd); }
extern "C" int fdatasync(int fd) { return Sync("fdatasync", fd); }
