// SHA-256 taken piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tongjian::blob {

// The hash of what was added so far. Not for concurrent use.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) = default;
  Sha256& operator=(Sha256&&) = default;

  void Add(std::string_view bytes);
  // The 32 bytes; more can be added after.
  std::string Bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "sha256:<64 lower-case hexadecimal digits>" of the 32 bytes.
std::string Sha256Text(std::string_view bytes);

}  // namespace tongjian::blob
