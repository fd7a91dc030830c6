#include "common/blob/memory_files.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"

namespace tongjian::blob {
namespace {

constexpr size_t kSector = 512;

absl::Status Absent(const std::string& path) {
  return absl::NotFoundError(absl::StrCat("no such file: ", path));
}

// `text` with `bytes` written at `offset`, a hole before it filled with zeros.
void WriteInto(std::string* text, int64_t offset, std::string_view bytes) {
  const auto at = static_cast<size_t>(offset);
  if (text->size() < at + bytes.size()) text->resize(at + bytes.size(), '\0');
  std::copy(bytes.begin(), bytes.end(), text->begin() + offset);
}

// What power loss leaves: the size of either, and each sector of either (or zeros where it has
// none).
std::string Tear(const std::string& durable, const std::string& now, std::mt19937_64& random) {
  const auto pick = [&] { return random() % 2 == 0; };
  std::string torn(pick() ? durable.size() : now.size(), '\0');
  for (size_t at = 0; at < torn.size(); at += kSector) {
    const std::string& from = pick() ? durable : now;
    if (at >= from.size()) continue;
    const size_t n = std::min({kSector, torn.size() - at, from.size() - at});
    torn.replace(at, n, from, at, n);
  }
  return torn;
}

}  // namespace

struct MemoryFiles::Inode {
  std::string now;
  std::string durable;
  absl::Time modified;
};

struct MemoryFiles::Node {
  std::shared_ptr<Inode> file;
  std::shared_ptr<Directory> directory;
};

// One change of a directory: names set, or taken away.
struct MemoryFiles::Change {
  std::vector<std::pair<std::string, std::optional<Node>>> names;
};

struct MemoryFiles::Directory {
  std::map<std::string, Node> now;
  std::map<std::string, Node> durable;
  std::vector<Change> pending;

  void Apply(Change change) {
    Put(change, &now);
    pending.push_back(std::move(change));
  }
  static void Put(const Change& change, std::map<std::string, Node>* names) {
    for (const auto& [name, node] : change.names) {
      if (node) {
        (*names)[name] = *node;
      } else {
        names->erase(name);
      }
    }
  }
};

class MemoryFile : public File {
 public:
  MemoryFile(MemoryFiles& files, std::shared_ptr<MemoryFiles::Inode> inode, int64_t life)
      : files_(files), inode_(std::move(inode)), life_(life) {}

  absl::Status WriteAt(int64_t offset, std::string_view bytes) override {
    std::lock_guard lock(files_.mutex_);
    return Change([&]() -> absl::Status {
      const int64_t end = offset + static_cast<int64_t>(bytes.size());
      const int64_t more = end - static_cast<int64_t>(inode_->now.size());
      if (more > files_.FreeNow()) {
        return absl::ResourceExhaustedError("no space left on device");
      }
      WriteInto(&inode_->now, offset, bytes);
      return absl::OkStatus();
    });
  }

  absl::StatusOr<std::string> ReadAt(int64_t offset, size_t n) override {
    std::lock_guard lock(files_.mutex_);
    TJ_TRY(CheckOpen());
    if (offset >= static_cast<int64_t>(inode_->now.size())) return std::string();
    return inode_->now.substr(static_cast<size_t>(offset), n);
  }

  absl::StatusOr<int64_t> Size() override {
    std::lock_guard lock(files_.mutex_);
    TJ_TRY(CheckOpen());
    return static_cast<int64_t>(inode_->now.size());
  }

  absl::Status Truncate(int64_t size) override {
    std::lock_guard lock(files_.mutex_);
    return Change([&] {
      inode_->now.resize(static_cast<size_t>(size), '\0');
      return absl::OkStatus();
    });
  }

  absl::Status PunchHole(int64_t offset, int64_t size) override {
    std::lock_guard lock(files_.mutex_);
    return Change([&] {
      std::fill_n(inode_->now.begin() + offset, size, '\0');
      return absl::OkStatus();
    });
  }

  absl::Status Sync() override {
    std::lock_guard lock(files_.mutex_);
    TJ_TRY(CheckOpen());
    bool half_done = false;
    TJ_TRY(files_.BeginChange(&half_done));
    TJ_TRY(files_.CheckSync());
    inode_->durable = inode_->now;
    return absl::OkStatus();
  }

 private:
  absl::Status CheckOpen() const {
    if (life_ != files_.life_)
      return absl::InternalError("the process that opened this file is gone");
    return files_.CheckPower();
  }

  template <class Work>
  absl::Status Change(const Work& work) {
    TJ_TRY(CheckOpen());
    bool half_done = false;
    const absl::Status begun = files_.BeginChange(&half_done);
    if (!begun.ok() && !half_done) return begun;
    const absl::Status done = work();
    inode_->modified = files_.clock_.Now();
    return begun.ok() ? done : begun;
  }

  MemoryFiles& files_;
  const std::shared_ptr<MemoryFiles::Inode> inode_;
  const int64_t life_;
};

MemoryFiles::MemoryFiles(const base::Clock& clock)
    : clock_(clock), root_(std::make_unique<Directory>()) {}
MemoryFiles::~MemoryFiles() = default;

absl::Status MemoryFiles::CheckPower() const {
  return off_ ? absl::InternalError("the power is off") : absl::OkStatus();
}

absl::Status MemoryFiles::CheckSync() const {
  return fail_syncs_ ? absl::InternalError("sync: input/output error") : absl::OkStatus();
}

absl::Status MemoryFiles::BeginChange(bool* half_done) {
  TJ_TRY(CheckPower());
  if (operations_++ != cut_at_) return absl::OkStatus();
  off_ = true;
  *half_done = random_() % 2 == 0;
  return CheckPower();
}

absl::StatusOr<MemoryFiles::Directory*> MemoryFiles::FindDirectory(const std::string& path) {
  Directory* directory = root_.get();
  size_t at = 1;
  while (at < path.size()) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const auto node = directory->now.find(path.substr(at, slash - at));
    if (node == directory->now.end() || node->second.directory == nullptr) return Absent(path);
    directory = node->second.directory.get();
    at = slash + 1;
  }
  return directory;
}

absl::StatusOr<std::pair<MemoryFiles::Directory*, std::string>> MemoryFiles::FindParent(
    const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return absl::InvalidArgumentError("paths begin with / here");
  TJ_ASSIGN_OR_RETURN(Directory* const directory, FindDirectory(path.substr(0, slash)));
  return std::make_pair(directory, path.substr(slash + 1));
}

absl::StatusOr<std::unique_ptr<File>> MemoryFiles::Open(const std::string& path, OpenMode mode) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  TJ_ASSIGN_OR_RETURN(const auto place, FindParent(path));
  const auto& [directory, name] = place;
  const auto node = directory->now.find(name);
  const bool present = node != directory->now.end() && node->second.file != nullptr;
  if (mode != OpenMode::kCreateNew) {
    if (!present) return Absent(path);
    return std::make_unique<MemoryFile>(*this, node->second.file, life_);
  }
  if (present) return absl::AlreadyExistsError(path);
  bool half_done = false;
  const absl::Status begun = BeginChange(&half_done);
  if (!begun.ok() && !half_done) return begun;
  auto inode = std::make_shared<Inode>();
  inode->modified = clock_.Now();
  directory->Apply({{{name, Node{inode, nullptr}}}});
  TJ_TRY(begun);
  return std::make_unique<MemoryFile>(*this, std::move(inode), life_);
}

absl::StatusOr<FileInfo> MemoryFiles::Info(const std::string& path) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  TJ_ASSIGN_OR_RETURN(const auto place, FindParent(path));
  const auto node = place.first->now.find(place.second);
  if (node == place.first->now.end()) return Absent(path);
  if (node->second.file == nullptr) return FileInfo{};
  return FileInfo{static_cast<int64_t>(node->second.file->now.size()), node->second.file->modified};
}

absl::Status MemoryFiles::Rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  TJ_ASSIGN_OR_RETURN(const auto source, FindParent(from));
  TJ_ASSIGN_OR_RETURN(const auto target, FindParent(to));
  if (source.first != target.first)
    return absl::InvalidArgumentError("a rename stays in its directory");
  const auto node = source.first->now.find(source.second);
  if (node == source.first->now.end()) return Absent(from);
  bool half_done = false;
  const absl::Status begun = BeginChange(&half_done);
  if (!begun.ok() && !half_done) return begun;
  source.first->Apply({{{source.second, std::nullopt}, {target.second, node->second}}});
  return begun;
}

absl::Status MemoryFiles::Remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  TJ_ASSIGN_OR_RETURN(const auto place, FindParent(path));
  if (place.first->now.count(place.second) == 0) return absl::OkStatus();
  bool half_done = false;
  const absl::Status begun = BeginChange(&half_done);
  if (!begun.ok() && !half_done) return begun;
  place.first->Apply({{{place.second, std::nullopt}}});
  return begun;
}

absl::Status MemoryFiles::MakeDirectory(const std::string& path) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  TJ_ASSIGN_OR_RETURN(const auto place, FindParent(path));
  if (place.first->now.count(place.second) > 0) return absl::OkStatus();
  bool half_done = false;
  const absl::Status begun = BeginChange(&half_done);
  if (!begun.ok() && !half_done) return begun;
  place.first->Apply({{{place.second, Node{nullptr, std::make_shared<Directory>()}}}});
  return begun;
}

absl::Status MemoryFiles::RemoveDirectory(const std::string& path) {
  {
    std::lock_guard lock(mutex_);
    TJ_TRY(CheckPower());
    const absl::StatusOr<Directory*> directory = FindDirectory(path);
    if (!directory.ok()) return absl::OkStatus();
    if (!(*directory)->now.empty())
      return absl::FailedPreconditionError("the directory is not empty");
  }
  return Remove(path);
}

absl::Status MemoryFiles::SyncDirectory(const std::string& path) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  TJ_ASSIGN_OR_RETURN(Directory* const directory, FindDirectory(path));
  bool half_done = false;
  TJ_TRY(BeginChange(&half_done));
  TJ_TRY(CheckSync());
  for (const Change& change : directory->pending) Directory::Put(change, &directory->durable);
  directory->pending.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryFiles::List(const std::string& directory) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  TJ_ASSIGN_OR_RETURN(Directory* const found, FindDirectory(directory));
  std::vector<std::string> names;
  for (const auto& [name, node] : found->now) names.push_back(name);
  return names;
}

int64_t MemoryFiles::UsedBytes(const Directory& directory) const {
  int64_t used = 0;
  for (const auto& [name, node] : directory.now) {
    used += node.file ? static_cast<int64_t>(node.file->now.size()) : UsedBytes(*node.directory);
  }
  return used;
}

absl::StatusOr<int64_t> MemoryFiles::FreeBytes(const std::string&) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  return FreeNow();
}

int64_t MemoryFiles::FreeNow() const {
  if (!capacity_) return std::numeric_limits<int64_t>::max();
  return std::max<int64_t>(0, *capacity_ - UsedBytes(*root_));
}

absl::StatusOr<std::shared_ptr<void>> MemoryFiles::Lock(const std::string& path) {
  std::lock_guard lock(mutex_);
  TJ_TRY(CheckPower());
  std::weak_ptr<void>& held = locks_[path];
  if (!held.expired())
    return absl::FailedPreconditionError(absl::StrCat(path, " is held by another process"));
  auto holder = std::make_shared<int>();
  held = holder;
  return std::shared_ptr<void>(holder);
}

int64_t MemoryFiles::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

void MemoryFiles::CutAfter(int64_t operations, uint64_t seed) {
  std::lock_guard lock(mutex_);
  cut_at_ = operations_ + operations;
  random_.seed(seed);
}

void MemoryFiles::RestartProcess() {
  std::lock_guard lock(mutex_);
  off_ = false;
  cut_at_ = -1;
  ++life_;
  locks_.clear();
}

void MemoryFiles::RestartMachine(uint64_t seed) {
  RestartProcess();
  std::lock_guard lock(mutex_);
  random_.seed(seed);
  LosePower(root_.get());
}

void MemoryFiles::LosePower(Directory* directory) {
  // Nothing, all or half of what was not synced: the first two are the common cases.
  const uint64_t kept_of_four = (random_() % 3) * 2;
  for (const Change& change : directory->pending) {
    if (random_() % 4 < kept_of_four) Directory::Put(change, &directory->durable);
  }
  directory->pending.clear();
  directory->now = directory->durable;
  for (auto& [name, node] : directory->now) {
    if (node.directory != nullptr) {
      LosePower(node.directory.get());
    } else if (node.file->now != node.file->durable) {
      node.file->now = Tear(node.file->durable, node.file->now, random_);
      node.file->durable = node.file->now;
    }
  }
}

void MemoryFiles::FailSyncs(bool fail) {
  std::lock_guard lock(mutex_);
  fail_syncs_ = fail;
}

void MemoryFiles::SetCapacity(int64_t bytes) {
  std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

absl::Status MemoryFiles::FlipBit(const std::string& path, int64_t offset, int bit) {
  std::lock_guard lock(mutex_);
  TJ_ASSIGN_OR_RETURN(const auto place, FindParent(path));
  const auto node = place.first->now.find(place.second);
  if (node == place.first->now.end() || node->second.file == nullptr) return Absent(path);
  std::string& text = node->second.file->now;
  if (offset < 0 || offset >= static_cast<int64_t>(text.size())) return Absent(path);
  text[static_cast<size_t>(offset)] ^= static_cast<char>(1 << bit);
  return absl::OkStatus();
}

}  // namespace tongjian::blob
