#include "common/blob/digest.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace tongjian::blob {

struct Sha256::State {
  State() : context(EVP_MD_CTX_new(), EVP_MD_CTX_free) { TJ_CHECK(context != nullptr); }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  TJ_CHECK(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}
Sha256::~Sha256() = default;

void Sha256::Add(std::string_view bytes) {
  TJ_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::Bytes() const {
  // Taking the result ends a context, so it is taken from a copy.
  const State copy;
  TJ_CHECK(EVP_MD_CTX_copy_ex(copy.context.get(), state_->context.get()) == 1);
  std::string bytes(32, '\0');
  unsigned size = 0;
  TJ_CHECK(EVP_DigestFinal_ex(copy.context.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                              &size) == 1);
  TJ_CHECK(size == bytes.size());
  return bytes;
}

std::string Sha256Text(std::string_view bytes) {
  return absl::StrCat("sha256:", absl::BytesToHexString({bytes.data(), bytes.size()}));
}

}  // namespace tongjian::blob
