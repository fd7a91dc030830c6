// The hub's DICOM port and a toolkit that shares nothing with DCMTK: dcmjs-dimse, where tests/toolkits.sh has put it.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/wire/imaging/hub.h"
#include "tests/wire/imaging/tools.h"

namespace tongjian::imaging {
namespace {

using ::testing::HasSubstr;

std::filesystem::path Toolkit() {
  return std::filesystem::path(__FILE__).parent_path() / "../../../build/tools/node_modules/dcmjs-dimse";
}

// The toolkit recodes what it sends, and for that wants to understand the pixels.
dicom::Dataset Picture() {
  dicom::Dataset picture;
  for (const auto& [tag, value] :
       {std::pair{dicom::tags::kSamplesPerPixel, "1"}, {dicom::tags::kRows, "25"},
        {dicom::tags::kColumns, "20"}, {dicom::tags::kBitsAllocated, "16"},
        {dicom::tags::kBitsStored, "16"}, {dicom::Tag{0x00280102}, "15"},
        {dicom::tags::kPixelRepresentation, "0"},
        {dicom::tags::kPhotometricInterpretation, "MONOCHROME2"}}) {
    picture.Set(tag, value);
  }
  return picture;
}

TEST(AnotherToolkit, StoresFindsGetsAndMoves) {
  const std::string toolkit = std::filesystem::weakly_canonical(Toolkit()).string();
  if (!HasTool("node") || !std::filesystem::exists(toolkit))
    GTEST_SKIP() << "dcmjs-dimse is not installed: tests/toolkits.sh does it";
  Hub hub({.dicom = true});
  const uint16_t port = FreePort();
  hub.archive.places.SetDevice(
      {.id = "d1", .facility_id = "f1", .ae_title = "DR1", .active = true});
  hub.archive.places.SetDevice({.id = "w1",
                                .facility_id = "f1",
                                .ae_title = "READER",
                                .address = "127.0.0.1",
                                .port = port,
                                .active = true});
  ASSERT_TRUE(hub.archive.Put({.sop = "1.2.826.0.1.1.2", .number = 2, .more = Picture()}).ok());
  const std::string file = hub.archive.folder.path() + "/first.dcm";
  std::ofstream(file, std::ios::binary) << MakeObject({.more = Picture()});
  const auto script = std::filesystem::path(__FILE__).parent_path() / "toolkit_client.js";
  const ToolResult result =
      RunTool({"node", script.string(), toolkit, hub.DicomPort(), std::to_string(port), file});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output,
              HasSubstr(R"({"echo":0,"store":0,"studies":1,"series":1,"images":2,"get":0,"got":2,)"
                        R"("move":0,"moved":2})"));
}

}  // namespace
}  // namespace tongjian::imaging
