// WADO-RS and WADO-URI of a real server: what viewers ask for, as they ask for it.
#include <atomic>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/dicom/part10.h"
#include "common/dicom/uid.h"
#include "tests/wire/dicomweb/web_hub.h"

namespace tongjian::imaging {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;
namespace tags = dicom::tags;

constexpr char kStudy[] = "/studies/1.2.826.0.1";
constexpr char kSeries[] = "/studies/1.2.826.0.1/series/1.2.826.0.1.1";
constexpr char kInstance[] = "/studies/1.2.826.0.1/series/1.2.826.0.1.1/instances/1.2.826.0.1.1.1";
constexpr char kOhifFrames[] =
    "multipart/related; type=application/octet-stream; transfer-syntax=*";
constexpr char kJpeg[] = "1.2.840.10008.1.2.4.50";

std::string Little(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> 8 * i));
  return bytes;
}

// A JPEG file of three fragments that are three frames.
std::string JpegObject(const std::string& sop = "1.2.826.0.1.1.9") {
  dicom::Dataset image;
  image.Set(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.3.1");
  image.Set(tags::kSopInstanceUid, sop);
  image.Set(tags::kStudyInstanceUid, "1.2.826.0.1");
  image.Set(tags::kSeriesInstanceUid, "1.2.826.0.1.2");
  image.Set(tags::kPatientId, "P1");
  image.Set(tags::kPatientName, "WANG^XIAODONG=王^小东");
  image.Set(tags::kNumberOfFrames, "3");
  std::string file = dicom::WriteMetaHeader({"1.2.840.10008.5.1.4.1.1.3.1", sop, kJpeg, ""}) +
                     *dicom::WriteDataset(image, dicom::uids::kExplicitLittleEndian,
                                          dicom::CharacterSet("ISO_IR 192")) +
                     Little(0x00107FE0, 4) + "OB" + Little(0, 2) + Little(0xFFFFFFFF, 4) +
                     Little(0xE000FFFE, 4) + Little(0, 4);
  for (const std::string frame : {"frame1", "frame two.", "the third"})
    file += Little(0xE000FFFE, 4) + Little(frame.size() + frame.size() % 2, 4) + frame +
            std::string(frame.size() % 2, '\0');
  return file + Little(0xE0DDFFFE, 4) + Little(0, 4);
}

// Native, two frames of 4 by 2 with 16 bits.
std::string NativeObject(std::string_view syntax) {
  dicom::Dataset image;
  image.Set(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.7.3");
  image.Set(tags::kSopInstanceUid, "1.2.826.0.1.1.8");
  image.Set(tags::kStudyInstanceUid, "1.2.826.0.1");
  image.Set(tags::kSeriesInstanceUid, "1.2.826.0.1.2");
  image.Set(tags::kPatientId, "P1");
  image.Set(tags::kPatientName, "WANG^XIAODONG=王^小东");
  image.Set(tags::kPatientBirthDate, "19800101");
  image.Set(tags::kSamplesPerPixel, "1");
  image.Set(tags::kNumberOfFrames, "2");
  image.Set(tags::kRows, "2");
  image.Set(tags::kColumns, "4");
  image.Set(tags::kBitsAllocated, "16");
  image.SetElement(tags::kPixelData, {"OW", {"0123456789abcdefghijklmnopqrstuv"}, {}});
  return dicom::WriteMetaHeader(
             {"1.2.840.10008.5.1.4.1.1.7.3", "1.2.826.0.1.1.8", std::string(syntax), ""}) +
         *dicom::WriteDataset(image, syntax, dicom::CharacterSet("ISO_IR 192"));
}

class Retrieve : public testing::Test {
 protected:
  Retrieve() {
    for (int i = 1; i <= 3; ++i) {
      ObjectSpec spec;
      spec.sop = absl::StrCat("1.2.826.0.1.1.", i);
      spec.number = i;
      spec.pixels = std::string(static_cast<size_t>(i) * 1000, static_cast<char>('a' + i));
      objects_.push_back(MakeObject(spec));
      EXPECT_THAT(hub_.archive.PutBytes(objects_.back()).status(), IsOk());
    }
  }

  WebHub hub_;
  std::vector<std::string> objects_;
};

TEST_F(Retrieve, GivesAStudyASeriesAndAnInstanceBitForBit) {
  for (const char* path : {kStudy, kSeries}) {
    const auto answer = hub_.Get(path);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_THAT(answer->get_header_value("Content-Type"),
                StartsWith("multipart/related; type=\"application/dicom\"; boundary="));
    const auto parts = PartsOf(answer);
    ASSERT_EQ(parts.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(parts[i].bytes, objects_[i]);
      EXPECT_EQ(parts[i].content_type, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1");
    }
  }
  const auto parts = PartsOf(hub_.Get(kInstance));
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].bytes, objects_[0]);
  const auto single = hub_.Get(kInstance, "application/dicom; transfer-syntax=*");
  EXPECT_EQ(single->body, objects_[0]);
  EXPECT_EQ(single->get_header_value("Content-Type"),
            "application/dicom; transfer-syntax=1.2.840.10008.1.2.1");
}

TEST_F(Retrieve, NegotiatesTheTransferSyntaxAndSays406WhereItIsNotStoredSo) {
  const std::string type = "multipart/related; type=\"application/dicom\"; transfer-syntax=";
  EXPECT_EQ(hub_.Get(kStudy, type + "1.2.840.10008.1.2.1")->status, 200);
  EXPECT_EQ(hub_.Get(kStudy, type + "*")->status, 200);
  EXPECT_EQ(hub_.Get(kStudy, type + kJpeg)->status, 406);
  EXPECT_EQ(hub_.Get(kStudy, type + kJpeg + "," + type + "*")->status, 200);
  EXPECT_EQ(hub_.Get(kStudy, "application/dicom")->status, 406);
  EXPECT_EQ(hub_.Get(kStudy, "image/jpeg")->status, 406);
  EXPECT_EQ(hub_.Get(kInstance, std::string("application/dicom; transfer-syntax=") + kJpeg)->status,
            406);
  ASSERT_THAT(hub_.archive.PutBytes(JpegObject()).status(), IsOk());
  const auto some = hub_.Get(kStudy, type + kJpeg);
  EXPECT_EQ(some->status, 206);
  EXPECT_THAT(some->get_header_value("Warning"), HasSubstr("3 instances"));
  EXPECT_EQ(PartsOf(some).size(), 1u);
}

TEST_F(Retrieve, GivesMetadataInUtf8WithAddressesOfTheBulk) {
  const json series = hub_.GetJson(std::string(kSeries) + "/metadata");
  ASSERT_EQ(series.size(), 3u);
  EXPECT_EQ(series[0]["00100010"]["Value"][0]["Ideographic"], "王^小东");
  EXPECT_EQ(series[0]["00080005"]["Value"][0], "ISO_IR 192");
  EXPECT_EQ(series[0]["00083002"]["Value"][0], "1.2.840.10008.1.2.1");
  EXPECT_EQ(series[2]["00200013"]["Value"][0], 3);
  const std::string bulk = series[1]["7FE00010"]["BulkDataURI"];
  const std::string origin = absl::StrCat("http://127.0.0.1:", hub_.server->port(), "/dicom-web");
  ASSERT_THAT(bulk, StartsWith(origin));
  const auto pixels = hub_.Get(bulk.substr(origin.size()));
  EXPECT_EQ(pixels->get_header_value("Content-Type"), "application/octet-stream");
  EXPECT_EQ(pixels->body, std::string(2000, 'c'));
  EXPECT_EQ(PartsOf(hub_.Get(bulk.substr(origin.size()),
                             "multipart/related; type=application/octet-stream"))[0]
                .bytes,
            std::string(2000, 'c'));
  EXPECT_EQ(hub_.GetJson(std::string(kStudy) + "/metadata").size(), 3u);
  EXPECT_EQ(hub_.GetJson(std::string(kInstance) + "/metadata").size(), 1u);
}

TEST_F(Retrieve, GivesMetadataToWhoeverListsJsonAmongOthers) {
  for (const char* accept :
       {"application/dicom+json", "application/json", "*/*", "",
        "application/dicom+json, multipart/related; type=application/octet-stream",
        "multipart/related; type=\"application/dicom+xml\", application/dicom+json;q=0.5"}) {
    EXPECT_EQ(hub_.Get(std::string(kSeries) + "/metadata", accept)->status, 200) << accept;
  }
  EXPECT_EQ(hub_.Get(std::string(kSeries) + "/metadata",
                     "multipart/related; type=\"application/dicom+xml\"")
                ->status,
            406);
}

TEST_F(Retrieve, GivesNativeFramesAsLittleEndianBytes) {
  for (const auto syntax : {dicom::uids::kImplicitLittleEndian, dicom::uids::kExplicitLittleEndian,
                            dicom::uids::kExplicitBigEndian}) {
    WebHub hub;
    ASSERT_THAT(hub.archive.PutBytes(NativeObject(syntax)).status(), IsOk());
    const std::string frames =
        "/studies/1.2.826.0.1/series/1.2.826.0.1.2/instances/1.2.826.0.1.1.8/frames/";
    const auto second = hub.Get(frames + "2", kOhifFrames);
    ASSERT_EQ(second->status, 200) << second->body;
    const auto parts = PartsOf(second);
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(parts[0].content_type,
              "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1");
    const bool turned = syntax == dicom::uids::kExplicitBigEndian;
    EXPECT_EQ(parts[0].bytes, turned ? "hgjilknmporqtsvu" : "ghijklmnopqrstuv") << syntax;
    EXPECT_EQ(second->get_header_value("Content-Length"), std::to_string(second->body.size()));
    const auto both = PartsOf(hub.Get(frames + "2,1", kOhifFrames));
    ASSERT_EQ(both.size(), 2u);
    const std::string first = turned ? "1032547698badcfe" : "0123456789abcdef";
    EXPECT_EQ(both[1].bytes, first);
    EXPECT_EQ(hub.Get(frames + "1", "application/octet-stream")->body, first);
    EXPECT_EQ(hub.Get(frames + "3", kOhifFrames)->status, 404);
    EXPECT_EQ(hub.Get(frames + "1", std::string("image/jpeg"))->status, 406);
    for (const char* list : {"0", "-1", "x", "1,,2", "1-2", "99999999999999999999"})
      EXPECT_EQ(hub.Get(frames + list, kOhifFrames)->status, 400) << list;
  }
}

TEST_F(Retrieve, GivesEncapsulatedFramesAsTheyAreStored) {
  ASSERT_THAT(hub_.archive.PutBytes(JpegObject()).status(), IsOk());
  const std::string instance =
      "/studies/1.2.826.0.1/series/1.2.826.0.1.2/instances/1.2.826.0.1.1.9";
  const std::string frames = instance + "/frames/";
  const auto parts = PartsOf(hub_.Get(frames + "3,1", kOhifFrames));
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].bytes, std::string("the third\0", 10));
  EXPECT_EQ(parts[1].bytes, "frame1");
  EXPECT_EQ(parts[0].content_type,
            std::string("application/octet-stream; transfer-syntax=") + kJpeg);
  const auto image = hub_.Get(frames + "2", "image/jpeg");
  EXPECT_EQ(image->body, "frame two.");
  EXPECT_EQ(image->get_header_value("Content-Type"),
            std::string("image/jpeg; transfer-syntax=") + kJpeg);
  EXPECT_EQ(
      PartsOf(hub_.Get(frames + "2", "multipart/related; type=\"image/jpeg\""))[0].content_type,
      std::string("image/jpeg; transfer-syntax=") + kJpeg);
  EXPECT_EQ(PartsOf(hub_.Get(frames + "2"))[0].bytes, "frame two.");
  // Uncompressed bytes are not to be had, nor another compression.
  EXPECT_EQ(hub_.Get(frames + "1", "application/octet-stream")->status, 406);
  EXPECT_EQ(hub_.Get(frames + "1",
                     "multipart/related; type=application/octet-stream; "
                     "transfer-syntax=1.2.840.10008.1.2.1")
                ->status,
            406);
  EXPECT_EQ(hub_.Get(frames + "1", "image/jls")->status, 406);
  EXPECT_EQ(PartsOf(hub_.Get(instance + "/bulkdata/7FE00010")).size(), 3u);
  EXPECT_EQ(hub_.Get(instance + "/bulkdata/00420011")->status, 404);
}

TEST_F(Retrieve, AnswersWadoUri) {
  const std::string query =
      "requestType=WADO&studyUID=1.2.826.0.1&seriesUID=1.2.826.0.1.1&objectUID=1.2.826.0.1.1.2";
  for (const char* address : {"/wado?", "?"}) {
    const auto answer = hub_.Get(address + query + "&contentType=application%2Fdicom");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200) << answer->body;
    EXPECT_EQ(answer->body, objects_[1]);
  }
  EXPECT_EQ(hub_.Get("/wado?" + query)->status, 406);
  EXPECT_EQ(hub_.Get("/wado?" + query + "&contentType=image/jpeg")->status, 406);
  EXPECT_EQ(
      hub_.Get("/wado?" + query + "&contentType=application/dicom&transferSyntax=" + kJpeg)->status,
      406);
  EXPECT_EQ(hub_.Get("/wado?contentType=application/dicom")->status, 400);
  EXPECT_EQ(hub_.Get("/wado?requestType=WADO&studyUID=..&contentType=application/dicom")->status,
            404);
}

TEST_F(Retrieve, ShowsDamageInsteadOfHidingIt) {
  const Study study = hub_.archive.Studies().front();
  hub_.archive.Damage(hub_.archive.Instances(study)[1].locator);
  const json series = hub_.GetJson(std::string(kSeries) + "/metadata");
  ASSERT_EQ(series.size(), 3u);
  EXPECT_EQ(series[1]["00080056"]["Value"][0], "UNAVAILABLE");
  EXPECT_EQ(series[1]["00080018"]["Value"][0], "1.2.826.0.1.1.2");
  EXPECT_FALSE(series[0].contains("00080056"));
  // An answer that cannot be whole is broken off.
  EXPECT_FALSE(hub_.Get(kStudy));
  EXPECT_EQ(PartsOf(hub_.Get(kInstance)).size(), 1u);
}

TEST_F(Retrieve, GivesEachReaderWhatHeAsksForWhenManyAskAtOnce) {
  std::vector<std::thread> readers;
  std::atomic<int> right{0};
  for (int n = 0; n < 16; ++n) {
    readers.emplace_back([&, n] {
      httplib::Client client = hub_.Client();
      client.set_keep_alive(true);
      const size_t wanted = static_cast<size_t>(n) % 3;
      const httplib::Headers headers = hub_.As("reader", "f1", "application/dicom");
      for (int i = 0; i < 20; ++i) {
        const auto answer = client.Get(
            absl::StrCat("/dicom-web", kSeries, "/instances/1.2.826.0.1.1.", wanted + 1), headers);
        right += answer && answer->body == objects_[wanted];
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(right, 320);
}

}  // namespace
}  // namespace tongjian::imaging
