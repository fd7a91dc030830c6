#include "services/tongjian/ctl_session.h"

#include <cstdlib>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/security/key_file.h"

namespace tongjian::program {

void CtlOptions::Describe(config::Settings& settings) {
  settings.Add("address", &address, "The hub or gateway, host:port");
  settings.Add("ca", &ca, "Authority to trust, PEM");
  settings.Add("certificate", &certificate, "Own certificate, to call as a machine");
  settings.Add("key", &key, "Its key");
  settings.Add("server-name", &server_name,
               "Name in the server's certificate, where it is not the address");
  settings.Add("token-file", &token_file,
               "Where log-in keeps the token (default ~/.config/tongjian/token)");
  settings.Add("plaintext", &plaintext, "No TLS, loopback only");
  settings.Add("json", &json, "JSON for scripts instead of text and tables");
  settings.Add("timeout", &timeout, "Deadline of each call",
               {.min = absl::Seconds(1), .max = absl::Hours(12)});
}

absl::StatusOr<std::string> TokenPath(const CtlOptions& options) {
  if (!options.token_file.empty()) return options.token_file;
  const char* home = std::getenv("HOME");
  if (home == nullptr) return absl::FailedPreconditionError("HOME is not set: give --token-file");
  return absl::StrCat(home, "/.config/tongjian/token");
}

absl::Status SaveToken(const CtlOptions& options, std::string_view token) {
  TJ_ASSIGN_OR_RETURN(const std::string path, TokenPath(options));
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  return security::WriteDurably(path, token, security::FileMode::kSecret);
}

absl::StatusOr<CtlClient> Connect(const CtlOptions& options, bool with_token) {
  if (options.ca.empty() && !options.plaintext) {
    return base::InvalidField(
        "ca", "give --ca FILE (or TONGJIAN_CTL_CA): the certificate of the authority to trust");
  }
  rpc::ChannelOptions channel{.address = options.address,
                              .server_name = options.server_name,
                              .plaintext = options.plaintext};
  channel.files.authorities = options.ca;
  channel.files.certificate_chain = options.certificate;
  channel.files.private_key = options.key;
  TJ_ASSIGN_OR_RETURN(auto opened, rpc::OpenChannel(channel));
  std::string token;
  if (with_token && options.certificate.empty()) {
    TJ_ASSIGN_OR_RETURN(const std::string path, TokenPath(options));
    if (std::filesystem::exists(path)) {
      TJ_ASSIGN_OR_RETURN(token, security::ReadSmallFile(path, security::FileMode::kSecret));
    }
  }
  const std::string trimmed(absl::StripAsciiWhitespace(token));
  return CtlClient(
      std::move(opened),
      trimmed.empty() ? rpc::OutgoingIdentity::Machine() : rpc::OutgoingIdentity::Person(trimmed),
      options.timeout);
}

}  // namespace tongjian::program
