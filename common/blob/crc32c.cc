#include "common/blob/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace tongjian::blob {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // Reflected.

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = MakeTable();

uint32_t ExtendByTable(uint32_t crc, std::string_view bytes) {
  for (unsigned char byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ byte) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t ExtendByInstruction(uint32_t crc,
                                                               std::string_view bytes) {
  uint64_t wide = crc;
  while (bytes.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    wide = _mm_crc32_u64(wide, word);
    bytes.remove_prefix(8);
  }
  crc = static_cast<uint32_t>(wide);
  for (unsigned char byte : bytes) crc = _mm_crc32_u8(crc, byte);
  return crc;
}

uint32_t Extend(uint32_t crc, std::string_view bytes) {
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  return has_instruction ? ExtendByInstruction(crc, bytes) : ExtendByTable(crc, bytes);
}
#else
uint32_t Extend(uint32_t crc, std::string_view bytes) { return ExtendByTable(crc, bytes); }
#endif

}  // namespace

uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes) { return ~Extend(~crc, bytes); }

}  // namespace tongjian::blob
