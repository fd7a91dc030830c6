#include "common/security/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>

#include "absl/strings/escaping.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace tongjian::security {
namespace {

constexpr std::string_view kSha256Prefix = "sha256:";
constexpr size_t kSha256Size = 32;

std::string Text(const std::string& bytes) {
  return std::string(kSha256Prefix) + absl::BytesToHexString(bytes);
}

constexpr uint32_t kCrc32cReversed = 0x82F63B78;  // RFC 3720 B.4, bits reversed.

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ kCrc32cReversed : crc >> 1;
    table[i] = crc;
  }
  return table;
}

uint32_t CrcByTable(std::string_view bytes, uint32_t crc) {
  static constexpr std::array<uint32_t, 256> kTable = MakeCrcTable();
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 255] ^ crc >> 8;
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t CrcByProcessor(std::string_view bytes, uint32_t crc) {
  uint64_t wide = crc;
  while (bytes.size() >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    wide = __builtin_ia32_crc32di(wide, word);
    bytes.remove_prefix(sizeof word);
  }
  crc = static_cast<uint32_t>(wide);
  for (const char c : bytes) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(c));
  return crc;
}
#endif

}  // namespace

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {
    TJ_CHECK(context != nullptr);
    Start();
  }
  ~State() { EVP_MD_CTX_free(context); }
  void Start() { TJ_CHECK(EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1); }

  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(std::string_view bytes) {
  TJ_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::Finish() {
  std::string bytes(kSha256Size, '\0');
  unsigned int size = 0;
  TJ_CHECK(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(bytes.data()),
                              &size) == 1);
  TJ_CHECK(size == kSha256Size);
  state_->Start();
  return bytes;
}

std::string Sha256::FinishText() { return Text(Finish()); }

std::string Sha256Bytes(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

std::string Sha256Text(std::string_view bytes) { return Text(Sha256Bytes(bytes)); }

absl::StatusOr<std::string> ParseDigest(std::string_view text) {
  const bool form =
      text.starts_with(kSha256Prefix) && text.size() == kSha256Prefix.size() + 2 * kSha256Size &&
      text.find_first_not_of("0123456789abcdef", kSha256Prefix.size()) == std::string_view::npos;
  if (!form) {
    return base::InvalidField("digest", "a digest is sha256: and 64 lower-case hexadecimal digits");
  }
  return absl::HexStringToBytes(std::string(text.substr(kSha256Prefix.size())));
}

uint32_t Crc32c(std::string_view bytes, uint32_t crc) {
#if defined(__x86_64__)
  static const bool by_processor = __builtin_cpu_supports("sse4.2");
  if (by_processor) return ~CrcByProcessor(bytes, ~crc);
#endif
  return ~CrcByTable(bytes, ~crc);
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tongjian::security
