// Bits are kept: every readable file of the test data comes back as it was sent.
#include <algorithm>
#include <set>

#include "common/base/status.h"
#include "common/dicom/scan.h"
#include "common/dicom/scu.h"
#include "common/security/digest.h"
#include "tests/wire/imaging/hub.h"
#include "tests/wire/imaging/tools.h"

namespace tongjian::imaging {
namespace {

namespace fs = std::filesystem;
namespace tags = dicom::tags;

constexpr char kPydicomData[] = "/usr/lib/python3/dist-packages/pydicom/data";
constexpr uintmax_t kFileSizeMax = 64 << 20;

struct DicomFile {
  fs::path path;
  std::string sop_instance_uid;
};

// The files below `folder` that may be stored, in order of name.
std::vector<DicomFile> ReadableFiles(const fs::path& folder) {
  std::vector<DicomFile> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.file_size() > kFileSizeMax) continue;
    const auto header = dicom::ScanFile(entry.path());
    if (!header.ok() || !dicom::CheckStorable(*header, "", "").ok()) continue;
    files.push_back({entry.path(), header->Text(tags::kSopInstanceUid)});
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

// The digests of everything the hub keeps under a SOP Instance UID: the instance and what is beside
// it.
std::set<std::string> KeptContents(Hub& hub, const std::string& sop_instance_uid) {
  std::set<std::string> locators, contents;
  EXPECT_THAT(hub.archive.database->Read([&](store::Session& session) -> absl::Status {
    for (const char* sql :
         {"select locator from instance where facility_id = 'f1' and sop_instance_uid = :uid",
          "select locator from conflict where facility_id = 'f1' and sop_instance_uid = :uid"}) {
      TJ_ASSIGN_OR_RETURN(const auto rows, session.Query(sql, sop_instance_uid));
      for (const store::Row& row : rows) locators.insert(row.Text(0));
    }
    return absl::OkStatus();
  }),
              IsOk());
  for (const std::string& locator : locators) {
    const std::string file = hub.archive.Content(locator);
    contents.insert(security::Sha256Text(DatasetOf(file)));
  }
  return contents;
}

class BitsAreKept : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const fs::path folder =
        std::string(GetParam()) == "pydicom" ? fs::path(kPydicomData) : DicomTestData();
    if (!fs::exists(folder)) GTEST_SKIP() << "no test data at " << folder.string();
    files_ = ReadableFiles(folder);
    ASSERT_FALSE(files_.empty());
    std::printf("%zu readable files\n", files_.size());
  }

  std::vector<DicomFile> files_;
};

INSTANTIATE_TEST_SUITE_P(Of, BitsAreKept, ::testing::Values("collected", "pydicom"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(BitsAreKept, ByUpload) {
  Hub hub;
  UploadClient client(hub.Gateway("f1"));
  int uploads = 0;
  for (const DicomFile& file : files_) {
    const std::string bytes = ReadWhole(file.path);
    const v1::UploadResponse end =
        client.Send({.upload_id = "u" + std::to_string(++uploads), .bytes = bytes}, 1 << 20);
    ASSERT_TRUE(end.has_done()) << file.path << " " << end.ShortDebugString();
    EXPECT_EQ(end.done().sop_instance_uid(), file.sop_instance_uid) << file.path;
    const auto kept = KeptContents(hub, file.sop_instance_uid);
    EXPECT_TRUE(kept.contains(security::Sha256Text(DatasetOf(bytes)))) << file.path;
    if (end.done().outcome() != v1::STORE_OUTCOME_STORED) continue;
    const auto content = hub.ReadInstance(end.done().study_id(), end.done().sop_instance_uid());
    ASSERT_TRUE(content.ok()) << content.status();
    EXPECT_TRUE(*content == bytes) << file.path;
  }
}

// dcmsend changes some files as it reads them, so what it sends is told by what DCMTK's own
// receiver writes bit by bit.
TEST_P(BitsAreKept, ByCStore) {
  if (!HasTool("dcmsend") || !HasTool("storescp"))
    GTEST_SKIP() << "DCMTK's tools are not installed";
  Hub hub({.dicom = true, .default_facility = "f1"});
  const std::string inbox = hub.archive.folder.path() + "/inbox";
  fs::create_directory(inbox);
  const uint16_t port = FreePort();
  BackgroundTool reference({"storescp", "--bit-preserving", "--promiscuous", "--accept-all",
                            "--unique-filenames", "--output-directory", inbox,
                            std::to_string(port)});
  ASSERT_TRUE(AwaitPort(port));
  constexpr size_t kBatch = 40;
  for (size_t at = 0; at < files_.size(); at += kBatch) {
    std::vector<std::string> names;
    for (size_t i = at; i < std::min(at + kBatch, files_.size()); ++i)
      names.push_back(files_[i].path);
    for (const std::string& to : {std::to_string(port), hub.DicomPort()}) {
      std::vector<std::string> argv = {"dcmsend",         "--no-halt", "--decompress-never",
                                       "--no-uid-checks", "127.0.0.1", to};
      argv.insert(argv.end(), names.begin(), names.end());
      RunTool(argv);
    }
  }
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(inbox)) {
    const auto header = dicom::ScanFile(entry.path());
    ASSERT_TRUE(header.ok()) << entry.path() << header.status();
    if (!dicom::CheckStorable(*header, "", "").ok()) continue;
    const std::string uid = header->Text(tags::kSopInstanceUid);
    const auto kept = KeptContents(hub, uid);
    EXPECT_TRUE(kept.contains(security::Sha256Text(DatasetOf(ReadWhole(entry.path()))))) << uid;
    ++compared;
  }
  std::printf("%d objects compared\n", compared);
  // DCMTK's receiver knows fewer transfer syntaxes than there are, and its sender refuses some
  // files.
  EXPECT_GT(compared, static_cast<int>(files_.size() * 3 / 4));
}

// Our own sender passes data sets on as they stand, in every transfer syntax.
TEST_P(BitsAreKept, ByCStoreOfEveryTransferSyntax) {
  Hub hub({.dicom = true, .default_facility = "f1"});
  const auto port = static_cast<uint16_t>(std::stoi(hub.DicomPort()));
  for (const DicomFile& file : files_) {
    const auto object = dicom::ObjectFromFile(file.path);
    if (!object.ok()) continue;  // Without a meta header: no device sends it so.
    auto scu = dicom::Scu::Open({.called_ae = "TONGJIAN", .host = "127.0.0.1", .port = port},
                                dicom::ContextsFor({*object}));
    ASSERT_TRUE(scu.ok()) << file.path << scu.status();
    const auto outcome = (*scu)->Store(*object);
    ASSERT_TRUE(outcome.ok()) << file.path << outcome.status();
    EXPECT_EQ(outcome->status, 0) << file.path << " " << outcome->comment;
    const auto kept = KeptContents(hub, file.sop_instance_uid);
    EXPECT_TRUE(kept.contains(security::Sha256Text(DatasetOf(ReadWhole(file.path))))) << file.path;
  }
}

}  // namespace
}  // namespace tongjian::imaging
