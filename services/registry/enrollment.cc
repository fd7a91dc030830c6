#include "services/registry/enrollment.h"

#include "absl/strings/escaping.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/digest.h"

namespace tongjian::registry {
namespace {

constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kCharacters = 16;
constexpr int kGroup = 4;

// As it was made: lower case without separators, look-alikes resolved.
std::string Normalize(std::string_view typed) {
  std::string code;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    code += c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
  }
  return code;
}

}  // namespace

std::string NewEnrollmentCode() {
  const std::string random = absl::HexStringToBytes(base::RandomHex(kCharacters));
  std::string code;
  for (int i = 0; i < kCharacters; ++i) {
    if (i > 0 && i % kGroup == 0) code += '-';
    code += kAlphabet[static_cast<unsigned char>(random[i]) & 31];
  }
  return code;
}

std::string HashEnrollmentCode(std::string_view typed) {
  return security::Sha256Text(Normalize(typed));
}

bool IsEnrollmentRole(std::string_view role) {
  return role == "gateway" || role == "his" || role == "peer";
}

absl::Status CheckUse(const EnrollmentCode& code, std::string_view request_digest, absl::Time now) {
  if (now >= code.expiry || (!code.used_by.empty() && code.used_by != request_digest))
    return EnrollmentRefused();
  return absl::OkStatus();
}

absl::Status EnrollmentRefused() {
  return base::Error(
      absl::StatusCode::kUnauthenticated, "ENROLLMENT_CODE", "code",
      "the one-time code is unknown, used or expired: ask the operator for a new one");
}

}  // namespace tongjian::registry
