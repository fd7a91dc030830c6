// Who `tongjian ctl` is and which server it talks to.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/tongjian/ctl_client.h"

namespace tongjian::config {
class Settings;
}

namespace tongjian::program {

struct CtlOptions {
  std::string address = "127.0.0.1:7443";
  std::string ca;           // PEM of the authority to trust.
  std::string certificate;  // Own certificate and key: a machine; empty: a person with a token.
  std::string key;
  std::string server_name;
  std::string token_file;  // Empty: ~/.config/tongjian/token.
  bool plaintext = false;
  bool json = false;
  absl::Duration timeout = absl::Seconds(30);

  void Describe(config::Settings& settings);
};

// Where the token of the last log-in lies.
absl::StatusOr<std::string> TokenPath(const CtlOptions& options);
absl::Status SaveToken(const CtlOptions& options, std::string_view token);

// A client by the options; without a certificate and without a saved token its calls are anonymous.
absl::StatusOr<CtlClient> Connect(const CtlOptions& options, bool with_token);

}  // namespace tongjian::program
