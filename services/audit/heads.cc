#include "services/audit/heads.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"

namespace tongjian::audit {
namespace {

// Who signs, in the signature's own terms: the service, not a person.
const security::SignerIdentity kAuditSigner = {.user_id = "service:audit"};

std::string Line(const Head& head) {
  return absl::StrCat(head.sequence, " ", head.hash, " ", absl::ToUnixMicros(head.time), " ",
                      head.algorithm, " ", absl::Base64Escape(head.value), " ",
                      absl::Base64Escape(head.certificate_pem), "\n");
}

std::optional<Head> ParseLine(const std::string& line) {
  const std::vector<std::string> fields = absl::StrSplit(line, ' ');
  Head head;
  int64_t micros = 0;
  if (fields.size() != 6 || !absl::SimpleAtoi(fields[0], &head.sequence) ||
      !absl::SimpleAtoi(fields[2], &micros) || !absl::Base64Unescape(fields[4], &head.value) ||
      !absl::Base64Unescape(fields[5], &head.certificate_pem)) {
    return std::nullopt;
  }
  head.hash = fields[1];
  head.time = absl::FromUnixMicros(micros);
  head.algorithm = fields[3];
  return head;
}

absl::Status AppendSynced(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return absl::InternalError("the heads file cannot be opened");
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(file) == 0;
  close(file);
  return written ? absl::OkStatus() : absl::InternalError("the heads file cannot be written");
}

}  // namespace

absl::StatusOr<Head> Heads::Sign() {
  std::lock_guard lock(mutex_);
  TJ_ASSIGN_OR_RETURN(const Link tail, store_.Tail());
  TJ_ASSIGN_OR_RETURN(const auto newest, store_.NewestHead());
  if (newest && newest->sequence >= tail.sequence) return *newest;
  if (tail.sequence == 0) return Head{};
  TJ_ASSIGN_OR_RETURN(const security::Signature signature,
                      signer_.Sign(CanonicalHead(tail.sequence, tail.hash), kAuditSigner));
  const Head head{.sequence = tail.sequence,
                  .hash = tail.hash,
                  .time = signature.time,
                  .algorithm = signature.algorithm,
                  .value = signature.value,
                  .certificate_pem = signature.certificate_pem};
  TJ_TRY(AppendSynced(file_, Line(head)));
  TJ_TRY(store_.SaveHead(head));
  return head;
}

absl::StatusOr<std::vector<Head>> ReadHeads(const std::string& path) {
  std::vector<Head> heads;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (auto head = ParseLine(line)) heads.push_back(*std::move(head));
  }
  return heads;
}

absl::Status Heads::Check(const Head& head) const {
  const security::Signature signature{.algorithm = head.algorithm,
                                      .certificate_pem = head.certificate_pem,
                                      .value = head.value,
                                      .signer = kAuditSigner,
                                      .time = head.time,
                                      .key_note = ""};
  return signer_.Verify(CanonicalHead(head.sequence, head.hash), signature);
}

}  // namespace tongjian::audit
