// DICOM over TLS: with a certificate the facility is known, without one nobody gets in.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "common/dicom/scu.h"
#include "common/dicom/uid.h"
#include "tests/unit/dicom/test_data.h"
#include "tests/wire/dicom/wire_fixture.h"

namespace tongjian::dicom {
namespace {

namespace fs = std::filesystem;

class TlsListener : public ListenerTest, public Admission {
 protected:
  TlsListener() : folder_(fs::temp_directory_path() / ("tj-tls-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
    for (const char* who : {"hub", "device", "stranger"}) MakeCertificate(who);
  }
  ~TlsListener() override { fs::remove_all(folder_); }

  // Signed by itself, so that a certificate is its own authority.
  void MakeCertificate(const std::string& who) {
    made_ = RunTool({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=" + who,
                     "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", File(who, "key"), "-out",
                     File(who, "pem")})
                .exit_code == 0;
  }
  std::string File(const std::string& who, const std::string& kind) const {
    return folder_ / (who + "." + kind);
  }

  void StartTls() {
    options_.endpoints.front().tls =
        TlsOptions{File("hub", "pem"), File("hub", "key"), File("device", "pem"), true};
    listener_ = std::make_unique<Listener>(options_);
    listener_->SetAdmission(*this);
    ASSERT_TRUE(listener_->Start().ok());
  }

  absl::Status Echo(const std::string& who) {
    ScuOptions options;
    options.host = "127.0.0.1";
    options.port = listener_->port();
    options.tls = TlsOptions{File(who, "pem"), File(who, "key"), File("hub", "pem"), true};
    auto scu = Scu::Open(
        options, {{std::string(uids::kVerification), {std::string(uids::kImplicitLittleEndian)}}});
    return scu.ok() ? (*scu)->Echo() : scu.status();
  }

  absl::Status Admit(const AssociationInfo& info) override {
    certificate_ = info.peer_certificate_pem;
    return absl::OkStatus();
  }

  const fs::path folder_;
  bool made_ = false;
  std::string certificate_;
};

TEST_F(TlsListener, KnowsItsPeersByTheirCertificate) {
  if (!made_) GTEST_SKIP() << "no openssl tool here";
  StartTls();
  const absl::Status echoed = Echo("device");
  EXPECT_TRUE(echoed.ok()) << echoed;
  EXPECT_EQ(certificate_, ReadFile(File("device", "pem")));
}

TEST_F(TlsListener, SpeaksWithDcmtk) {
  if (!made_) GTEST_SKIP() << "no openssl tool here";
  StartTls();
  const ToolResult result = Tool(
      {"echoscu", "+tls", File("device", "key"), File("device", "pem"), "+cf", File("hub", "pem")});
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST_F(TlsListener, RefusesStrangersAndPlainText) {
  if (!made_) GTEST_SKIP() << "no openssl tool here";
  StartTls();
  EXPECT_FALSE(Echo("stranger").ok());
  EXPECT_NE(Tool({"echoscu"}).exit_code, 0);
  EXPECT_EQ(listener_->counts().accepted, 0);
  EXPECT_TRUE(AwaitEvent("aborted", 2));
  EXPECT_TRUE(Echo("device").ok());
}

}  // namespace
}  // namespace tongjian::dicom
