#include "common/base/id.h"

#include <sys/random.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace tongjian::base {
namespace {

constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr size_t kAuthorityMax = 12;

void FillRandom(unsigned char* bytes, size_t size) {
  TJ_CHECK(getrandom(bytes, size, 0) == static_cast<ssize_t>(size));
}

// The random part plus one; false when it wrapped.
bool Increment(unsigned char (&random)[10]) {
  for (int i = 9; i >= 0; --i) {
    if (++random[i] != 0) return true;
  }
  return false;
}

std::string Ulid(uint64_t ms, const unsigned char (&random)[10]) {
  std::string text(26, '0');
  for (int i = 9; i >= 0; --i, ms >>= 5) text[i] = kAlphabet[ms & 31];
  unsigned __int128 rest = 0;
  for (unsigned char byte : random) rest = rest << 8 | byte;
  for (int i = 25; i >= 10; --i, rest >>= 5) text[i] = kAlphabet[static_cast<unsigned>(rest) & 31];
  return text;
}

}  // namespace

absl::Status CheckAuthority(std::string_view authority) {
  const bool plain = std::all_of(authority.begin(), authority.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
  if (authority.empty() || authority.size() > kAuthorityMax || !plain) {
    return InvalidField("authority", "an authority is 1 to 12 characters of a-z and 0-9");
  }
  return absl::OkStatus();
}

Ids::Ids(std::string_view authority, const Clock& clock) : authority_(authority), clock_(clock) {
  TJ_CHECK(CheckAuthority(authority).ok());
}

std::string Ids::New() {
  std::lock_guard lock(mutex_);
  const auto now_ms = static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMillis(clock_.Now())));
  if (now_ms > last_ms_) {
    last_ms_ = now_ms;
    FillRandom(random_, sizeof random_);
  } else if (!Increment(random_)) {
    ++last_ms_;
    FillRandom(random_, sizeof random_);
  }
  return absl::StrCat(authority_, "-", Ulid(last_ms_, random_));
}

std::string RandomHex(size_t size) {
  std::string bytes(size, '\0');
  FillRandom(reinterpret_cast<unsigned char*>(bytes.data()), size);
  return absl::BytesToHexString(bytes);
}

}  // namespace tongjian::base
