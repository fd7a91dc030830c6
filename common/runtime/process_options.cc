#include "common/runtime/process.h"

namespace tongjian::runtime {
namespace {

constexpr int64_t kPortMax = 65535;

void DescribeDicom(ProcessOptions& options, config::Settings& all) {
  all.Add("dicom.address", &options.dicom_address, "Address of the DICOM port");
  all.Add("dicom.port", &options.dicom_port, "DICOM port; 0 for any free one, -1 for none",
          {.min = -1, .max = kPortMax});
  all.Add("dicom.peers", &options.dicom_peers, "Address blocks that may associate");
  all.Add("dicom.tls", &options.dicom_tls, "TLS on the DICOM port, with the certificate of rpc");
  all.Add("dicom.ae-title", &options.dicom_ae_title, "Our AE title",
          {.required = true, .size_max = 16});
  all.Add("dicom.associations-max", &options.dicom_associations_max, "DICOM associations at once",
          {.min = 1, .max = 10'000});
  all.Add("dicom.associations-per-peer-max", &options.dicom_associations_per_peer_max,
          "DICOM associations of one address at once", {.min = 1, .max = 10'000});
  all.Add("dicom.acse-timeout", &options.dicom_acse_timeout,
          "How long a DICOM connection may take to its association request",
          {.min = absl::Seconds(1), .max = absl::Hours(1)});
  all.Add("dicom.pdu-timeout", &options.dicom_pdu_timeout,
          "How long a DICOM message's unit may take from its first byte to its last",
          {.min = absl::Seconds(1), .max = absl::Hours(1)});
  all.Add("dicom.idle-timeout", &options.dicom_idle_timeout,
          "How long an open association may be silent",
          {.min = absl::Seconds(1), .max = absl::Hours(24)});
}

void DescribeWeb(ProcessOptions& options, config::Settings& all) {
  all.Add("web.address", &options.web_address, "Address of the HTTP port (DICOMweb)");
  all.Add("web.port", &options.web_port, "HTTP port; 0 for any free one, -1 for none",
          {.min = -1, .max = kPortMax});
  all.Add("web.peers", &options.web_peers,
          "Address blocks that may connect to the HTTP port; empty with web.tls: all");
  all.Add("web.tls", &options.web_tls, "TLS on the HTTP port, with the certificate of rpc");
  all.Add("web.connections-max", &options.web_connections_max,
          "HTTP connections at once, each with a thread", {.min = 1, .max = 4096});
  all.Add("web.connections-per-peer-max", &options.web_connections_per_peer_max,
          "HTTP connections of one address at once", {.min = 1, .max = 4096});
}

}  // namespace

void ProcessOptions::Describe(config::Settings& all) {
  all.Add("state", &state, "Directory of keys, databases and objects", {.required = true});
  all.Add("authority", &authority, "Name of this hub in ids, 1 to 12 characters of a-z and 0-9",
          {.required = true});
  all.Add("database", &database, "PostgreSQL URL; empty keeps SQLite files under state",
          {.secret = true});
  all.Add("services", &services, "Modules to run here; empty runs all");
  all.Add("remote", &remote, "Where other services are, as name=host:port");
  all.Add("keys", &keys,
          "Directory of the keys that all processes of one hub share; empty is <state>/keys");
  all.Add("ca", &ca,
          "Directory of the private authority (tongjian ca init); empty with another PKI");
  all.Add("drain", &drain, "How long to serve on after saying NOT_SERVING at a stop",
          {.max = absl::Minutes(5)});
  all.Add("grace", &grace, "How long running calls may take to end at a stop",
          {.max = absl::Minutes(10)});

  all.Add("rpc.listen", &listen, "Address of the TLS port; empty for none");
  all.Add("rpc.plain-listen", &plain_listen,
          "Loopback address of a port without TLS; empty for none");
  all.Add("rpc.certificate", &certificate,
          "PEM file of the server's certificate chain; empty issues one with ca");
  all.Add("rpc.private-key", &private_key, "PEM file of its key, mode 0600");
  all.Add("rpc.client-authorities", &client_authorities,
          "PEM file of the authorities clients' certificates are from");
  all.Add("rpc.names", &names, "Host names and addresses in the issued certificate");
  all.Add("rpc.client-certificate-required", &client_certificate_required,
          "Turn clients without a certificate away (nobody can then enroll here)");
  all.Add("rpc.reflection", &reflection, "Serve gRPC reflection");
  all.Add("rpc.deadline-required", &deadline_required, "Refuse unary calls without a deadline");
  all.Add("rpc.calls-max", &calls_max, "Calls from outside at once", {.min = 1, .max = 100'000});
  all.Add("rpc.calls-per-peer-max", &calls_per_peer_max, "Calls of one peer at once",
          {.min = 1, .max = 100'000});
  all.Add("rpc.calls-running-max", &calls_running_max,
          "Unary calls from outside that run at once, the others wait for their facility's turn; "
          "0 lets all run",
          {.max = 100'000});

  all.Add("oidc.issuer", &oidc_issuer,
          "Outside identity provider whose tokens are believed; empty for none");
  all.Add("oidc.audience", &oidc_audience, "Audience its tokens must name");
  all.Add("oidc.jwks", &oidc_jwks, "File with the provider's keys (JWK set)");
  all.Add("oidc.roles", &oidc_roles, "Roles the provider may give; empty for all of people's");

  DescribeDicom(*this, all);
  DescribeWeb(*this, all);

  all.Add("blobs.reserve", &blob_reserve, "Free disk space below which nothing more is accepted");
  all.Add("blobs.scrub-rate", &scrub_rate,
          "Bytes of stored objects verified a second, for ever; 0 for none");
  all.Add("feeds.keep", &feed_keep, "How long events stay readable", {.min = absl::Hours(24)});
  all.Add("feeds.trail-keep", &trail_keep,
          "How long a service keeps its audit records for the audit service, which keeps them all",
          {.min = absl::Hours(24)});
  all.Add("feeds.calm", &feed_calm,
          "How long after a start or a jump of the clock nothing old is removed");
  all.Add("admin.address", &admin_address, "Address of the admin port (metrics, health)");
  all.Add("admin.port", &admin_port, "Admin port; 0 for any free one, -1 for none",
          {.min = -1, .max = kPortMax});
  all.Add("admin.peers", &admin_peers, "Address blocks that may read the admin port");
  all.Add("log.level", &log_level, "Least severe level that is logged",
          {.allowed = {"debug", "info", "warning", "error"}});
  all.Add("log.file", &log_file, "Log file, rotated; empty for standard error");
}

}  // namespace tongjian::runtime
