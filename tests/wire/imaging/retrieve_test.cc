// Queries at every level and retrieval, by DCMTK's tools against the hub's own DICOM port.
#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/dicom/uid.h"
#include "tests/wire/imaging/hub.h"
#include "tests/wire/imaging/tools.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

size_t CountOf(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class Workstation : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* tool : {"findscu", "movescu", "getscu", "storescp"})
      if (!HasTool(tool)) GTEST_SKIP() << "DCMTK's tools are not installed";
    hub_ = std::make_unique<Hub>(HubOptions{.dicom = true});
    SetReader(1);
    for (int patient = 1; patient <= 2; ++patient) {
      for (int study = 1; study <= 2; ++study) {
        for (int number = 1; number <= 3; ++number) Put(patient, study, number);
      }
    }
  }

  void SetReader(uint16_t port) {
    hub_->archive.places.SetDevice({.id = "w1",
                                    .facility_id = "f1",
                                    .ae_title = "READER",
                                    .address = "127.0.0.1",
                                    .port = port,
                                    .active = true});
  }
  // Study 1.p.s has one series of two instances and one of one.
  void Put(int patient, int study, int number) {
    const std::string study_uid = absl::StrCat("1.", patient, ".", study);
    const std::string series_uid = absl::StrCat(study_uid, ".", number / 3 + 1);
    ObjectSpec spec = {.study = study_uid,
                       .series = series_uid,
                       .sop = absl::StrCat(series_uid, ".", number),
                       .patient_id = absl::StrCat("P", patient),
                       .accession = absl::StrCat("A", patient, study),
                       .number = number};
    ASSERT_TRUE(hub_->archive.Put(spec).ok());
  }
  ToolResult Run(const std::string& tool, std::vector<std::string> options,
                 const std::vector<std::string>& keys) {
    std::vector<std::string> argv = {tool, "-v", "-aet", "READER", "-aec", "TONGJIAN"};
    argv.insert(argv.end(), options.begin(), options.end());
    for (const std::string& key : keys) argv.insert(argv.end(), {"-k", key});
    argv.insert(argv.end(), {"127.0.0.1", hub_->DicomPort()});
    return RunTool(argv);
  }
  size_t Matches(const std::string& model, const std::vector<std::string>& keys) {
    const ToolResult result = Run("findscu", {model}, keys);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return CountOf(result.output, "Find Response:");
  }
  std::string Inbox() {
    const std::string inbox = absl::StrCat(hub_->archive.folder.path(), "/inbox", ++inboxes_);
    std::filesystem::create_directory(inbox);
    return inbox;
  }
  static std::set<std::string> Uids(const std::string& folder) {
    std::set<std::string> uids;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const auto header = dicom::ScanFile(entry.path());
      EXPECT_TRUE(header.ok()) << header.status();
      uids.insert(header->Text(tags::kSopInstanceUid));
    }
    return uids;
  }

  std::unique_ptr<Hub> hub_;
  int inboxes_ = 0;
};

TEST_F(Workstation, FindsAtEachLevel) {
  const std::string patient = "QueryRetrieveLevel=PATIENT", study = "QueryRetrieveLevel=STUDY";
  const std::string series = "QueryRetrieveLevel=SERIES", image = "QueryRetrieveLevel=IMAGE";
  EXPECT_EQ(Matches("-P", {patient, "PatientID"}), 2u);
  EXPECT_EQ(Matches("-P", {study, "PatientID=P1", "StudyInstanceUID"}), 2u);
  EXPECT_EQ(Matches("-P", {series, "PatientID=P1", "StudyInstanceUID=1.1.1"}), 2u);
  EXPECT_EQ(Matches("-P", {image, "PatientID=P1", "StudyInstanceUID=1.1.1",
                           "SeriesInstanceUID=1.1.1.1"}),
            2u);
  EXPECT_EQ(Matches("-S", {study, "StudyInstanceUID"}), 4u);
  EXPECT_EQ(Matches("-S", {study, "StudyInstanceUID=1.1.1\\1.2.2"}), 2u);
  EXPECT_EQ(Matches("-S", {study, "PatientName=wang^*", "StudyDate=20260101-20260131"}), 4u);
  EXPECT_EQ(Matches("-S", {series, "StudyInstanceUID=1.1.1", "SeriesNumber"}), 2u);
  EXPECT_EQ(Matches("-S", {image, "StudyInstanceUID=1.1.1", "SOPInstanceUID=1.1.1.2.3"}), 1u);
}

TEST_F(Workstation, IsToldWhatIsWrongWithAQuery) {
  const ToolResult level = Run("findscu", {"-S", "-d"}, {"QueryRetrieveLevel=PATIENT", "PatientID"});
  EXPECT_THAT(level.output, HasSubstr("0xa900"));
  EXPECT_THAT(level.output, HasSubstr("(0008,0052)"));
  const ToolResult date =
      Run("findscu", {"-S", "-d"}, {"QueryRetrieveLevel=STUDY", "StudyDate=soon"});
  EXPECT_THAT(date.output, HasSubstr("0xa900"));
}

TEST_F(Workstation, StopsAQueryByCancelling) {
  const ToolResult result = Run("findscu", {"-S", "-d", "--cancel", "1"},
                                {"QueryRetrieveLevel=STUDY", "StudyInstanceUID"});
  // The cancel may cross the end of so short an answer.
  EXPECT_TRUE(result.output.find("0xfe00") != std::string::npos ||
              result.output.find("0x0000") != std::string::npos)
      << result.output;
}

TEST_F(Workstation, MovesAtEachLevel) {
  const uint16_t port = FreePort();
  const std::string inbox = Inbox();
  BackgroundTool scp({"storescp", "-aet", "READER", "--bit-preserving", "--output-directory", inbox,
                      std::to_string(port)});
  ASSERT_TRUE(AwaitPort(port));
  SetReader(port);
  const auto move = [&](const std::string& model, const std::vector<std::string>& keys) {
    for (const auto& entry : std::filesystem::directory_iterator(inbox))
      std::filesystem::remove(entry);
    const ToolResult result = Run("movescu", {model, "-aem", "READER"}, keys);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return Uids(inbox);
  };
  EXPECT_THAT(move("-P", {"QueryRetrieveLevel=PATIENT", "PatientID=P2"}), SizeIs(6));
  EXPECT_THAT(move("-S", {"QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.1.1\\1.2.1"}), SizeIs(6));
  EXPECT_THAT(move("-P", {"QueryRetrieveLevel=SERIES", "PatientID=P1", "StudyInstanceUID=1.1.1",
                          "SeriesInstanceUID=1.1.1.1"}),
              ElementsAre("1.1.1.1.1", "1.1.1.1.2"));
  EXPECT_THAT(move("-S", {"QueryRetrieveLevel=IMAGE", "StudyInstanceUID=1.1.1",
                          "SeriesInstanceUID=1.1.1.2", "SOPInstanceUID=1.1.1.2.3"}),
              ElementsAre("1.1.1.2.3"));
}

TEST_F(Workstation, MovesNothingThatIsNotNamed) {
  for (const std::vector<std::string>& keys :
       {std::vector<std::string>{"QueryRetrieveLevel=STUDY"},
        {"QueryRetrieveLevel=STUDY", "StudyInstanceUID=*"},
        {"QueryRetrieveLevel=SERIES", "StudyInstanceUID=1.1.1"},
        {"QueryRetrieveLevel=PATIENT", "PatientID=P?"}}) {
    const ToolResult result = Run("movescu", {"-P", "-d", "-aem", "READER"}, keys);
    EXPECT_NE(result.exit_code, 0) << keys.front();
    EXPECT_THAT(result.output, HasSubstr("0xa900"));
  }
}

TEST_F(Workstation, GetsAtEachLevelOnItsOwnAssociation) {
  const auto get = [&](const std::string& model, const std::vector<std::string>& keys) {
    const std::string inbox = Inbox();
    const ToolResult result =
        Run("getscu", {model, "--bit-preserving", "--output-directory", inbox}, keys);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return Uids(inbox);
  };
  EXPECT_THAT(get("-P", {"QueryRetrieveLevel=PATIENT", "PatientID=P2"}), SizeIs(6));
  EXPECT_THAT(get("-S", {"QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.1.1\\1.2.1"}), SizeIs(6));
  EXPECT_THAT(get("-S", {"QueryRetrieveLevel=SERIES", "StudyInstanceUID=1.1.1",
                         "SeriesInstanceUID=1.1.1.1"}),
              ElementsAre("1.1.1.1.1", "1.1.1.1.2"));
  EXPECT_THAT(get("-S", {"QueryRetrieveLevel=IMAGE", "StudyInstanceUID=1.1.1",
                         "SeriesInstanceUID=1.1.1.2", "SOPInstanceUID=1.1.1.2.3"}),
              ElementsAre("1.1.1.2.3"));
  const auto trail = hub_->Trail();
  ASSERT_THAT(trail, SizeIs(4));
  EXPECT_EQ(trail[0].method(), "C-GET");
  EXPECT_THAT(trail[0].patients(), SizeIs(1));
}

TEST_F(Workstation, GetsTheBitsThatWereStored) {
  const std::string inbox = Inbox();
  const ToolResult result =
      Run("getscu", {"-S", "--bit-preserving", "--output-directory", inbox},
          {"QueryRetrieveLevel=IMAGE", "StudyInstanceUID=1.1.1", "SeriesInstanceUID=1.1.1.2",
           "SOPInstanceUID=1.1.1.2.3"});
  ASSERT_EQ(result.exit_code, 0) << result.output;
  const auto file = *std::filesystem::directory_iterator(inbox);
  const Study study = hub_->archive.Studies({.study_instance_uid = "1.1.1"}).front();
  std::string stored;
  for (const Instance& instance : hub_->archive.Instances(study))
    if (instance.sop_instance_uid == "1.1.1.2.3") stored = hub_->archive.Content(instance.locator);
  EXPECT_EQ(DatasetOf(ReadWhole(file.path())), DatasetOf(stored));
}

TEST_F(Workstation, TakesObjectsInTheImplicitFormWhereItTakesNoOther) {
  const uint16_t port = FreePort();
  const std::string inbox = Inbox();
  BackgroundTool scp({"storescp", "+xi", "-aet", "READER", "--output-directory", inbox,
                      std::to_string(port)});
  ASSERT_TRUE(AwaitPort(port));
  SetReader(port);
  const ToolResult result = Run("movescu", {"-S", "-aem", "READER"},
                                {"QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.1.1"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(Uids(inbox), SizeIs(3));
  for (const auto& entry : std::filesystem::directory_iterator(inbox)) {
    const auto header = dicom::ScanFile(entry.path());
    EXPECT_EQ(header->transfer_syntax_uid, dicom::uids::kImplicitLittleEndian);
    EXPECT_EQ(header->Text(tags::kPatientName), "WANG^XIAODONG=王^小东");
  }
}

TEST_F(Workstation, GetsWhatIsStoredThoughItPrefersAnotherSyntax) {
  const std::string inbox = Inbox();
  const ToolResult result = Run("getscu", {"-S", "+xr", "--output-directory", inbox},
                                {"QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.1.1"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(Uids(inbox), SizeIs(3));
}

TEST_F(Workstation, GetsNothingOfOthers) {
  ASSERT_TRUE(hub_->archive.Put({.study = "9.9", .series = "9.9.1", .sop = "9.9.1.1"}, "f2").ok());
  const std::string inbox = Inbox();
  const ToolResult result = Run("getscu", {"-S", "--output-directory", inbox},
                                {"QueryRetrieveLevel=STUDY", "StudyInstanceUID=9.9"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(Uids(inbox), IsEmpty());
}

}  // namespace
}  // namespace tongjian::imaging
