// Content hashes that name their algorithm, so that SM3 can stand beside SHA-256 one day; and
// checksums for chunks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tongjian::security {

// SHA-256 of bytes as they come. Not safe for concurrent use; movable.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  // The 32 bytes; the object starts afresh.
  std::string Finish();
  // The same as text: "sha256:<64 lower-case hexadecimal digits>".
  std::string FinishText();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of a whole text at once, as bytes and as "sha256:<hex>".
std::string Sha256Bytes(std::string_view bytes);
std::string Sha256Text(std::string_view bytes);

// The raw bytes of "sha256:<hex>"; INVALID_ARGUMENT for another algorithm or form.
absl::StatusOr<std::string> ParseDigest(std::string_view text);

// CRC-32C (Castagnoli, RFC 3720 B.4), continuing from `crc` (0 at the start): a chunk's check
// against the wire, no proof against an adversary.
uint32_t Crc32c(std::string_view bytes, uint32_t crc = 0);

// Equal or not, in time that depends on the sizes alone.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace tongjian::security
