#include "common/security/revocation.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/security/key_file.h"

namespace tongjian::security {
namespace {

constexpr size_t kSerialDigitsMax = 40;  // RFC 5280 4.1.2.2: 20 octets.
constexpr char kHeading[] = "# Serials of revoked certificates, one a line.\n";

bool IsSerial(std::string_view text) {
  return !text.empty() && text.size() <= kSerialDigitsMax &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

absl::StatusOr<std::set<std::string, std::less<>>> ReadSerials(const std::string& path) {
  std::set<std::string, std::less<>> serials;
  const auto text = ReadSmallFile(path, FileMode::kPublic);
  if (absl::IsNotFound(text.status())) return serials;
  if (!text.ok()) return text.status();
  for (const absl::string_view raw : absl::StrSplit(*text, '\n')) {
    const std::string line(absl::StripAsciiWhitespace(raw));
    if (line.empty() || line[0] == '#') continue;
    if (!IsSerial(line)) {
      return absl::FailedPreconditionError(absl::StrCat(path, " has a line that is no serial"));
    }
    serials.insert(line);
  }
  return serials;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RevocationList>> RevocationList::Open(const std::string& path) {
  std::unique_ptr<RevocationList> list(new RevocationList(path));
  TJ_TRY(list->Reload());
  return list;
}

absl::Status RevocationList::Add(std::string_view serial) {
  if (!IsSerial(serial)) {
    return base::InvalidField("serial", "a serial is 1 to 40 lower-case hexadecimal digits");
  }
  std::lock_guard lock(mutex_);
  // What another process added meanwhile stays in the file.
  TJ_ASSIGN_OR_RETURN(auto serials, ReadSerials(path_));
  serials.insert(serials_.begin(), serials_.end());
  serials.emplace(serial);
  std::string text = kHeading;
  for (const std::string& one : serials) absl::StrAppend(&text, one, "\n");
  TJ_TRY(WriteDurably(path_, text, FileMode::kPublic));
  serials_ = std::move(serials);
  return absl::OkStatus();
}

bool RevocationList::Contains(std::string_view serial) const {
  std::lock_guard lock(mutex_);
  return serials_.find(serial) != serials_.end();
}

absl::Status RevocationList::Reload() {
  TJ_ASSIGN_OR_RETURN(auto serials, ReadSerials(path_));
  std::lock_guard lock(mutex_);
  serials_ = std::move(serials);
  return absl::OkStatus();
}

}  // namespace tongjian::security
