#include "tests/wire/dicomweb/web_hub.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/security/key_file.h"
#include "common/store/feed.h"

namespace tongjian::imaging {
namespace {

constexpr char kRoot[] = "/dicom-web";

}  // namespace

WebHub::WebHub(WebHubOptions options)
    : archive("", &clock, 0, options.full ? std::numeric_limits<int64_t>::max() : 0) {
  const std::string& directory = archive.folder.path();
  authority_ = *security::Authority::Create(directory + "/ca", "test", clock);
  issuer_ = *security::TokenIssuer::Open(directory + "/token.key", "hub", "tongjian", clock);
  verifier_ = *security::TokenVerifier::Create(
      {{.issuer = issuer_->issuer(), .audience = issuer_->audience(), .jwks = issuer_->jwks()}},
      clock);
  sink_ = std::make_unique<rpc::DatabaseAuditSink>(*archive.database);
  gate_ = std::make_unique<rpc::Gate>(
      rpc::GateOptions{.identity = {.tokens = verifier_.get(), .void_tokens = void_tokens.get()},
                       .load = options.load},
      clock, archive.metrics);
  TJ_CHECK(DicomWeb::RegisterRules(*gate_).ok());
  door_ = std::make_unique<rpc::Door>(*gate_, "imaging", *sink_);
  web_ = std::make_unique<DicomWeb>(*archive.database, *archive.blobs, queries_, *archive.ingest,
                                    clock, *door_, WebStoreOptions{.object_bytes_max = 8 << 20});
  web::ServerOptions serve;
  if (options.tls) {
    const auto files = Certificate(security::MachineRole::kHub, "hub");
    serve.tls = web::TlsFiles{files.certificate_chain, files.private_key, files.authorities};
  }
  auto made = web::Server::Create(serve);
  TJ_CHECK(made.ok());
  server = *std::move(made);
  web_->RouteOn(*server);
  TJ_CHECK(server->Start().ok());
}

WebHub::~WebHub() { server->Stop(absl::ZeroDuration()); }

std::string WebHub::Token(const std::string& role, const std::string& facility) {
  security::Claims claims;
  claims.user_id = role + "-1";
  claims.facility_id = facility;
  claims.roles = {role};
  return "Bearer " + *issuer_->Issue(claims, absl::Hours(1));
}

httplib::Headers WebHub::As(const std::string& role, const std::string& facility,
                            const std::string& accept) {
  httplib::Headers headers = {{"Authorization", Token(role, facility)}};
  if (!accept.empty()) headers.emplace("Accept", accept);
  return headers;
}

httplib::Client WebHub::Client() {
  httplib::Client client("127.0.0.1", server->port());
  client.set_read_timeout(60);
  return client;
}

httplib::Result WebHub::Get(const std::string& path, const std::string& accept) {
  return Get(path, As("reader", "f1", accept));
}

httplib::Result WebHub::Get(const std::string& path, const httplib::Headers& headers) {
  return Client().Get(kRoot + path, headers);
}

nlohmann::json WebHub::GetJson(const std::string& path) {
  const auto answer = Get(path, "application/dicom+json");
  EXPECT_TRUE(answer);
  if (!answer) return {};
  EXPECT_EQ(answer->status, 200) << answer->body;
  EXPECT_EQ(answer->get_header_value("Content-Type"), "application/dicom+json");
  return nlohmann::json::parse(answer->body, nullptr, false);
}

httplib::Result WebHub::Store(const std::vector<std::string>& objects, const std::string& path) {
  return Client().Post(kRoot + path, As("clinic_technician"), BodyOf(objects),
                       "multipart/related; type=\"application/dicom\"; boundary=xyz");
}

std::vector<audit::v1::AuditRecord> WebHub::Trail() {
  std::vector<audit::v1::AuditRecord> records;
  const auto page = archive.database->feed().Read(store::kAuditStream, "", std::nullopt, 1000);
  EXPECT_TRUE(page.ok()) << page.status();
  for (const store::Event& event : page->events)
    EXPECT_TRUE(records.emplace_back().ParseFromString(event.payload));
  return records;
}

security::CredentialFiles WebHub::Certificate(security::MachineRole role,
                                              const std::string& facility) {
  const std::string prefix = absl::StrCat(archive.folder.path(), "/certificate", ++certificates_);
  const security::CredentialFiles files{.certificate_chain = prefix + ".pem",
                                        .private_key = prefix + ".key",
                                        .authorities = prefix + "-ca.pem"};
  const auto issued = authority_->IssueWithNewKey({.role = role,
                                                   .facility_id = facility,
                                                   .dns_names = {"localhost"},
                                                   .ip_addresses = {"127.0.0.1"}},
                                                  absl::Hours(24));
  TJ_CHECK(issued.ok());
  using security::FileMode;
  const auto write = [](const std::string& path, const std::string& pem, FileMode mode) {
    TJ_CHECK(security::WriteDurably(path, pem, mode).ok());
  };
  write(files.private_key, issued->private_key_pem, FileMode::kSecret);
  write(files.certificate_chain, issued->certificate_pem, FileMode::kPublic);
  write(files.authorities, authority_->certificate_pem(), FileMode::kPublic);
  return files;
}

std::vector<WebPart> PartsOf(const httplib::Result& answer) {
  std::vector<WebPart> parts;
  const std::string& body = answer->body;
  const std::string boundary = body.substr(0, body.find("\r\n"));
  EXPECT_TRUE(boundary.starts_with("--"));
  EXPECT_TRUE(body.ends_with("\r\n" + boundary + "--\r\n"));
  size_t at = boundary.size() + 2;
  while (at < body.size()) {
    const size_t end = body.find("\r\n" + boundary, at);
    const size_t blank = body.find("\r\n\r\n", at);
    if (end == std::string::npos || blank == std::string::npos || blank > end) break;
    constexpr std::string_view kType = "Content-Type: ";
    EXPECT_EQ(body.substr(at, kType.size()), kType);
    parts.push_back({body.substr(at + kType.size(), blank - at - kType.size()),
                     body.substr(blank + 4, end - blank - 4)});
    at = end + 2 + boundary.size() + 2;
  }
  return parts;
}

std::string BodyOf(const std::vector<std::string>& objects) {
  std::string body;
  for (const std::string& object : objects)
    body += "--xyz\r\nContent-Type: application/dicom\r\n\r\n" + object + "\r\n";
  return body + "--xyz--\r\n";
}

}  // namespace tongjian::imaging
