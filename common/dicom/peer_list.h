// Which addresses may connect.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

struct sockaddr;

namespace tongjian::dicom {

// An IPv4 address counts as its form in IPv6 (::ffff:a.b.c.d), so that both are one kind.
using PeerAddress = std::array<unsigned char, 16>;

PeerAddress AddressOf(const sockaddr& address);
// Numeric, an IPv4 address in its own form.
std::string AddressText(const PeerAddress& address);

// A list of CIDR blocks ("10.1.0.0/16", "::1", "192.168.1.7"). Immutable, safe for concurrent use.
class PeerList {
 public:
  // INVALID_ARGUMENT naming the block that is none.
  static absl::StatusOr<PeerList> Parse(const std::vector<std::string>& blocks);
  bool Allows(const PeerAddress& address) const;
  // The same of a numeric address; false for any other text.
  bool Allows(const std::string& address) const;

 private:
  struct Block {
    PeerAddress address;
    int bits;
  };
  std::vector<Block> blocks_;
};

}  // namespace tongjian::dicom
