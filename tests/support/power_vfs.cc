#include "tests/support/power_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <new>
#include <vector>

namespace tongjian::testing {
namespace {

constexpr int kPathMax = 512;
constexpr int kNewLog = SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;

int CodeOf(const absl::Status& status, int code) {
  if (status.ok()) return SQLITE_OK;
  return absl::IsResourceExhausted(status) ? SQLITE_FULL : code;
}

}  // namespace

struct PowerVfs::Shared {
  std::mutex mutex;
  int sharers = 0;
  const void* reserver = nullptr;
  const void* excluder = nullptr;  // PENDING or EXCLUSIVE
  std::array<int, SQLITE_SHM_NLOCK> slots{};  // > 0: so many share it; -1: held alone.
  std::vector<std::unique_ptr<char[]>> regions;
};

namespace {

// One open file of SQLite's.
struct OpenFile {
  PowerVfs& vfs;
  const std::string path;
  const std::unique_ptr<blob::File> file;
  const std::shared_ptr<PowerVfs::Shared> shared;
  bool sync_directory = false;
  bool remove_at_close = false;
  int lock = SQLITE_LOCK_NONE;
};

struct Handle {
  sqlite3_file base;
  OpenFile* open;
};

OpenFile& Of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file)->open; }

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

int Close(sqlite3_file* file) {
  OpenFile* const open = &Of(file);
  if (open->remove_at_close) open->vfs.files().Remove(open->path).IgnoreError();
  delete open;
  return SQLITE_OK;
}

int Read(sqlite3_file* file, void* to, int n, sqlite3_int64 offset) {
  const auto bytes = Of(file).file->ReadAt(offset, static_cast<size_t>(n));
  if (!bytes.ok()) return SQLITE_IOERR_READ;
  std::memcpy(to, bytes->data(), bytes->size());
  if (bytes->size() == static_cast<size_t>(n)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + bytes->size(), 0, static_cast<size_t>(n) - bytes->size());
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* file, const void* from, int n, sqlite3_int64 offset) {
  const std::string_view bytes(static_cast<const char*>(from), static_cast<size_t>(n));
  return CodeOf(Of(file).file->WriteAt(offset, bytes), SQLITE_IOERR_WRITE);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return CodeOf(Of(file).file->Truncate(size), SQLITE_IOERR_TRUNCATE);
}

int Sync(sqlite3_file* file, int) {
  OpenFile& open = Of(file);
  if (!open.file->Sync().ok()) return SQLITE_IOERR_FSYNC;
  if (!open.sync_directory) return SQLITE_OK;
  if (!open.vfs.files().SyncDirectory(DirectoryOf(open.path)).ok()) return SQLITE_IOERR_DIR_FSYNC;
  open.sync_directory = false;
  return SQLITE_OK;
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  const auto found = Of(file).file->Size();
  if (!found.ok()) return SQLITE_IOERR_FSTAT;
  *size = *found;
  return SQLITE_OK;
}

int Lock(sqlite3_file* file, int wanted) {
  OpenFile& open = Of(file);
  PowerVfs::Shared& shared = *open.shared;
  const std::lock_guard lock(shared.mutex);
  if (open.lock >= wanted) return SQLITE_OK;
  if (shared.excluder != nullptr && shared.excluder != &open) return SQLITE_BUSY;
  if (wanted == SQLITE_LOCK_SHARED) {
    ++shared.sharers;
  } else if (wanted == SQLITE_LOCK_RESERVED) {
    if (shared.reserver != nullptr && shared.reserver != &open) return SQLITE_BUSY;
    shared.reserver = &open;
  } else {
    if (shared.reserver != nullptr && shared.reserver != &open) return SQLITE_BUSY;
    shared.excluder = &open;  // Keeps newcomers away while it waits for the others.
    if (shared.sharers > 1) {
      open.lock = SQLITE_LOCK_PENDING;
      return SQLITE_BUSY;
    }
  }
  open.lock = wanted;
  return SQLITE_OK;
}

int Unlock(sqlite3_file* file, int wanted) {
  OpenFile& open = Of(file);
  PowerVfs::Shared& shared = *open.shared;
  const std::lock_guard lock(shared.mutex);
  if (open.lock <= wanted) return SQLITE_OK;
  if (shared.excluder == &open) shared.excluder = nullptr;
  if (shared.reserver == &open) shared.reserver = nullptr;
  if (wanted == SQLITE_LOCK_NONE) --shared.sharers;
  open.lock = wanted;
  return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file* file, int* reserved) {
  PowerVfs::Shared& shared = *Of(file).shared;
  const std::lock_guard lock(shared.mutex);
  *reserved = shared.reserver != nullptr;
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return 512; }
int Characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** address) {
  PowerVfs::Shared& shared = *Of(file).shared;
  const std::lock_guard lock(shared.mutex);
  const auto wanted = static_cast<size_t>(region) + 1;
  while (extend != 0 && shared.regions.size() < wanted) {
    shared.regions.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));
  }
  *address = shared.regions.size() < wanted ? nullptr : shared.regions[wanted - 1].get();
  return SQLITE_OK;
}

int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
  PowerVfs::Shared& shared = *Of(file).shared;
  const std::lock_guard lock(shared.mutex);
  const auto begin = shared.slots.begin() + offset;
  const auto end = begin + n;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    std::for_each(begin, end, [&](int& slot) { slot = slot > 0 ? slot - 1 : 0; });
    return SQLITE_OK;
  }
  const bool alone = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if (std::any_of(begin, end, [&](int slot) { return alone ? slot != 0 : slot < 0; })) {
    return SQLITE_BUSY;
  }
  std::for_each(begin, end, [&](int& slot) { slot = alone ? -1 : slot + 1; });
  return SQLITE_OK;
}

void ShmBarrier(sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); }
int ShmUnmap(sqlite3_file*, int) { return SQLITE_OK; }

constexpr sqlite3_io_methods kMethods = {
    2,           Close,        Read,       Write,           Truncate,
    Sync,        FileSize,     Lock,       Unlock,          CheckReservedLock,
    FileControl, SectorSize,   Characteristics, ShmMap,     ShmLock,
    ShmBarrier,  ShmUnmap,     nullptr,    nullptr};

PowerVfs& Self(sqlite3_vfs* vfs) { return *static_cast<PowerVfs*>(vfs->pAppData); }
sqlite3_vfs* Own() { return sqlite3_vfs_find("unix"); }

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* const handle = reinterpret_cast<Handle*>(file);
  handle->base.pMethods = nullptr;
  if (name == nullptr) return SQLITE_CANTOPEN;  // A temporary file: those are in memory.
  PowerVfs& self = Self(vfs);
  auto opened = self.files().Open(name, blob::OpenMode::kWrite);
  const bool made = absl::IsNotFound(opened.status()) && (flags & SQLITE_OPEN_CREATE) != 0;
  if (made) opened = self.files().Open(name, blob::OpenMode::kCreateNew);
  if (!opened.ok()) return SQLITE_CANTOPEN;
  handle->open = new OpenFile{self,
                              name,
                              *std::move(opened),
                              self.SharedOf(name),
                              made && (flags & kNewLog) != 0,
                              (flags & SQLITE_OPEN_DELETEONCLOSE) != 0};
  handle->base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  blob::MemoryFiles& files = Self(vfs).files();
  const absl::Status present = files.Info(name).status();
  if (absl::IsNotFound(present)) return SQLITE_IOERR_DELETE_NOENT;
  if (!present.ok() || !files.Remove(name).ok()) return SQLITE_IOERR_DELETE;
  if (sync_directory == 0) return SQLITE_OK;
  return CodeOf(files.SyncDirectory(DirectoryOf(name)), SQLITE_IOERR_DIR_FSYNC);
}

int Access(sqlite3_vfs* vfs, const char* name, int, int* there) {
  const absl::Status present = Self(vfs).files().Info(name).status();
  *there = present.ok();
  return present.ok() || absl::IsNotFound(present) ? SQLITE_OK : SQLITE_IOERR_ACCESS;
}

int FullPathname(sqlite3_vfs*, const char* name, int size, char* to) {
  sqlite3_snprintf(size, to, "%s", name);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int n, char* to) { return Own()->xRandomness(Own(), n, to); }
int Sleep(sqlite3_vfs*, int microseconds) { return Own()->xSleep(Own(), microseconds); }
int CurrentTime(sqlite3_vfs*, double* now) { return Own()->xCurrentTime(Own(), now); }
int CurrentTime64(sqlite3_vfs*, sqlite3_int64* now) {
  return Own()->xCurrentTimeInt64(Own(), now);
}
int LastError(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

PowerVfs::PowerVfs(blob::MemoryFiles& files)
    : files_(files), vfs_(std::make_unique<sqlite3_vfs>()) {
  *vfs_ = {};
  vfs_->iVersion = 2;
  vfs_->szOsFile = sizeof(Handle);
  vfs_->mxPathname = kPathMax;
  vfs_->zName = "power";
  vfs_->pAppData = this;
  vfs_->xOpen = Open;
  vfs_->xDelete = Delete;
  vfs_->xAccess = Access;
  vfs_->xFullPathname = FullPathname;
  vfs_->xRandomness = Randomness;
  vfs_->xSleep = Sleep;
  vfs_->xCurrentTime = CurrentTime;
  vfs_->xGetLastError = LastError;
  vfs_->xCurrentTimeInt64 = CurrentTime64;
  sqlite3_vfs_register(vfs_.get(), 1);
}

PowerVfs::~PowerVfs() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(Own(), 1);
}

std::shared_ptr<PowerVfs::Shared> PowerVfs::SharedOf(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Shared> shared = shared_[path].lock();
  if (shared == nullptr) shared_[path] = shared = std::make_shared<Shared>();
  return shared;
}

}  // namespace tongjian::testing
