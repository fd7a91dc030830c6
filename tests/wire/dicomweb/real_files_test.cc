// Every readable file of the test data goes in by STOW-RS and comes back by WADO-RS as it was, with
// metadata that are JSON and frames that are pieces of it.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/dicom/scan.h"
#include "common/dicom/uid.h"
#include "tests/wire/dicomweb/web_hub.h"

namespace tongjian::imaging {
namespace {

namespace fs = std::filesystem;
namespace tags = dicom::tags;

constexpr uintmax_t kFileSizeMax = 7 << 20;
constexpr char kPydicomData[] = "/usr/lib/python3/dist-packages/pydicom/data";
constexpr char kOhifFrames[] =
    "multipart/related; type=application/octet-stream; transfer-syntax=*";

fs::path Collected() {
  if (const char* path = std::getenv("TONGJIAN_TEST_DATA")) return fs::path(path) / "dicom";
  return fs::path(__FILE__).parent_path() / "../../../../shared/data/dicom";
}

class RealFiles : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, RealFiles, testing::Values("collected", "pydicom"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(RealFiles, ComeBackAsTheyWere) {
  const fs::path folder =
      std::string(GetParam()) == "pydicom" ? fs::path(kPydicomData) : Collected();
  if (!fs::exists(folder)) GTEST_SKIP() << "no test data at " << folder.string();
  WebHub hub;
  int files = 0, framed = 0, whole_only = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.file_size() > kFileSizeMax) continue;
    const auto header = dicom::ScanFile(entry.path());
    if (!header.ok() || !dicom::CheckStorable(*header, "", "").ok()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto stored = hub.Store({bytes});
    ASSERT_TRUE(stored) << entry.path();
    // Files whose meta header names another class or instance than their data set are refused.
    if (stored->status == 409) continue;
    if (stored->status == 202) continue;  // Another file has its UID.
    ASSERT_EQ(stored->status, 200) << entry.path() << stored->body;
    const std::string path = "/studies/" + header->Text(tags::kStudyInstanceUid) + "/series/" +
                             header->Text(tags::kSeriesInstanceUid) + "/instances/" +
                             header->Text(tags::kSopInstanceUid);
    const auto back = hub.Get(path, "application/dicom");
    ASSERT_TRUE(back) << entry.path();
    if (back->status == 404) continue;  // The same instance in another series: a duplicate.
    ASSERT_EQ(back->status, 200) << entry.path() << back->body;
    // A duplicate that differs in its meta header alone is answered as the first that came.
    const bool same = back->body == bytes ||
                      back->body.substr(back->body.size() / 2) ==
                          bytes.substr(bytes.size() - (back->body.size() - back->body.size() / 2));
    EXPECT_TRUE(same) << entry.path();
    const nlohmann::json metadata = hub.GetJson(path + "/metadata");
    ASSERT_EQ(metadata.size(), 1u) << entry.path();
    EXPECT_EQ(metadata[0]["00080018"]["Value"][0], header->Text(tags::kSopInstanceUid));
    ++files;
    const auto frame = hub.Get(path + "/frames/1", kOhifFrames);
    ASSERT_TRUE(frame) << entry.path();
    if (frame->status == 200) {
      ++framed;
      const auto parts = PartsOf(frame);
      ASSERT_EQ(parts.size(), 1u);
      // Big endian leaves turned.
      if (header->transfer_syntax_uid != dicom::uids::kExplicitBigEndian) {
        EXPECT_NE(bytes.find(parts[0].bytes.substr(0, 1000)), std::string::npos) << entry.path();
      }
    } else if (frame->status == 406) {
      ++whole_only;
      std::printf("  no frames of %s: %s", entry.path().filename().c_str(), frame->body.c_str());
    } else {
      EXPECT_EQ(frame->status, 404) << entry.path() << frame->body;
    }
  }
  std::printf("%d files, %d with frames, %d given whole alone\n", files, framed, whole_only);
  EXPECT_GT(files, 50);
  EXPECT_GT(framed, 30);
}

}  // namespace
}  // namespace tongjian::imaging
