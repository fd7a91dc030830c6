#include "common/config/settings.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Values {
  std::string address = "0.0.0.0:7443";
  std::string level = "INFO";
  std::string password;
  int64_t threads = 4;
  bool reflection = false;
  absl::Duration quiet_time = absl::Seconds(30);
  ByteSize reserve = GiB(1);
  std::vector<std::string> peers;
};

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    settings_.Add("listen", &values_.address, "Where to listen");
    settings_.Add("log.level", &values_.level, "The log level", {.allowed = {"DEBUG", "INFO"}});
    settings_.Add("imaging.password", &values_.password, "A secret", {.secret = true});
    settings_.Add("imaging.threads", &values_.threads, "How many threads", {.min = 1, .max = 64});
    settings_.Add("rpc.reflection", &values_.reflection, "Whether to describe the API");
    settings_.Add("imaging.quiet-time", &values_.quiet_time, "When a study is complete",
                  {.min = absl::Seconds(1), .max = absl::Hours(1)});
    settings_.Add("imaging.reserve", &values_.reserve, "What is kept free", {.min = MiB(1)});
    settings_.Add("imaging.peers", &values_.peers, "Where to send");
  }
  ~SettingsTest() override { std::filesystem::remove(path_); }

  std::string WriteFile(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  std::string Refusal(const std::vector<std::string>& args, const Environment& environment = {}) {
    const absl::Status status = settings_.Parse(args, environment);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  const std::string path_ =
      std::filesystem::temp_directory_path() / ("tj_settings_test_" + std::to_string(getpid()));
  Values values_;
  Settings settings_{"tongjian serve"};
};

TEST_F(SettingsTest, KeepsDefaultsWhenNothingIsGiven) {
  ASSERT_TRUE(settings_.Parse({}, {}).ok());
  EXPECT_EQ(values_.address, "0.0.0.0:7443");
  EXPECT_EQ(values_.quiet_time, absl::Seconds(30));
  EXPECT_FALSE(settings_.help_asked());
}

TEST_F(SettingsTest, ReadsEveryTypeFromFlags) {
  ASSERT_TRUE(settings_
                  .Parse({"--listen=[::1]:1", "--imaging.threads", "8", "--rpc.reflection",
                          "--imaging.quiet-time=5m", "--imaging.reserve=2GiB",
                          "--imaging.peers=a,b", "--imaging.peers", "c"},
                         {})
                  .ok());
  EXPECT_EQ(values_.address, "[::1]:1");
  EXPECT_EQ(values_.threads, 8);
  EXPECT_TRUE(values_.reflection);
  EXPECT_EQ(values_.quiet_time, absl::Minutes(5));
  EXPECT_EQ(values_.reserve.bytes, int64_t{2} << 30);
  EXPECT_THAT(values_.peers, ElementsAre("a", "b", "c"));
}

TEST_F(SettingsTest, TakesNothingAfterTheEqualsSignForAnEmptyValue) {
  ASSERT_TRUE(
      settings_.Parse({"--listen=", "--imaging.peers=", "--imaging.threads=8", "--rpc.reflection"}, {})
          .ok());
  EXPECT_EQ(values_.address, "");
  EXPECT_THAT(values_.peers, ElementsAre());
  EXPECT_EQ(values_.threads, 8);
  EXPECT_TRUE(values_.reflection);
}

TEST_F(SettingsTest, ReadsEveryTypeFromAFile) {
  const std::string file = WriteFile(
      "listen = \"x:1\"\n[imaging]\nthreads = 8\nquiet-time = \"7m\"\nreserve = \"64MiB\"\n"
      "peers = [\"a,b\", \"c\"]\n[rpc]\nreflection = true\n");
  ASSERT_TRUE(settings_.Parse({"--config=" + file}, {}).ok());
  EXPECT_EQ(settings_.file(), file);
  EXPECT_EQ(values_.address, "x:1");
  EXPECT_EQ(values_.threads, 8);
  EXPECT_TRUE(values_.reflection);
  EXPECT_EQ(values_.quiet_time, absl::Minutes(7));
  EXPECT_EQ(values_.reserve.bytes, 64 << 20);
  EXPECT_THAT(values_.peers, ElementsAre("a,b", "c"));
}

TEST_F(SettingsTest, TakesFlagsBeforeEnvironmentBeforeFileBeforeDefault) {
  const std::string file =
      WriteFile("listen = \"file:1\"\n[imaging]\nthreads = 2\nreserve = \"2MiB\"\n");
  const Environment environment = {{"TONGJIAN_CONFIG", file},
                                   {"TONGJIAN_LISTEN", "environment:1"},
                                   {"TONGJIAN_IMAGING_THREADS", "3"}};
  ASSERT_TRUE(settings_.Parse({"--listen=flag:1"}, environment).ok());
  EXPECT_EQ(values_.address, "flag:1");
  EXPECT_EQ(values_.threads, 3);
  EXPECT_EQ(values_.reserve.bytes, 2 << 20);
  EXPECT_EQ(values_.level, "INFO");
  const std::string text = settings_.Describe();
  EXPECT_THAT(text, HasSubstr("listen = \"flag:1\"  # flag\n"));
  EXPECT_THAT(text, HasSubstr("threads = 3  # environment, TONGJIAN_IMAGING_THREADS\n"));
  EXPECT_THAT(text, HasSubstr("reserve = \"2MiB\"  # file, line 4\n"));
  EXPECT_THAT(text, HasSubstr("level = \"INFO\"  # default\n"));
}

TEST_F(SettingsTest, RefusesUnknownNamesAndKnowsTheNearest) {
  EXPECT_THAT(Refusal({"--imaging.quite-time=5s"}),
              HasSubstr("--imaging.quite-time; did you mean --imaging.quiet-time?"));
  EXPECT_THAT(Refusal({"serve"}), HasSubstr("unexpected word"));
  EXPECT_THAT(Refusal({}, {{"TONGJIAN_IMAGING_THREAD", "1"}}),
              HasSubstr("TONGJIAN_IMAGING_THREAD; did you mean TONGJIAN_IMAGING_THREADS?"));
  const std::string file = WriteFile("[imaging]\n\nthraeds = 8\n");
  EXPECT_THAT(Refusal({"--config", file}),
              HasSubstr("line 3: unknown setting imaging.thraeds; did you mean imaging.threads?"));
}

TEST_F(SettingsTest, LeavesVariablesOfOthersAlone) {
  EXPECT_TRUE(settings_.Parse({}, {{"TONGJIAN_TEST_DATA", "/data"}}).ok());
}

TEST_F(SettingsTest, SaysWhatIsAllowed) {
  EXPECT_THAT(Refusal({"--imaging.threads=65"}),
              HasSubstr("imaging.threads (flag) must be 1 to 64, not \"65\""));
  EXPECT_THAT(Refusal({"--imaging.threads=many"}), HasSubstr("a whole number"));
  EXPECT_THAT(Refusal({"--imaging.quiet-time=2h"}), HasSubstr("must be 1s to 1h"));
  EXPECT_THAT(Refusal({"--imaging.quiet-time=30"}), HasSubstr("a duration such as"));
  EXPECT_THAT(Refusal({"--imaging.quiet-time=inf"}), HasSubstr("a duration such as"));
  EXPECT_THAT(Refusal({"--imaging.reserve=1KiB"}), HasSubstr("at least 1MiB"));
  EXPECT_THAT(Refusal({"--imaging.reserve=9999999TiB"}), HasSubstr("a size such as"));
  EXPECT_THAT(Refusal({"--log.level=LOUD"}), HasSubstr("one of DEBUG, INFO"));
  EXPECT_THAT(Refusal({"--rpc.reflection=perhaps"}), HasSubstr("true or false"));
  EXPECT_FALSE(settings_.Parse({"--imaging.threads=1", "--imaging.threads=2"}, {}).ok());
  EXPECT_THAT(Refusal({"--config", WriteFile("listen = [\"a\"]\n")}),
              HasSubstr("one value, not a list"));
  EXPECT_EQ(settings_.Parse({"--config=/nowhere.toml"}, {}).code(), absl::StatusCode::kNotFound);
}

TEST_F(SettingsTest, NeverShowsASecret) {
  ASSERT_TRUE(settings_.Parse({"--imaging.password=hunter2"}, {}).ok());
  EXPECT_EQ(values_.password, "hunter2");
  EXPECT_THAT(settings_.Describe(), HasSubstr("password = \"********\"  # flag"));
  EXPECT_THAT(settings_.Describe(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(settings_.Help(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(Refusal({"--imaging.password=hunter2", "--imaging.password=hunter3"}),
              Not(HasSubstr("hunter")));
  EXPECT_THAT(Refusal({"--imaging.password", std::string(5000, 'x')}), Not(HasSubstr("xxx")));
}

TEST_F(SettingsTest, DemandsWhatIsRequired) {
  std::string facility;
  settings_.Add("edge.facility", &facility, "The clinic", {.required = true});
  EXPECT_THAT(Refusal({}),
              HasSubstr("edge.facility must be set: --edge.facility, TONGJIAN_EDGE_FACILITY"));
  EXPECT_TRUE(settings_.Parse({"--help"}, {}).ok());
  EXPECT_TRUE(settings_.Parse({"--edge.facility=f1"}, {}).ok());
}

TEST_F(SettingsTest, GroupsTheHelpBySection) {
  ASSERT_TRUE(settings_.Parse({"--help"}, {}).ok());
  EXPECT_TRUE(settings_.help_asked());
  const std::string help = settings_.Help();
  EXPECT_THAT(help, HasSubstr("Usage: tongjian serve"));
  EXPECT_THAT(help, HasSubstr("\nimaging:\n  --imaging.password"));
  EXPECT_THAT(help, HasSubstr("  --imaging.quiet-time <duration>\n      When a study is complete "
                              "(default \"30s\"; 1s to 1h)\n"));
}

TEST_F(SettingsTest, DescribesAFileThatReadsBack) {
  ASSERT_TRUE(
      settings_.Parse({"--imaging.peers=a,b", "--listen=\"q\"", "--show-settings"}, {}).ok());
  EXPECT_TRUE(settings_.description_asked());
  const std::string file = WriteFile(settings_.Describe());
  Values before = std::exchange(values_, Values());
  ASSERT_TRUE(settings_.Parse({"--config=" + file}, {}).ok());
  EXPECT_EQ(values_.address, before.address);
  EXPECT_EQ(values_.peers, before.peers);
}

TEST(SettingsDeathTest, RefusesRegistrationsThatClash) {
  std::string a, b;
  int64_t n = 0;
  Settings settings("tongjian serve");
  settings.Add("imaging.a-b", &a, "A");
  EXPECT_DEATH(settings.Add("imaging.a.b", &b, "B"), "check failed");
  EXPECT_DEATH(settings.Add("Imaging.c", &b, "C"), "check failed");
  EXPECT_DEATH(settings.Add("imaging.n", &n, "N", {.min = 1}), "check failed");
}

}  // namespace
}  // namespace tongjian::config
