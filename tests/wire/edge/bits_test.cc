// Bits are kept on the whole way: every readable file of the test data goes by C-STORE to the
// gateway, through its spool and its uploads, and lies at the hub as the device sent it.
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "common/dicom/scan.h"
#include "common/dicom/scu.h"
#include "common/security/digest.h"
#include "tests/wire/edge/clinic.h"
#include "tests/wire/imaging/tools.h"
#include "tongjian/imaging/v1/study.grpc.pb.h"

namespace tongjian::edge {
namespace {

namespace fs = std::filesystem;
using imaging::v1::StudyService;

constexpr char kPydicomData[] = "/usr/lib/python3/dist-packages/pydicom/data";
constexpr uintmax_t kFileSizeMax = 64 << 20;
constexpr absl::Duration kArriveWithin = absl::Minutes(5);

class GatewayKeepsBits : public ClinicTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    const fs::path folder =
        std::string(GetParam()) == "pydicom" ? fs::path(kPydicomData) : imaging::DicomTestData();
    if (!fs::exists(folder)) GTEST_SKIP() << "no test data at " << folder.string();
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.file_size() > kFileSizeMax) continue;
      const auto header = dicom::ScanFile(entry.path());
      if (header.ok() && dicom::CheckStorable(*header, "", "").ok()) files_.push_back(entry.path());
    }
    std::sort(files_.begin(), files_.end());
    ClinicTest::SetUp();
  }

  // Sends a file as it stands; false when no device sends such a file (no meta header).
  bool SendFile(const fs::path& path) {
    const auto object = dicom::ObjectFromFile(path);
    if (!object.ok()) return false;
    auto scu = dicom::Scu::Open({.called_ae = "TONGJIAN",
                                 .host = "127.0.0.1",
                                 .port = static_cast<uint16_t>(gateway_->ports().dicom)},
                                dicom::ContextsFor({*object}));
    EXPECT_TRUE(scu.ok()) << path << scu.status();
    if (!scu.ok()) return false;
    const auto outcome = (*scu)->Store(*object);
    EXPECT_TRUE(outcome.ok()) << path << outcome.status();
    EXPECT_EQ(outcome->status, 0) << path << " " << outcome->comment;
    const std::string digest =
        security::Sha256Text(imaging::DatasetOf(imaging::ReadWhole(path)));
    sent_[object->sop_instance_uid].insert(digest);
    contents_[object->sop_instance_uid].insert(object->transfer_syntax_uid + " " + digest);
    return true;
  }

  // Until nothing waits at the gateway any more.
  bool AllArrived() {
    const absl::Duration end = clock_.Elapsed() + kArriveWithin;
    while (clock_.Elapsed() < end) {
      if (Soon([this] { return Status().spooled_objects() == 0; })) return true;
    }
    return false;
  }

  std::vector<imaging::v1::Study> Studies() {
    std::vector<imaging::v1::Study> studies;
    imaging::v1::ListStudiesRequest request;
    request.set_page_size(100);
    do {
      imaging::v1::ListStudiesResponse page;
      EXPECT_TRUE(AtHub<StudyService>(&StudyService::Stub::ListStudies, request, &page).ok());
      studies.insert(studies.end(), page.studies().begin(), page.studies().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return studies;
  }

  std::vector<std::string> InstancesOf(const std::string& study_id) {
    std::vector<std::string> uids;
    imaging::v1::ListInstancesRequest request;
    request.set_study_id(study_id);
    request.set_page_size(100);
    do {
      imaging::v1::ListInstancesResponse page;
      EXPECT_TRUE(AtHub<StudyService>(&StudyService::Stub::ListInstances, request, &page).ok());
      for (const auto& instance : page.instances()) uids.push_back(instance.sop_instance_uid());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return uids;
  }

  std::string Content(const std::string& study_id, const std::string& uid) {
    const auto channel = rpc::OpenChannel(
        {.address = absl::StrCat("127.0.0.1:", hub_port_), .files = Machine("his")});
    EXPECT_TRUE(channel.ok()) << channel.status();
    const auto stub = StudyService::NewStub(*channel);
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.timeout = absl::Seconds(60)});
    imaging::v1::ReadInstanceRequest request;
    request.set_study_id(study_id);
    request.set_sop_instance_uid(uid);
    const auto reader = stub->ReadInstance(call.context(), request);
    std::string content;
    for (imaging::v1::ReadInstanceResponse part; reader->Read(&part);) content += part.data();
    const absl::Status ended = call.Result(reader->Finish());
    EXPECT_TRUE(ended.ok()) << uid << " " << ended;
    return content;
  }

  std::vector<fs::path> files_;
  // What was sent under each SOP Instance UID: digests of data sets.
  std::map<std::string, std::set<std::string>> sent_;
  // The same with the transfer syntax: equal bytes in another one are another content.
  std::map<std::string, std::set<std::string>> contents_;
};

INSTANTIATE_TEST_SUITE_P(Of, GatewayKeepsBits, ::testing::Values("collected", "pydicom"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(GatewayKeepsBits, OfEveryReadableFile) {
  for (const fs::path& file : files_) SendFile(file);
  ASSERT_FALSE(sent_.empty());
  ASSERT_TRUE(AllArrived()) << Status().ShortDebugString();
  EXPECT_EQ(Status().failed_objects(), 0);
  std::set<std::string> found;
  int64_t conflicts = 0;
  for (const imaging::v1::Study& study : Studies()) {
    conflicts += study.conflict_count();
    for (const std::string& uid : InstancesOf(study.id())) {
      found.insert(uid);
      const std::string content = Content(study.id(), uid);
      EXPECT_TRUE(sent_[uid].contains(security::Sha256Text(imaging::DatasetOf(content)))) << uid;
    }
  }
  // One UID sent with several contents: the first is the instance, the others are kept beside it.
  int64_t later = 0;
  for (const auto& [uid, contents] : contents_) {
    EXPECT_TRUE(found.contains(uid)) << uid;
    later += static_cast<int64_t>(contents.size()) - 1;
  }
  EXPECT_EQ(found.size(), sent_.size());
  EXPECT_EQ(conflicts, later);
  std::printf("%zu files, %zu instances compared, %ld conflicts\n", files_.size(), found.size(),
              static_cast<long>(later));
}

}  // namespace
}  // namespace tongjian::edge
