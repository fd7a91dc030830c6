// The hub's own DICOM port, called by DCMTK's tools.

#include <filesystem>
#include <fstream>

#include "common/dicom/dataset.h"
#include "common/dicom/scu.h"
#include "common/dicom/uid.h"
#include "tests/wire/imaging/hub.h"
#include "tests/wire/imaging/tools.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kDxStorage[] = "1.2.840.10008.5.1.4.1.1.1.1";
const std::string kSyntax(dicom::uids::kExplicitLittleEndian);

// A Part 10 file in memory.
class Bytes final : public dicom::ObjectSource {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t taken = bytes_.copy(buffer, size, at_);
    at_ += taken;
    return taken;
  }

 private:
  const std::string bytes_;
  size_t at_ = 0;
};

class DicomPort : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasTool("storescu") || !HasTool("findscu"))
      GTEST_SKIP() << "DCMTK's tools are not installed";
    hub_ = std::make_unique<Hub>(HubOptions{.dicom = true});
    hub_->archive.places.SetDevice(
        {.id = "d1", .facility_id = "f1", .ae_title = "DR1", .active = true});
    hub_->archive.places.SetDevice({.id = "w1",
                                    .facility_id = "hub",
                                    .ae_title = "READER",
                                    .charset = "GB18030",
                                    .active = true});
  }

  std::string Save(const ObjectSpec& spec) {
    const std::string path = hub_->archive.folder.path() + "/" + spec.sop + ".dcm";
    std::ofstream(path, std::ios::binary) << MakeObject(spec);
    return path;
  }
  ToolResult Store(const std::vector<std::string>& files, const std::string& title = "DR1") {
    std::vector<std::string> argv = {"storescu",  "-aet",           title, "-aec", "TONGJIAN",
                                     "127.0.0.1", hub_->DicomPort()};
    argv.insert(argv.end(), files.begin(), files.end());
    return RunTool(argv);
  }
  // One association that may store and ask.
  std::unique_ptr<dicom::Scu> Associate(const std::string& title) {
    auto scu = dicom::Scu::Open(
        {.calling_ae = title,
         .called_ae = "TONGJIAN",
         .host = "127.0.0.1",
         .port = static_cast<uint16_t>(std::stoi(hub_->DicomPort()))},
        {{kDxStorage, {kSyntax}}, {std::string(dicom::uids::kStudyRootFind), {kSyntax}}});
    EXPECT_TRUE(scu.ok()) << scu.status();
    return *std::move(scu);
  }
  // The DICOM status.
  static int StoreOn(dicom::Scu& scu, const std::string& file) {
    const auto open = [&file]() -> absl::StatusOr<std::unique_ptr<dicom::ObjectSource>> {
      return std::make_unique<Bytes>(file);
    };
    const auto outcome = scu.Store({kDxStorage, ObjectSpec().sop, kSyntax, open});
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? outcome->status : -1;
  }
  // What stands in the trail: operation and code.
  std::vector<std::pair<std::string, int>> Deeds() {
    std::vector<std::pair<std::string, int>> deeds;
    for (const audit::v1::AuditRecord& record : hub_->Trail())
      deeds.emplace_back(record.method(), record.code());
    return deeds;
  }
  // What C-FIND answers a workstation.
  std::vector<dicom::Dataset> Find(const dicom::Dataset& query, const std::string& title = "READER",
                                   absl::Status* status = nullptr) {
    std::vector<dicom::Dataset> matches;
    auto scu = dicom::Scu::Open({.calling_ae = title,
                                 .called_ae = "TONGJIAN",
                                 .host = "127.0.0.1",
                                 .port = static_cast<uint16_t>(std::stoi(hub_->DicomPort()))},
                                {{std::string(dicom::uids::kStudyRootFind),
                                  {std::string(dicom::uids::kExplicitLittleEndian)}}});
    EXPECT_TRUE(scu.ok()) << scu.status();
    const absl::Status found =
        (*scu)->Find(dicom::uids::kStudyRootFind, query, [&](const dicom::Dataset& match) {
          matches.push_back(match);
          return true;
        });
    if (status != nullptr) {
      *status = found;
    } else {
      EXPECT_THAT(found, IsOk());
    }
    return matches;
  }
  // A study of f1 that the hub reads.
  void PutOrderedStudy() {
    ASSERT_THAT(hub_->archive.Announce(MakeOrder("o1", "A1")), IsOk());
    ASSERT_TRUE(hub_->archive.Put({.accession = "A1"}).ok());
  }

  std::unique_ptr<Hub> hub_;
};

dicom::Dataset StudyQuery() {
  dicom::Dataset query;
  query.Set(tags::kQueryRetrieveLevel, "STUDY");
  query.Set(tags::kPatientName, "");
  query.Set(tags::kStudyInstanceUid, "");
  return query;
}

TEST_F(DicomPort, AnswersEcho) {
  EXPECT_EQ(RunTool({"echoscu", "-aec", "TONGJIAN", "127.0.0.1", hub_->DicomPort()}).exit_code, 0);
}

TEST_F(DicomPort, StoresForTheDevicesFacility) {
  const ToolResult result = Store({Save({.sop = "1.2.1"}), Save({.sop = "1.2.2"})});
  ASSERT_EQ(result.exit_code, 0) << result.output;
  const std::vector<Study> studies = hub_->archive.Studies();
  ASSERT_THAT(studies, SizeIs(1));
  EXPECT_EQ(studies[0].facility_id, "f1");
  EXPECT_EQ(studies[0].device_id, "d1");
  EXPECT_EQ(studies[0].instance_count, 2);
  EXPECT_EQ(studies[0].patient.name, "王小东");
}

TEST_F(DicomPort, LeavesOneRecordOfAnAssociationsStudy) {
  ASSERT_EQ(Store({Save({.sop = "1.2.1"}), Save({.sop = "1.2.2"})}).exit_code, 0);
  const auto trail = hub_->Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].method(), "C-STORE");
  EXPECT_EQ(trail[0].source(), audit::v1::SOURCE_DICOM);
  EXPECT_TRUE(trail[0].actor().weak_identity());
  EXPECT_THAT(trail[0].patients(), SizeIs(1));
}

TEST_F(DicomPort, RefusesStrangersAndSaysSoInTheTrail) {
  const ToolResult result = Store({Save({.sop = "1.2.1"})}, "NOBODY");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(hub_->archive.Studies(), SizeIs(0));
  const auto trail = hub_->Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].code(), static_cast<int>(absl::StatusCode::kPermissionDenied));
}

TEST_F(DicomPort, TakesStrangersForTheDefaultFacilityWhereThereIsOne) {
  hub_ = std::make_unique<Hub>(HubOptions{.dicom = true, .default_facility = "hub"});
  ASSERT_EQ(Store({Save({.sop = "1.2.1"})}, "NOBODY").exit_code, 0);
  EXPECT_EQ(hub_->archive.Studies()[0].facility_id, "hub");
  // But shows them nothing.
  absl::Status status;
  Find(StudyQuery(), "NOBODY", &status);
  EXPECT_FALSE(status.ok());
}

TEST_F(DicomPort, RecordsTheRefusalOfAStrangerWhoHasStored) {
  hub_ = std::make_unique<Hub>(HubOptions{.dicom = true, .default_facility = "hub"});
  const auto scu = Associate("NOBODY");
  ASSERT_EQ(StoreOn(*scu, MakeObject({})), 0);
  for (int i = 0; i < 2; ++i) {
    const absl::Status found = scu->Find(dicom::uids::kStudyRootFind, StudyQuery(),
                                         [](const dicom::Dataset&) { return true; });
    EXPECT_FALSE(found.ok());
  }
  constexpr int kDenied = static_cast<int>(absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Deeds(), ElementsAre(Pair("C-STORE", 0), Pair("C-FIND", kDenied)));
}

TEST_F(DicomPort, RecordsTheRefusalOfAMalformedObjectWithItsSender) {
  const std::string whole = MakeObject({});
  const auto scu = Associate("DR1");
  for (int i = 0; i < 2; ++i)
    EXPECT_NE(StoreOn(*scu, whole.substr(0, whole.size() - 500)), 0);
  const auto trail = hub_->Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].method(), "C-STORE");
  EXPECT_EQ(trail[0].code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(trail[0].actor().facility_id(), "f1");
}

TEST_F(DicomPort, RecordsTheRefusalByAFullDisk) {
  hub_ = std::make_unique<Hub>(HubOptions{.dicom = true, .default_facility = "f1", .full = true});
  EXPECT_EQ(StoreOn(*Associate("DR1"), MakeObject({})), 0xA700);
  constexpr int kFull = static_cast<int>(absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Deeds(), ElementsAre(Pair("C-STORE", kFull)));
}

TEST_F(DicomPort, AnswersAConflictWithSuccess) {
  ASSERT_EQ(Store({Save({.pixels = "aa"})}).exit_code, 0);
  EXPECT_EQ(Store({Save({.pixels = "bb"})}).exit_code, 0);
  EXPECT_THAT(hub_->archive.Conflicts(), SizeIs(1));
}

TEST_F(DicomPort, FindsStudiesByAChineseName) {
  PutOrderedStudy();
  dicom::Dataset query = StudyQuery();
  query.Set(tags::kPatientName, "王小*");
  query.Set(tags::kModalitiesInStudy, "");
  query.Set(tags::kNumberOfStudyRelatedInstances, "");
  const auto matches = Find(query);
  ASSERT_THAT(matches, SizeIs(1));
  EXPECT_EQ(matches[0].Text(tags::kPatientName), "WANG^XIAODONG=王^小东");
  EXPECT_EQ(matches[0].Text(tags::kStudyInstanceUid), "1.2.826.0.1");
  EXPECT_EQ(matches[0].Text(tags::kModalitiesInStudy), "DX");
  EXPECT_EQ(matches[0].Int(tags::kNumberOfStudyRelatedInstances), 1);
  query.Set(tags::kPatientName, "李*");
  EXPECT_THAT(Find(query), SizeIs(0));
}

TEST_F(DicomPort, AnswersInTheDevicesCharacterSet) {
  PutOrderedStudy();
  const ToolResult result = RunTool({"findscu", "-S", "-aet", "READER", "-aec", "TONGJIAN", "-k",
                                     "QueryRetrieveLevel=STUDY", "-k", "PatientName", "-k",
                                     "StudyInstanceUID", "127.0.0.1", hub_->DicomPort()});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("GB18030"));
  EXPECT_THAT(result.output, HasSubstr("\xCD\xF5^\xD0\xA1\xB6\xAB"));  // 王^小东
}

TEST_F(DicomPort, FindsNothingOfOthers) {
  ASSERT_TRUE(hub_->archive.Put({}, "f2").ok());
  EXPECT_THAT(Find(StudyQuery()), SizeIs(0));
}

TEST_F(DicomPort, MovesAStudyToAWorkstationUnchanged) {
  if (!HasTool("storescp") || !HasTool("movescu"))
    GTEST_SKIP() << "DCMTK's tools are not installed";
  PutOrderedStudy();
  const std::string inbox = hub_->archive.folder.path() + "/inbox";
  std::filesystem::create_directory(inbox);
  const uint16_t port = FreePort();
  BackgroundTool scp({"storescp", "-aet", "READER", "--bit-preserving", "--output-directory", inbox,
                      std::to_string(port)});
  ASSERT_TRUE(AwaitPort(port));
  hub_->archive.places.SetDevice({.id = "w1",
                                  .facility_id = "hub",
                                  .ae_title = "READER",
                                  .address = "127.0.0.1",
                                  .port = port,
                                  .active = true});
  const std::vector<std::string> move = {"movescu",   "-S",
                                         "-aet",      "READER",
                                         "-aec",      "TONGJIAN",
                                         "-aem",      "READER",
                                         "-k",        "QueryRetrieveLevel=STUDY",
                                         "-k",        "StudyInstanceUID=1.2.826.0.1",
                                         "127.0.0.1", hub_->DicomPort()};
  const ToolResult result = RunTool(move);
  ASSERT_EQ(result.exit_code, 0) << result.output;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(inbox))
    files.push_back(entry.path());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(DatasetOf(ReadWhole(files[0])), DatasetOf(MakeObject({.accession = "A1"})));
}

TEST_F(DicomPort, MovesToDevicesOfTheSameFacilityAlone) {
  PutOrderedStudy();
  hub_->archive.places.SetDevice({.id = "w2",
                                  .facility_id = "f2",
                                  .ae_title = "THEIRS",
                                  .address = "127.0.0.1",
                                  .port = 4242,
                                  .active = true});
  const ToolResult result =
      RunTool({"movescu", "-S", "-v", "-aet", "READER", "-aec", "TONGJIAN", "-aem", "THEIRS", "-k",
               "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.826.0.1", "127.0.0.1",
               hub_->DicomPort()});
  EXPECT_NE(result.exit_code, 0);
  const auto trail = hub_->Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].method(), "C-MOVE");
  EXPECT_EQ(trail[0].code(), static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_EQ(trail[0].actor().facility_id(), "hub");
}

}  // namespace
}  // namespace tongjian::imaging
