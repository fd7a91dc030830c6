#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "common/blob/files.h"
#include "common/blob/footer.h"
#include "common/store/database.h"
#include "services/tongjian/backup.h"
#include "services/tongjian/file_copy.h"
#include "services/tongjian/manifest.h"
#include "services/tongjian/part_directory.h"

namespace tongjian::program {
namespace {

absl::Status Differs(const std::string& path) {
  return absl::DataLossError(
      absl::StrCat(path, " is not what the manifest says: take another backup"));
}

// How many bytes of an object's file its hash covers.
absl::StatusOr<int64_t> ContentSize(const std::string& path, const ManifestEntry& entry) {
  if (!entry.object) return kAllBytes;
  TJ_ASSIGN_OR_RETURN(const auto file, blob::LocalFiles().Open(path, blob::OpenMode::kRead));
  const auto footer = blob::Footer::Read(*file);
  if (absl::IsDataLoss(footer.status())) return Differs(path);
  if (!footer.ok()) return footer.status();
  return absl::BytesToHexString(footer->sha256) == entry.sha256 ? footer->size : -1;
}

// Copied, never linked: what comes back must not share its bytes with the backup.
absl::Status RestoreFile(const std::string& from, const ManifestEntry& entry, PartDirectory& part) {
  const std::string path = absl::StrCat(from, "/", entry.path);
  TJ_ASSIGN_OR_RETURN(const int64_t hashed, ContentSize(path, entry));
  if (hashed < 0) return Differs(path);
  TJ_ASSIGN_OR_RETURN(const std::string place, part.Place(entry.path));
  TJ_ASSIGN_OR_RETURN(const FileDigest copied, CopyFile(path, place, entry.mode, hashed));
  return copied.size == entry.size && copied.sha256 == entry.sha256 ? absl::OkStatus()
                                                                    : Differs(path);
}

// "orders" of "db/orders.db".
std::string ServiceOf(const std::string& path) {
  absl::string_view name = path;
  if (!absl::ConsumePrefix(&name, "db/") || !absl::ConsumeSuffix(&name, ".db")) return "";
  return absl::StrContains(name, '/') ? "" : std::string(name);
}

absl::Status StartNewEpoch(const std::string& service, const std::string& url,
                           const base::Clock& clock) {
  TJ_ASSIGN_OR_RETURN(const auto database,
                      store::Database::Open({.url = url, .name = service}, clock));
  return database->StartNewEpoch();
}

}  // namespace

absl::StatusOr<RestoreReport> RestoreBackup(const std::string& from, const std::string& to,
                                            const base::Clock& clock, const OnProgress& progress) {
  TJ_ASSIGN_OR_RETURN(const auto part, PartDirectory::Create(to));
  RestoreReport report;
  std::vector<std::string> services;
  TJ_TRY(ReadManifest(from, [&](const ManifestEntry& entry) -> absl::Status {
    TJ_TRY(RestoreFile(from, entry, *part));
    if (const std::string service = ServiceOf(entry.path); !service.empty()) {
      services.push_back(service);
    }
    ++report.files;
    report.bytes += entry.size;
    if (progress) progress("files", report.files, report.bytes);
    return absl::OkStatus();
  }));
  for (const std::string& service : services) {
    TJ_TRY(StartNewEpoch(service, absl::StrCat("sqlite:", part->path(), "/db/", service, ".db"),
                         clock));
    ++report.databases;
  }
  TJ_TRY(part->Publish());
  return report;
}

absl::Status RenewEpochs(const std::string& url, const std::vector<std::string>& services,
                         const base::Clock& clock) {
  if (!absl::StartsWith(url, "postgres")) {
    return absl::InvalidArgumentError(
        "--database takes a PostgreSQL URL (postgresql://...); a hub on SQLite is restored by "
        "--from and --to");
  }
  for (const std::string& service : services) TJ_TRY(StartNewEpoch(service, url, clock));
  return absl::OkStatus();
}

}  // namespace tongjian::program
