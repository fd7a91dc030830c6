// The keys and certificates of a process. Internal to common/runtime.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/runtime/process.h"
#include "common/security/authority.h"
#include "common/security/principal.h"
#include "common/security/revocation.h"
#include "common/security/signature.h"
#include "common/security/tls.h"
#include "common/security/token.h"
#include "common/security/void_tokens.h"

namespace tongjian::runtime {

// Opened once, made on the first start; safe for concurrent use after that. `clock` must outlive
// it.
class Identities {
 public:
  // FAILED_PRECONDITION names the file and the setting at fault.
  static absl::StatusOr<std::unique_ptr<Identities>> Open(const ProcessOptions& options,
                                                          const base::Clock& clock);

  security::Principals& principals() { return *principals_; }
  security::TokenIssuer& issuer() { return *issuer_; }
  security::TokenVerifier& verifier() { return *verifier_; }
  security::Signer& signer() { return *signer_; }
  security::Authority* authority() { return authority_.get(); }      // Null without `ca`.
  security::RevocationList* revoked() { return revoked_.get(); }     // Null without `ca`.
  security::VoidTokens& void_tokens() { return void_tokens_; }
  const security::CredentialFiles& files() const { return files_; }  // Empty where there is no TLS.

 private:
  absl::Status OpenTokens(const ProcessOptions& options, const std::string& keys,
                          const base::Clock& clock);
  absl::Status OpenAuthority(const ProcessOptions& options, const base::Clock& clock);
  absl::Status IssueServerCertificate(const ProcessOptions& options, const std::string& keys,
                                      const base::Clock& clock);
  absl::Status OpenSigner(const ProcessOptions& options, const std::string& keys,
                          const base::Clock& clock);

  std::unique_ptr<security::Principals> principals_;
  std::unique_ptr<security::TokenIssuer> issuer_;
  std::unique_ptr<security::TokenVerifier> verifier_;
  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<security::RevocationList> revoked_;
  std::unique_ptr<security::Signer> signer_;
  security::VoidTokens void_tokens_;
  security::CredentialFiles files_;
};

}  // namespace tongjian::runtime
