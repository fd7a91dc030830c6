#include "services/tongjian/backup.h"

#include <sys/stat.h>

#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "common/blob/files.h"
#include "common/blob/layout.h"
#include "common/blob/pack_format.h"
#include "common/runtime/layout.h"
#include "common/store/database.h"
#include "services/tongjian/file_copy.h"
#include "services/tongjian/manifest.h"
#include "services/tongjian/part_directory.h"

namespace tongjian::program {
namespace {

namespace fs = std::filesystem;

absl::Status Unlisted(const fs::path& path) {
  return absl::InternalError(absl::StrCat("cannot list ", path.string()));
}

// The names in a directory, none when it is not there.
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  if (!fs::exists(directory, error)) return names;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return Unlisted(directory);
  return names;
}

// One backup being made.
class Copying {
 public:
  Copying(const BackupOptions& options, const base::Clock& clock, const OnProgress& progress,
          PartDirectory& part)
      : options_(options), clock_(clock), progress_(progress), part_(part) {}

  absl::Status Run() {
    TJ_TRY(CopyFiles());
    TJ_TRY(TakeObjects());
    TJ_TRY(TakeDatabases());
    TJ_TRY(TakeObjects());
    return WriteManifest(part_.path(), [this](const ManifestEntry& entry) { Count(entry); });
  }

  const BackupReport& report() const { return report_; }

 private:
  // Everything of the state directory but databases, objects and what only holds while it runs.
  absl::Status CopyFiles() {
    TJ_ASSIGN_OR_RETURN(const auto names, NamesIn(options_.state));
    const std::string ports = fs::path(runtime::PortsFile("")).filename().string();
    for (const std::string& name : names) {
      if (name == "db" || name == "blobs" || name == ports) continue;
      if (name == "keys" && !options_.keys.empty()) continue;
      TJ_TRY(CopyTree(fs::path(options_.state) / name, name));
    }
    if (!options_.keys.empty()) TJ_TRY(CopyTree(options_.keys, "keys"));
    const bool has_ca = fs::exists(fs::path(part_.path()) / "ca");
    if (!options_.ca.empty() && !has_ca) TJ_TRY(CopyTree(options_.ca, "ca"));
    return absl::OkStatus();
  }

  absl::Status CopyTree(const fs::path& from, const std::string& to) {
    struct stat status = {};
    // Temporary files come and go while the hub runs.
    if (stat(from.c_str(), &status) != 0) return absl::OkStatus();
    if (S_ISDIR(status.st_mode)) {
      TJ_ASSIGN_OR_RETURN(const auto names, NamesIn(from.string()));
      for (const std::string& name : names)
        TJ_TRY(CopyTree(from / name, absl::StrCat(to, "/", name)));
      return absl::OkStatus();
    }
    if (!S_ISREG(status.st_mode)) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const std::string place, part_.Place(to));
    const absl::Status copied = CopyFile(from.string(), place, status.st_mode).status();
    return absl::IsNotFound(copied) ? absl::OkStatus() : copied;
  }

  absl::Status TakeObjects() {
    TJ_ASSIGN_OR_RETURN(const auto services, NamesIn(runtime::BlobDirectory(options_.state, "")));
    for (const std::string& service : services) {
      const blob::Layout layout(runtime::BlobDirectory(options_.state, service));
      TJ_ASSIGN_OR_RETURN(const auto buckets, NamesIn(layout.Objects()));
      for (const std::string& bucket : buckets) {
        if (blob::IsBucketName(bucket)) TJ_TRY(TakeBucket(layout, service, bucket));
      }
      TJ_ASSIGN_OR_RETURN(const auto packs, NamesIn(layout.Packs()));
      for (const std::string& pack : packs) {
        if (blob::IsBucketName(pack)) TJ_TRY(TakePack(layout, service, pack));
      }
    }
    return absl::OkStatus();
  }

  // Copied, for it grows and its records' heads change. The second time only what may have been
  // added: what was there and has been removed since may be named by a row of the databases taken
  // in between.
  absl::Status TakePack(const blob::Layout& layout, const std::string& service,
                        const std::string& pack) {
    const std::string from = layout.Pack(pack);
    TJ_ASSIGN_OR_RETURN(const std::string place,
                        part_.Place(absl::StrCat("blobs/", service, "/packs/", pack)));
    absl::Status taken;
    if (const auto before = durable_.find(place); before != durable_.end()) {
      taken = CopyTail(from, place, before->second);
    } else {
      // Asked before it is copied, so that all up to there is in the copy.
      const absl::StatusOr<int64_t> durable = blob::DurableBefore(blob::LocalFiles(), from);
      if (!durable.ok()) return absl::IsNotFound(durable.status()) ? absl::OkStatus() : durable.status();
      durable_[place] = *durable;
      taken = CopyFile(from, place, 0600).status();
    }
    Tell("objects", ++seen_, 0);
    return absl::IsNotFound(taken) ? absl::OkStatus() : taken;
  }

  absl::Status TakeBucket(const blob::Layout& layout, const std::string& service,
                          const std::string& bucket) {
    TJ_ASSIGN_OR_RETURN(const auto names, NamesIn(layout.Bucket(bucket)));
    for (const std::string& name : names) {
      if (!blob::IsObjectName(name)) continue;  // Being written.
      TJ_ASSIGN_OR_RETURN(
          const std::string place,
          part_.Place(absl::StrCat("blobs/", service, "/objects/", bucket, "/", name)));
      const absl::Status taken = LinkOrCopy(layout.Object({bucket, name}), place, options_.copy);
      if (!taken.ok() && !absl::IsNotFound(taken)) return taken;
      Tell("objects", ++seen_, 0);
    }
    return absl::OkStatus();
  }

  absl::Status TakeDatabases() {
    TJ_ASSIGN_OR_RETURN(const auto names, NamesIn(runtime::DatabaseDirectory(options_.state)));
    std::vector<std::unique_ptr<store::Database>> databases;
    for (const std::string& file : names) {
      if (!absl::EndsWith(file, ".db")) continue;
      const std::string service(absl::StripSuffix(file, ".db"));
      // No migrations: the schema stays as the service has it.
      TJ_ASSIGN_OR_RETURN(
          auto database,
          store::Database::Open(
              {.url = "sqlite:" + runtime::DatabaseFile(options_.state, service), .name = service},
              clock_));
      databases.push_back(std::move(database));
    }
    if (databases.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("no SQLite database under ", runtime::DatabaseDirectory(options_.state),
                       ": is --state right? Records in PostgreSQL are backed up by its own tools"));
    }
    Tell("databases", static_cast<int64_t>(databases.size()), 0);
    std::vector<std::future<absl::Status>> copies;
    for (const auto& database : databases) {
      TJ_ASSIGN_OR_RETURN(const std::string place,
                          part_.Place(absl::StrCat("db/", database->name(), ".db")));
      copies.push_back(
          std::async(std::launch::async, [&database, place] { return database->Backup(place); }));
    }
    absl::Status first;
    for (size_t i = 0; i < copies.size(); ++i) {
      const absl::Status copied = copies[i].get();
      if (first.ok() && !copied.ok()) {
        first =
            absl::Status(copied.code(), absl::StrCat(databases[i]->name(), ": ", copied.message()));
      }
    }
    return first;
  }

  void Count(const ManifestEntry& entry) {
    const bool object = absl::StartsWith(entry.path, "blobs/");
    const bool database = absl::StartsWith(entry.path, "db/");
    ++(object ? report_.objects : database ? report_.databases : report_.files);
    // A pack has no footer of its own; the scrub looks after what is in it.
    const bool pack = object && absl::StrContains(entry.path, "/packs/");
    if (object && !pack && !entry.object) ++report_.damaged;
    report_.bytes += entry.size;
    Tell("manifest", report_.objects + report_.databases + report_.files, report_.bytes);
  }

  void Tell(const char* step, int64_t files, int64_t bytes) const {
    if (progress_) progress_(step, files, bytes);
  }

  const BackupOptions& options_;
  const base::Clock& clock_;
  const OnProgress& progress_;
  PartDirectory& part_;
  std::map<std::string, int64_t> durable_;  // Packs copied once, by their place.
  BackupReport report_;
  int64_t seen_ = 0;
};

// Whether a backup at `to` would hold itself.
bool IsBelow(const std::string& to, const std::string& state) {
  std::error_code error;
  const fs::path target = fs::weakly_canonical(to, error);
  const fs::path root = fs::weakly_canonical(state, error);
  return absl::StartsWith(target.string() + "/", root.string() + "/");
}

}  // namespace

absl::StatusOr<BackupReport> MakeBackup(const BackupOptions& options, const base::Clock& clock,
                                        const OnProgress& progress) {
  std::error_code error;
  if (!fs::is_directory(options.state, error)) {
    return absl::NotFoundError(absl::StrCat(options.state, " is no directory"));
  }
  if (IsBelow(options.to, options.state)) {
    return absl::InvalidArgumentError("--to lies in the state directory itself");
  }
  TJ_ASSIGN_OR_RETURN(const auto part, PartDirectory::Create(options.to));
  Copying copying(options, clock, progress, *part);
  TJ_TRY(copying.Run());
  TJ_TRY(part->Publish());
  return copying.report();
}

}  // namespace tongjian::program
