#include "common/security/password.h"

#include <argon2.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/escaping.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/encoding.h"

namespace tongjian::security {
namespace {

constexpr uint32_t kPasses = 2;
constexpr uint32_t kMemoryKib = 19456;
constexpr uint32_t kLanes = 1;
constexpr size_t kSaltSize = 16;
constexpr size_t kHashSize = 32;
constexpr std::string_view kOurParameters = "$argon2id$v=19$m=19456,t=2,p=1$";

constexpr uint32_t kMemoryKibMax = 256 * 1024;
constexpr uint32_t kPassesMax = 16;
constexpr uint32_t kLanesMax = 16;
constexpr size_t kEncodedMax = 512;

constexpr size_t kCharactersMin = 10;
constexpr size_t kBytesMax = 256;

absl::Status Weak(const char* why) { return base::InvalidField("password", why); }

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int CharacterKinds(std::string_view text) {
  const auto any = [&](auto kind) { return std::any_of(text.begin(), text.end(), kind); };
  return any(IsLetter) + any(IsDigit) + any([](char c) { return !IsLetter(c) && !IsDigit(c); });
}

// Reads "<name>=<number>" off the front of `text`.
bool TakeParameter(std::string_view& text, std::string_view name, uint32_t* value) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

// Whether a stored hash asks for no more than this process is willing to spend.
bool Affordable(std::string_view hash) {
  uint32_t memory_kib = 0;
  uint32_t passes = 0;
  uint32_t lanes = 0;
  return hash.size() <= kEncodedMax && TakeParameter(hash, "$argon2id$v=19$m=", &memory_kib) &&
         TakeParameter(hash, ",t=", &passes) && TakeParameter(hash, ",p=", &lanes) &&
         memory_kib <= kMemoryKibMax && passes <= kPassesMax && lanes <= kLanesMax;
}

}  // namespace

absl::Status CheckPasswordPolicy(std::string_view password, std::string_view user_name) {
  if (password.size() > kBytesMax) return Weak("a password has at most 256 bytes");
  if (CountCharacters(password) < kCharactersMin) {
    return Weak("a password has at least 10 characters and no control characters");
  }
  if (CharacterKinds(password) < 2) {
    return Weak("a password mixes at least two of letters, digits and other characters");
  }
  if (!user_name.empty() && password.find(user_name) != std::string_view::npos) {
    return Weak("a password does not contain the user name");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> HashPassword(std::string_view password) {
  const std::string salt = absl::HexStringToBytes(base::RandomHex(kSaltSize));
  char encoded[kEncodedMax];
  const int result =
      argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashSize, encoded, sizeof encoded);
  if (result == ARGON2_MEMORY_ALLOCATION_ERROR) {
    return absl::ResourceExhaustedError("no memory to hash a password");
  }
  if (result != ARGON2_OK) {
    return absl::InternalError(std::string("Argon2: ") + argon2_error_message(result));
  }
  return std::string(encoded);
}

bool VerifyPassword(std::string_view password, std::string_view hash) {
  if (!Affordable(hash)) return false;
  return argon2id_verify(std::string(hash).c_str(), password.data(), password.size()) == ARGON2_OK;
}

const std::string& DecoyHash() {
  // The hash part is no password's hash that anybody knows: 32 bytes that were made up.
  static const std::string hash = std::string(kOurParameters) +
                                  "Zm9yIGEgZGVjb3kgb25seQ$"
                                  "dG9uZ2ppYW4gZGVjb3kgb2YgMzIgYnl0ZXMgbG9uZyE";
  return hash;
}

bool NeedsRehash(std::string_view hash) { return !hash.starts_with(kOurParameters); }

}  // namespace tongjian::security
