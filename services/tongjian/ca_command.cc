// tongjian ca: a private certificate authority in a directory.
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/security/authority.h"
#include "common/security/key_file.h"
#include "common/security/tls.h"
#include "services/tongjian/command.h"
#include "services/tongjian/report.h"

namespace tongjian::program {
namespace {

using security::Authority;
using security::FileMode;

constexpr char kUsage[] =
    "usage: tongjian ca init   --directory DIR [--name NAME]\n"
    "       tongjian ca issue  --directory DIR --role ROLE --facility ID --out PREFIX [--names "
    "a,b] [--days N]\n"
    "                          [--request FILE]\n"
    "       tongjian ca revoke --directory DIR --serial HEX\n"
    "       tongjian ca show   --directory DIR | --certificate FILE\n\n"
    "issue writes PREFIX.pem (certificate and authority), PREFIX.key and PREFIX-ca.pem; with "
    "--request the key stays\n"
    "where the request was made. tongjian ca <action> --help says more.\n";

struct Options {
  std::string directory;
  std::string name = "Tongjian private authority";
  std::string role;
  std::string facility;
  std::vector<std::string> names;
  int64_t days = 397;
  std::string out;
  std::string request;
  std::string serial;
  std::string certificate;
};

absl::Status Init(const Options& options, const base::Clock& clock) {
  TJ_TRY(security::MakeDirectory(options.directory));
  TJ_ASSIGN_OR_RETURN(const auto authority,
                      Authority::Create(options.directory, options.name, clock));
  std::printf("made %s/ca.pem, valid until %s\n", options.directory.c_str(),
              absl::FormatTime("%Y-%m-%d", authority->Expiry(), absl::UTCTimeZone()).c_str());
  return absl::OkStatus();
}

absl::StatusOr<security::Subject> SubjectOf(const Options& options) {
  const auto role = security::ParseMachineRole(options.role);
  if (!role || *role == security::MachineRole::kNone) {
    return absl::InvalidArgumentError("--role must be gateway, his, device, peer, hub or proxy");
  }
  security::Subject subject{.role = *role, .facility_id = options.facility};
  for (const std::string& name : options.names) {
    const bool address = name.find(':') != std::string::npos ||
                         name.find_first_not_of("0123456789.") == std::string::npos;
    (address ? subject.ip_addresses : subject.dns_names).push_back(name);
  }
  return subject;
}

absl::Status Issue(const Options& options, const base::Clock& clock) {
  if (options.out.empty()) return absl::InvalidArgumentError("--out is missing");
  TJ_ASSIGN_OR_RETURN(const auto authority, Authority::Open(options.directory, clock));
  TJ_ASSIGN_OR_RETURN(const security::Subject subject, SubjectOf(options));
  const absl::Duration validity = absl::Hours(24) * options.days;
  security::Issued issued;
  if (options.request.empty()) {
    TJ_ASSIGN_OR_RETURN(issued, authority->IssueWithNewKey(subject, validity));
    TJ_TRY(security::WriteDurably(options.out + ".key", issued.private_key_pem, FileMode::kSecret));
  } else {
    TJ_ASSIGN_OR_RETURN(const std::string request,
                        security::ReadSmallFile(options.request, FileMode::kPublic));
    TJ_ASSIGN_OR_RETURN(issued, authority->IssueFromCsr(request, subject, validity));
  }
  TJ_TRY(security::WriteDurably(options.out + "-ca.pem", authority->certificate_pem(),
                                FileMode::kPublic));
  TJ_TRY(security::WriteDurably(options.out + ".pem",
                                absl::StrCat(issued.certificate_pem, authority->certificate_pem()),
                                FileMode::kPublic));
  std::printf("issued %s.pem, serial %s, valid until %s\n", options.out.c_str(),
              issued.serial.c_str(),
              absl::FormatTime("%Y-%m-%d", issued.expiry, absl::UTCTimeZone()).c_str());
  return absl::OkStatus();
}

absl::Status Revoke(const Options& options, const base::Clock& clock) {
  TJ_ASSIGN_OR_RETURN(const auto authority, Authority::Open(options.directory, clock));
  TJ_TRY(authority->Revoke(options.serial));
  std::printf("revoked %s; running hubs notice within a minute\n", options.serial.c_str());
  return absl::OkStatus();
}

absl::Status Show(const Options& options, const base::Clock& clock) {
  if (options.certificate.empty()) {
    TJ_ASSIGN_OR_RETURN(const auto authority, Authority::Open(options.directory, clock));
    std::printf("authority in %s: %ld days left\n", options.directory.c_str(),
                static_cast<long>(security::DaysLeft(authority->Expiry(), clock.Now())));
    return absl::OkStatus();
  }
  TJ_ASSIGN_OR_RETURN(const std::string pem,
                      security::ReadSmallFile(options.certificate, FileMode::kPublic));
  TJ_ASSIGN_OR_RETURN(const security::PeerIdentity peer, security::ParsePeer(pem));
  std::printf("%s of %s, serial %s, %ld days left\n",
              std::string(security::Name(peer.role)).c_str(), peer.facility_id.c_str(),
              peer.serial.c_str(), static_cast<long>(security::DaysLeft(peer.expiry, clock.Now())));
  return absl::OkStatus();
}

void Describe(Options& options, config::Settings& settings) {
  settings.Add("directory", &options.directory, "Directory of the authority");
  settings.Add("name", &options.name, "Common name of a new authority");
  settings.Add("role", &options.role, "gateway, his, device, peer, hub or proxy");
  settings.Add("facility", &options.facility, "Facility the certificate names");
  settings.Add("names", &options.names, "Host names and addresses of a server");
  settings.Add("days", &options.days, "How long the certificate holds", {.min = 1, .max = 825});
  settings.Add("out", &options.out, "Prefix of the files to write");
  settings.Add("request", &options.request, "Signing request (PKCS #10, PEM)");
  settings.Add("serial", &options.serial, "Serial number to revoke");
  settings.Add("certificate", &options.certificate, "Certificate to show");
}

using Action = absl::Status (*)(const Options&, const base::Clock&);
const std::map<std::string, Action> kActions = {
    {"init", Init}, {"issue", Issue}, {"revoke", Revoke}, {"show", Show}};

}  // namespace

int Ca(const Arguments& arguments) {
  const auto action = arguments.empty() ? kActions.end() : kActions.find(arguments[0]);
  if (action == kActions.end()) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const std::string name = "tongjian ca " + action->first;
  Options options;
  config::Settings settings(name);
  Describe(options, settings);
  const absl::Status parsed = settings.Parse({arguments.begin() + 1, arguments.end()}, {});
  if (!parsed.ok()) return Report(name, parsed);
  if (settings.help_asked()) return Print(settings.Help());
  return Report(name, action->second(options, base::SystemClock()));
}

}  // namespace tongjian::program
