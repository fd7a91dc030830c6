#include "services/tongjian/manifest.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/blob/files.h"
#include "common/blob/footer.h"
#include "common/blob/layout.h"
#include "common/security/digest.h"
#include "services/tongjian/file_copy.h"

namespace tongjian::program {
namespace {

namespace fs = std::filesystem;

constexpr char kFirstLine[] = "tongjian backup 1";

std::string LineOf(const ManifestEntry& entry) {
  return absl::StrFormat("%s %s %d %o %s", entry.object ? "object" : "file", entry.sha256,
                         entry.size, entry.mode, entry.path);
}

// Relative, and below where it starts.
bool StaysInside(const std::string& path) {
  if (path.empty() || path[0] == '/') return false;
  for (const absl::string_view step : absl::StrSplit(path, '/')) {
    if (step.empty() || step == "." || step == "..") return false;
  }
  return true;
}

std::optional<ManifestEntry> ParseEntry(const std::string& line) {
  const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(' ', 4));
  ManifestEntry entry;
  if (fields.size() != 5 || (fields[0] != "file" && fields[0] != "object")) return std::nullopt;
  entry.object = fields[0] == "object";
  entry.sha256 = fields[1];
  entry.path = fields[4];
  if (!absl::SimpleAtoi(fields[2], &entry.size) || fields[3].empty() || fields[3].size() > 4) {
    return std::nullopt;
  }
  entry.mode = 0;
  for (char digit : fields[3]) {
    if (digit < '0' || digit > '7') return std::nullopt;
    entry.mode = entry.mode * 8 + static_cast<unsigned>(digit - '0');
  }
  if (!StaysInside(entry.path)) return std::nullopt;
  return entry;
}

// "blobs/<service>/objects/<bucket>/<name>".
bool IsObject(const fs::path& relative) {
  const std::vector<std::string> steps(relative.begin(), relative.end());
  return steps.size() == 5 && steps[0] == "blobs" && steps[2] == "objects" &&
         blob::IsBucketName(steps[3]) && blob::IsObjectName(steps[4]);
}

absl::StatusOr<ManifestEntry> EntryOf(const fs::path& file, const fs::path& relative) {
  ManifestEntry entry{.path = relative.string()};
  if (entry.path.find('\n') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("a file name with a line end: ", absl::CEscape(entry.path)));
  }
  struct stat status = {};
  if (stat(file.c_str(), &status) != 0) {
    return absl::InternalError(absl::StrCat("cannot look at ", file.string()));
  }
  entry.mode = status.st_mode & 0777;
  entry.size = status.st_size;
  if (IsObject(relative)) {
    TJ_ASSIGN_OR_RETURN(const auto opened,
                        blob::LocalFiles().Open(file.string(), blob::OpenMode::kRead));
    const auto footer = blob::Footer::Read(*opened);
    if (footer.ok()) {
      entry.object = true;
      entry.sha256 = absl::BytesToHexString(footer->sha256);
      return entry;
    }
    // Damaged in the hub already: kept as the bytes it is, for whoever mends it.
    if (!absl::IsDataLoss(footer.status())) return footer.status();
  }
  TJ_ASSIGN_OR_RETURN(const FileDigest digest, DigestOf(file.string()));
  entry.size = digest.size;
  entry.sha256 = digest.sha256;
  return entry;
}

absl::Status Cut(const std::string& path) {
  return absl::DataLossError(absl::StrCat(path, " is cut or changed: this is no whole backup"));
}

// Reads lines up to the last; each entry's line goes to `see`.
absl::Status ReadLines(const std::string& path,
                       const std::function<absl::Status(const ManifestEntry&)>& see) {
  std::ifstream file(path);
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat(path, " is not there: no backup, or one that was broken off"));
  }
  security::Sha256 hash;
  int64_t entries = 0;
  std::string line;
  for (bool first = true; std::getline(file, line); first = false) {
    if (!first && absl::StartsWith(line, "end ")) {
      const std::string end =
          absl::StrCat("end ", entries, " ", absl::BytesToHexString(hash.Finish()));
      return line == end && !std::getline(file, line) ? absl::OkStatus() : Cut(path);
    }
    hash.Update(absl::StrCat(line, "\n"));
    if (first) {
      if (line != kFirstLine) return Cut(path);
      continue;
    }
    const auto entry = ParseEntry(line);
    if (!entry) return Cut(path);
    ++entries;
    TJ_TRY(see(*entry));
  }
  return Cut(path);
}

}  // namespace

absl::Status WriteManifest(const std::string& directory,
                           const std::function<void(const ManifestEntry&)>& see) {
  const std::string path = absl::StrCat(directory, "/", kManifestName);
  std::ofstream file;
  security::Sha256 hash;
  int64_t entries = 0;
  const auto write = [&](const std::string& line) {
    const std::string text = line + "\n";
    hash.Update(text);
    file << text;
  };
  std::error_code error;
  fs::recursive_directory_iterator walk(directory, error);
  if (error) return absl::InternalError(absl::StrCat("cannot list ", directory));
  file.open(path, std::ios::trunc);
  write(kFirstLine);
  for (; walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (error) return absl::InternalError(absl::StrCat("cannot list ", directory));
    const fs::path relative = walk->path().lexically_relative(directory);
    if (walk->is_directory() || relative == kManifestName) continue;
    TJ_ASSIGN_OR_RETURN(const ManifestEntry entry, EntryOf(walk->path(), relative));
    write(LineOf(entry));
    ++entries;
    see(entry);
  }
  file << absl::StrCat("end ", entries, " ", absl::BytesToHexString(hash.Finish()), "\n");
  file.close();
  if (!file) return absl::InternalError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

absl::Status ReadManifest(const std::string& directory,
                          const std::function<absl::Status(const ManifestEntry&)>& see) {
  const std::string path = absl::StrCat(directory, "/", kManifestName);
  TJ_TRY(ReadLines(path, [](const ManifestEntry&) { return absl::OkStatus(); }));
  return ReadLines(path, see);
}

}  // namespace tongjian::program
