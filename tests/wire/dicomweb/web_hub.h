// The imaging service as browsers and DICOMweb clients reach it: real server, door, tokens and
// certificates, on a real archive.
#pragma once

#include <httplib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/rpc/door.h"
#include "common/rpc/gate.h"
#include "common/security/authority.h"
#include "common/security/token.h"
#include "common/security/void_tokens.h"
#include "services/imaging/dicomweb.h"
#include "tests/unit/imaging/archive.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::imaging {

struct WebHubOptions {
  bool tls = false;
  bool full = false;  // No room for objects.
  rpc::LoadLimits load = {};
};

class WebHub {
 public:
  explicit WebHub(WebHubOptions options = {});
  ~WebHub();

  // "Bearer ..." of a person of that facility.
  std::string Token(const std::string& role, const std::string& facility = "f1");
  httplib::Headers As(const std::string& role, const std::string& facility = "f1",
                      const std::string& accept = "");
  // A reader of f1 asks for what lies behind "/dicom-web".
  httplib::Result Get(const std::string& path, const std::string& accept = "");
  httplib::Result Get(const std::string& path, const httplib::Headers& headers);
  nlohmann::json GetJson(const std::string& path);
  // A technician of f1 stores objects, each a part.
  httplib::Result Store(const std::vector<std::string>& objects,
                        const std::string& path = "/studies");
  httplib::Client Client();
  std::vector<audit::v1::AuditRecord> Trail();
  security::CredentialFiles Certificate(security::MachineRole role, const std::string& facility);

  base::SystemClock clock;
  Archive archive;
  std::unique_ptr<security::VoidTokens> void_tokens = std::make_unique<security::VoidTokens>();
  std::unique_ptr<web::Server> server;

 private:
  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<security::TokenIssuer> issuer_;
  std::unique_ptr<security::TokenVerifier> verifier_;
  std::unique_ptr<rpc::DatabaseAuditSink> sink_;
  std::unique_ptr<rpc::Gate> gate_;
  std::unique_ptr<rpc::Door> door_;
  const Queries queries_{*archive.database, *archive.blobs, {}};
  std::unique_ptr<DicomWeb> web_;
  int certificates_ = 0;
};

// The parts of a multipart answer, as a viewer takes it apart: "Content-Type" spelled exactly so.
struct WebPart {
  std::string content_type;
  std::string bytes;
};
std::vector<WebPart> PartsOf(const httplib::Result& answer);
// Objects as a multipart/related body with the boundary "xyz".
std::string BodyOf(const std::vector<std::string>& objects);

}  // namespace tongjian::imaging
