// Nobody gets at images over HTTP who would not over gRPC, and everybody who does is on record.
#include "tests/wire/dicomweb/web_hub.h"

namespace tongjian::imaging {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kInstance[] = "/studies/1.2.826.0.1/series/1.2.826.0.1.1/instances/1.2.826.0.1.1.1";
const std::vector<std::string> kReads = {
    "/studies/1.2.826.0.1",
    "/studies/1.2.826.0.1/metadata",
    "/studies/1.2.826.0.1/series/1.2.826.0.1.1",
    "/studies/1.2.826.0.1/series/1.2.826.0.1.1/metadata",
    kInstance,
    std::string(kInstance) + "/metadata",
    std::string(kInstance) + "/bulkdata/7FE00010",
    "/wado?requestType=WADO&studyUID=1.2.826.0.1&seriesUID=1.2.826.0.1.1&objectUID=1.2.826.0.1.1.1"
    "&contentType=application/dicom",
};

TEST(WebDoor, RefusesWhoeverBringsNoTokenOrAWrongOne) {
  WebHub hub;
  ASSERT_THAT(hub.archive.Put({}).status(), IsOk());
  const std::string token = hub.Token("reader");
  for (const std::string& path : kReads) {
    const std::vector<httplib::Headers> strangers = {
        {},
        {{"Authorization", "Bearer "}},
        {{"Authorization", token + "x"}},
        {{"Authorization", "Basic dTpw"}},
        {{"Authorization", token}, {"Authorization", token}},
        {{"tongjian-principal", "service"}},
        {{"tongjian-on-behalf", "facility=f1;roles=reader"}},
    };
    for (const httplib::Headers& headers : strangers) {
      const auto answer = hub.Get(path, headers);
      EXPECT_EQ(answer->status, 401) << path;
      EXPECT_EQ(answer->get_header_value("WWW-Authenticate"), "Bearer");
    }
  }
  EXPECT_EQ(
      hub.Client()
          .Post("/dicom-web/studies", BodyOf({MakeObject({})}), "multipart/related; boundary=xyz")
          ->status,
      401);
  EXPECT_EQ(hub.archive.Studies().front().instance_count, 1);
  EXPECT_EQ(hub.Trail().size(), kReads.size() * 7 + 1);
}

TEST(WebDoor, RefusesRolesThatSeeNoImages) {
  WebHub hub;
  ASSERT_THAT(hub.archive.Put({}).status(), IsOk());
  for (const char* role : {"bureau", "operator", "auditor", "patient_steward"}) {
    for (const std::string& path : kReads)
      EXPECT_EQ(hub.Get(path, hub.As(role))->status, 403) << role << path;
  }
  for (const char* role : {"reader", "clinic_doctor", "bureau", "operator"}) {
    EXPECT_EQ(hub.Client()
                  .Post("/dicom-web/studies", hub.As(role), BodyOf({MakeObject({.sop = "1.2.9"})}),
                        "multipart/related; boundary=xyz")
                  ->status,
              403)
        << role;
  }
  EXPECT_EQ(hub.archive.Studies().front().instance_count, 1);
  for (const auto& record : hub.Trail()) {
    EXPECT_EQ(record.code(), static_cast<int>(absl::StatusCode::kPermissionDenied));
    EXPECT_EQ(record.source(), audit::v1::SOURCE_HTTP);
  }
}

TEST(WebDoor, ShowsAnotherFacilityNothingNotEvenThatItIsThere) {
  WebHub hub;
  ASSERT_THAT(hub.archive.Put({}).status(), IsOk());
  for (const std::string& path : kReads) {
    const auto other = hub.Get(path, hub.As("reader", "f2"));
    const auto none = hub.Get("/studies/1.2.826.0.77", hub.As("reader", "f2"));
    EXPECT_EQ(other->status, 404) << path;
    EXPECT_EQ(none->status, 404);
    EXPECT_EQ(hub.Get(path, hub.As("reader", "f1"))->status, 200) << path;
  }
}

TEST(WebDoor, PutsTheFirstLookAtAStudyOnRecordBeforeItIsShown) {
  WebHub hub;
  const auto stored = hub.archive.Put({});
  ASSERT_THAT(stored.status(), IsOk());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(hub.Get(kInstance)->status, 200);
    EXPECT_EQ(hub.Get(std::string(kInstance) + "/metadata")->status, 200);
  }
  const auto trail = hub.Trail();
  ASSERT_EQ(trail.size(), 2u);
  EXPECT_EQ(trail[0].method(), "tongjian.imaging.DicomWeb/RetrieveInstance");
  EXPECT_EQ(trail[1].method(), "tongjian.imaging.DicomWeb/RetrieveMetadata");
  for (const auto& record : trail) {
    EXPECT_EQ(record.source(), audit::v1::SOURCE_HTTP);
    EXPECT_EQ(record.actor().user_id(), "reader-1");
    EXPECT_EQ(record.peer(), "127.0.0.1");
    EXPECT_EQ(record.object_ids(0), stored->study_id);
    EXPECT_EQ(record.patients_size(), 1);
  }
  EXPECT_EQ(hub.Get(kInstance, hub.As("clinic_doctor"))->status, 200);
  EXPECT_EQ(hub.Trail().size(), 3u);
}

TEST(WebDoor, ShutsWhenAnAccountIsClosed) {
  WebHub hub;
  ASSERT_THAT(hub.archive.Put({}).status(), IsOk());
  const httplib::Headers headers = hub.As("reader");
  EXPECT_EQ(hub.Get(kInstance, headers)->status, 200);
  hub.void_tokens->Set("reader-1", absl::Now() + absl::Seconds(5));
  EXPECT_EQ(hub.Get(kInstance, headers)->status, 401);
}

TEST(WebDoor, LetsAMachineInByItsCertificateAlone) {
  WebHub hub({.tls = true});
  ASSERT_THAT(hub.archive.Put({}).status(), IsOk());
  const auto ask = [&](const security::CredentialFiles& files, const httplib::Headers& headers) {
    httplib::SSLClient client("localhost", hub.server->port(), files.certificate_chain,
                              files.private_key);
    client.set_ca_cert_path(files.authorities.c_str());
    client.enable_server_certificate_verification(true);
    const auto answer = client.Get(std::string("/dicom-web") + kInstance, headers);
    return answer ? answer->status : 0;
  };
  using security::MachineRole;
  const auto gateway = hub.Certificate(MachineRole::kGateway, "f1");
  EXPECT_EQ(ask(gateway, {}), 200);
  EXPECT_EQ(ask(hub.Certificate(MachineRole::kGateway, "f2"), {}), 404);
  EXPECT_EQ(ask(hub.Certificate(MachineRole::kPeer, "f1"), {}), 403);
  EXPECT_EQ(ask(hub.Certificate(MachineRole::kHub, "hub"), {}), 401);
  // A person's token over a machine of another facility.
  EXPECT_EQ(ask(gateway, hub.As("reader", "f2")), 403);
  EXPECT_EQ(ask(gateway, hub.As("reader", "f1")), 200);
  // A certificate of nobody's: the handshake fails. None at all, with a token: a person.
  WebHub other({.tls = true});
  EXPECT_EQ(ask(other.Certificate(MachineRole::kGateway, "f1"), {}), 0);
  security::CredentialFiles none = gateway;
  httplib::SSLClient browser("localhost", hub.server->port());
  browser.set_ca_cert_path(gateway.authorities.c_str());
  EXPECT_EQ(browser.Get(std::string("/dicom-web") + kInstance, hub.As("reader"))->status, 200);
}

TEST(WebDoor, TellsAPeerWithTooMuchRunningToComeBack) {
  WebHub hub({.load = {.stream_per_peer_max = 0}});
  ASSERT_THAT(hub.archive.Put({}).status(), IsOk());
  const auto answer = hub.Get(kInstance);
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->get_header_value("Retry-After"), "1");
  EXPECT_EQ(hub.Trail().size(), 0u);
}

TEST(WebDoor, SaysNoWordOfFaultsAndGivesTheRequestItsId) {
  WebHub hub;
  httplib::Headers headers = hub.As("reader");
  headers.emplace("X-Request-Id", "mine-1");
  const auto answer = hub.Get("/studies/1.2.3", headers);
  EXPECT_EQ(answer->get_header_value("X-Request-Id"), "mine-1");
  EXPECT_THAT(answer->body, HasSubstr("not found"));
}

}  // namespace
}  // namespace tongjian::imaging
