// tongjian edge: a clinic's gateway, and its enrollment.
#include <cstdio>
#include <string>

#include "common/base/status.h"
#include "common/config/settings.h"
#include "services/edge/enrollment.h"
#include "services/edge/module.h"
#include "services/tongjian/command.h"
#include "services/tongjian/report.h"
#include "services/tongjian/run.h"

namespace tongjian::program {
namespace {

constexpr char kEnroll[] = "tongjian edge enroll";

runtime::ProcessOptions Defaults() {
  runtime::ProcessOptions options;
  options.authority = "edge";
  options.state = "/var/lib/tongjian-edge";
  options.client_certificate_required = true;
  options.grace = absl::Seconds(5);
  options.dicom_port = 11112;
  options.calls_running_max =
      0;  // One facility; and what waits for a bad line must hold up nothing.
  return options;
}

int EnrollGateway(const Arguments& arguments) {
  edge::EnrollOptions options{.state = Defaults().state};
  config::Settings settings(kEnroll);
  settings.Add("hub", &options.hub, "Address of the hub, host:port", {.required = true});
  settings.Add("code", &options.code, "The one-time code", {.required = true, .secret = true});
  settings.Add("ca", &options.ca, "PEM of the authority to trust", {.required = true});
  settings.Add("hub-name", &options.server_name, "Name in the hub's certificate, if another");
  settings.Add("state", &options.state, "Directory of the gateway's state");
  if (const absl::Status status = settings.Parse(arguments, {}); !status.ok()) {
    return Report(kEnroll, status);
  }
  if (settings.help_asked()) return Print(settings.Help());
  const absl::StatusOr<std::string> facility = edge::Enroll(options);
  if (!facility.ok()) return Report(kEnroll, facility.status());
  return Print("enrolled as gateway of " + *facility + "; run: tongjian edge --state " +
               options.state + " --edge.hub " + options.hub + "\n");
}

// Without a certificate of its own the port for the HIS shows the enrolled one.
void ServeAsEnrolled(runtime::ProcessOptions& options) {
  if (!options.certificate.empty() || !options.ca.empty()) return;
  const security::CredentialFiles files = edge::EnrolledFiles(options.state);
  options.certificate = files.certificate_chain;
  options.private_key = files.private_key;
  if (options.client_authorities.empty()) options.client_authorities = files.authorities;
}

}  // namespace

int Edge(const Arguments& arguments) {
  if (!arguments.empty() && arguments.front() == "enroll") {
    return EnrollGateway(Arguments(arguments.begin() + 1, arguments.end()));
  }
  return RunModules("edge", Defaults(), {edge::EdgeModule(TONGJIAN_VERSION)}, arguments,
                    ServeAsEnrolled);
}

}  // namespace tongjian::program
