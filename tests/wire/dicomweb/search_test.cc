// QIDO-RS of a real server: searches in all their addresses.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/wire/dicomweb/web_hub.h"

namespace tongjian::imaging {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Search : public testing::Test {
 protected:
  // Two patients; the first with two series of two and one instance.
  Search() {
    Put({.study = "1.2.1",
         .series = "1.2.1.1",
         .sop = "1.2.1.1.1",
         .accession = "A1",
         .number = 1});
    Put({.study = "1.2.1",
         .series = "1.2.1.1",
         .sop = "1.2.1.1.2",
         .accession = "A1",
         .number = 2});
    Put({.study = "1.2.1",
         .series = "1.2.1.2",
         .sop = "1.2.1.2.1",
         .accession = "A1",
         .modality = "CT"});
    Put({.study = "1.2.2",
         .series = "1.2.2.1",
         .sop = "1.2.2.1.1",
         .patient_id = "P2",
         .patient_name = "LI^SI=李^四",
         .accession = "A2",
         .date = "20260210"});
  }
  void Put(const ObjectSpec& spec) { EXPECT_THAT(hub_.archive.Put(spec).status(), IsOk()); }

  // The values of one attribute in the answers, sorted.
  std::vector<std::string> Find(const std::string& path, const std::string& tag = "0020000D") {
    const auto answer = hub_.Get(path, "application/dicom+json");
    EXPECT_TRUE(answer);
    if (answer->status == 204) return {};
    EXPECT_EQ(answer->status, 200) << path << answer->body;
    std::vector<std::string> values;
    for (const json& match : json::parse(answer->body)) values.push_back(match[tag]["Value"][0]);
    std::sort(values.begin(), values.end());
    return values;
  }
  int Status(const std::string& path) { return hub_.Get(path)->status; }

  WebHub hub_;
};

TEST_F(Search, AnswersWhatAWorklistShows) {
  // As OHIF 3.13 asks.
  const json studies = hub_.GetJson(
      "/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060,00080090,"
      "00100030"
      "&PatientName=*wang*&00100020=*P1*&ModalitiesInStudy=CT&StudyDate=20260101-20260201");
  ASSERT_EQ(studies.size(), 1u);
  const json& study = studies[0];
  EXPECT_EQ(study["0020000D"]["Value"][0], "1.2.1");
  EXPECT_EQ(study["00100010"]["Value"][0]["Ideographic"], "王^小东");
  EXPECT_EQ(study["00080020"]["Value"][0], "20260105");
  EXPECT_EQ(study["00080050"]["Value"][0], "A1");
  EXPECT_EQ(study["00081030"]["Value"][0], "胸部正位");
  EXPECT_EQ(study["00080061"]["Value"], json({"DX", "CT"}));
  EXPECT_EQ(study["00201208"]["Value"][0], 3);
  EXPECT_EQ(study["00201206"]["Value"][0], 2);
  EXPECT_EQ(study["00080056"]["Value"][0], "ONLINE");
  EXPECT_THAT(std::string(study["00081190"]["Value"][0]), HasSubstr("/dicom-web/studies/1.2.1"));
  EXPECT_EQ(study["00080005"]["Value"][0], "ISO_IR 192");
}

TEST_F(Search, TakesKeysByTagAndKeyword) {
  EXPECT_THAT(Find("/studies"), ElementsAre("1.2.1", "1.2.2"));
  EXPECT_THAT(Find("/studies?PatientID=P2"), ElementsAre("1.2.2"));
  EXPECT_THAT(Find("/studies?00100020=P1"), ElementsAre("1.2.1"));
  EXPECT_THAT(Find("/studies?AccessionNumber=A2"), ElementsAre("1.2.2"));
  EXPECT_THAT(Find("/studies?PatientName=%E6%9D%8E*"), ElementsAre("1.2.2"));
  EXPECT_THAT(Find("/studies?StudyInstanceUID=1.2.1,1.2.2"), ElementsAre("1.2.1", "1.2.2"));
  EXPECT_THAT(Find("/studies?StudyInstanceUID=1.2.1%5C1.2.3"), ElementsAre("1.2.1"));
  EXPECT_THAT(Find("/studies?ModalitiesInStudy=CT,MR"), ElementsAre("1.2.1"));
  EXPECT_THAT(Find("/studies?PatientID=nobody"), IsEmpty());
  EXPECT_EQ(Status("/studies?PatientID=nobody"), 204);
}

TEST_F(Search, KnowsEveryAddress) {
  const auto series = [&](const std::string& path) { return Find(path, "0020000E"); };
  const auto instances = [&](const std::string& path) { return Find(path, "00080018"); };
  EXPECT_THAT(series("/studies/1.2.1/series"), ElementsAre("1.2.1.1", "1.2.1.2"));
  EXPECT_THAT(series("/studies/1.2.1/series?Modality=CT"), ElementsAre("1.2.1.2"));
  EXPECT_THAT(series("/series"), ElementsAre("1.2.1.1", "1.2.1.2", "1.2.2.1"));
  EXPECT_THAT(series("/series?PatientID=P2"), ElementsAre("1.2.2.1"));
  EXPECT_THAT(instances("/studies/1.2.1/series/1.2.1.1/instances"),
              ElementsAre("1.2.1.1.1", "1.2.1.1.2"));
  EXPECT_THAT(instances("/studies/1.2.1/instances"),
              ElementsAre("1.2.1.1.1", "1.2.1.1.2", "1.2.1.2.1"));
  EXPECT_THAT(instances("/instances?SOPInstanceUID=1.2.2.1.1"), ElementsAre("1.2.2.1.1"));
  EXPECT_THAT(instances("/studies/1.2.2/series/1.2.1.1/instances"), IsEmpty());
  EXPECT_EQ(Status("/studies/x/series"), 404);
}

TEST_F(Search, AnswersSeriesAndInstancesAsViewersReadThem) {
  const json series = hub_.GetJson("/studies/1.2.1/series?includefield=0008103E,00080021");
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0]["00201209"]["Value"][0], 2);
  EXPECT_EQ(series[0]["00080060"]["Value"][0], "DX");
  const json instances = hub_.GetJson("/studies/1.2.1/series/1.2.1.1/instances");
  ASSERT_EQ(instances.size(), 2u);
  EXPECT_EQ(instances[1]["00200013"]["Value"][0], 2);
  EXPECT_EQ(instances[0]["00080016"]["Value"][0], "1.2.840.10008.5.1.4.1.1.1.1");
  EXPECT_THAT(std::string(instances[0]["00081190"]["Value"][0]),
              HasSubstr("/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"));
  const json with = hub_.GetJson("/instances?includefield=PatientSex&SOPInstanceUID=1.2.2.1.1");
  EXPECT_EQ(with[0]["00100040"]["Value"][0], "M");
}

TEST_F(Search, PagesAndSaysThatThereIsMore) {
  std::set<std::string> all;
  for (int offset = 0; offset < 4; ++offset) {
    const auto page = hub_.Get(absl::StrCat("/instances?limit=1&offset=", offset));
    ASSERT_EQ(page->status, 200);
    const json matches = json::parse(page->body);
    ASSERT_EQ(matches.size(), 1u);
    all.insert(std::string(matches[0]["00080018"]["Value"][0]));
    EXPECT_EQ(page->has_header("Warning"), offset < 3) << offset;
  }
  EXPECT_EQ(all.size(), 4u);
  EXPECT_EQ(Status("/instances?limit=1&offset=4"), 204);
  EXPECT_EQ(Find("/instances?limit=1000000", "00080018").size(), 4u);
}

TEST_F(Search, SaysThatItIsNotFuzzy) {
  EXPECT_THAT(hub_.Get("/studies?fuzzymatching=true")->get_header_value("Warning"),
              HasSubstr("fuzzymatching is not supported"));
  EXPECT_FALSE(hub_.Get("/studies?fuzzymatching=false")->has_header("Warning"));
}

TEST_F(Search, RefusesWhatItCannotRead) {
  for (const char* query : {"limit=x", "limit=-1", "offset=", "NoSuchAttribute=1",
                            "includefield=nothing", "00100020.x=1", "StudyDate=yesterday"}) {
    EXPECT_EQ(Status(std::string("/studies?") + query), 400) << query;
  }
  EXPECT_EQ(hub_.Get("/studies", "application/dicom+xml")->status, 406);
  EXPECT_EQ(hub_.Get("/studies",
                     "application/dicom+json, multipart/related; "
                     "type=application/octet-stream; transfer-syntax=*")
                ->status,
            200);
}

TEST_F(Search, FindsWhatTheCallersFacilityMaySee) {
  EXPECT_EQ(hub_.Get("/studies", hub_.As("reader", "f2"))->status, 204);
  EXPECT_EQ(hub_.Get("/studies", hub_.As("bureau", "f1"))->status, 403);
  EXPECT_EQ(hub_.Get("/studies", httplib::Headers())->status, 401);
  Put({.study = "1.2.1", .series = "1.2.1.9", .sop = "1.2.1.9.1", .number = 1});
  EXPECT_THAT(hub_.archive.Put({.study = "1.2.7", .sop = "1.2.7.1"}, "f2").status(), IsOk());
  EXPECT_THAT(Find("/studies"), ElementsAre("1.2.1", "1.2.2"));
}

TEST_F(Search, PutsWhatItShowsOnRecordAndNothingWhereItShowsNothing) {
  Find("/studies?PatientID=nobody");
  EXPECT_TRUE(hub_.Trail().empty());
  Find("/studies");
  const auto trail = hub_.Trail();
  ASSERT_EQ(trail.size(), 1u);
  EXPECT_EQ(trail[0].method(), "tongjian.imaging.DicomWeb/SearchStudies");
  EXPECT_EQ(trail[0].object_ids_size(), 2);
  EXPECT_EQ(trail[0].patients_size(), 2);
}

}  // namespace
}  // namespace tongjian::imaging
