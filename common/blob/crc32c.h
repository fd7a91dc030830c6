// CRC-32C (Castagnoli), RFC 3720 appendix B.4.
#pragma once

#include <cstdint>
#include <string_view>

namespace tongjian::blob {

// The checksum of what was summed up to `crc` (0 at first) followed by `bytes`.
uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes);

}  // namespace tongjian::blob
