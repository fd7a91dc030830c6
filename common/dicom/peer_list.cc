#include "common/dicom/peer_list.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace tongjian::dicom {
namespace {

constexpr PeerAddress kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

PeerAddress Mapped(const in_addr& address) {
  PeerAddress mapped = kMappedPrefix;
  std::memcpy(mapped.data() + 12, &address, 4);
  return mapped;
}

bool IsMapped(const PeerAddress& address) {
  return std::equal(address.begin(), address.begin() + 12, kMappedPrefix.begin());
}

// Address and the number of bits an address of its kind has.
std::optional<std::pair<PeerAddress, int>> ParseAddress(const std::string& text) {
  in_addr four;
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return std::pair(Mapped(four), 32);
  PeerAddress six;
  if (inet_pton(AF_INET6, text.c_str(), six.data()) == 1) return std::pair(six, 128);
  return {};
}

}  // namespace

PeerAddress AddressOf(const sockaddr& address) {
  if (address.sa_family == AF_INET)
    return Mapped(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  PeerAddress six{};
  if (address.sa_family == AF_INET6) {
    std::memcpy(six.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, six.size());
  }
  return six;
}

std::string AddressText(const PeerAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (IsMapped(address)) {
    inet_ntop(AF_INET, address.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.data(), text, sizeof text);
  }
  return text;
}

absl::StatusOr<PeerList> PeerList::Parse(const std::vector<std::string>& blocks) {
  PeerList list;
  for (const std::string& block : blocks) {
    const size_t slash = block.find('/');
    const auto address = ParseAddress(block.substr(0, slash));
    int bits = address ? address->second : 0;
    const int most = bits;
    if (slash != std::string::npos) {
      const char* const end = block.data() + block.size();
      const auto result = std::from_chars(block.data() + slash + 1, end, bits);
      if (result.ec != std::errc() || result.ptr != end) bits = -1;
    }
    if (!address || bits < 0 || bits > most) {
      return base::InvalidField("allowed_peers", "no address block: " + block);
    }
    list.blocks_.push_back({address->first, bits + 128 - most});
  }
  return list;
}

bool PeerList::Allows(const PeerAddress& address) const {
  return std::any_of(blocks_.begin(), blocks_.end(), [&address](const Block& block) {
    const size_t whole = static_cast<size_t>(block.bits / 8);
    if (!std::equal(address.begin(), address.begin() + static_cast<ptrdiff_t>(whole),
                    block.address.begin())) {
      return false;
    }
    const int rest = block.bits % 8;
    return rest == 0 || (address[whole] ^ block.address[whole]) >> (8 - rest) == 0;
  });
}

bool PeerList::Allows(const std::string& address) const {
  const auto parsed = ParseAddress(address);
  return parsed && Allows(parsed->first);
}

}  // namespace tongjian::dicom
