#include "common/dicom/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

using testing::HasSubstr;

std::string Json(Tag tag, const std::string& vr, std::vector<std::string> values) {
  Dataset dataset;
  dataset.SetElement(tag, {vr, std::move(values), {}});
  return WriteJson(dataset);
}

TEST(DicomJson, WritesEachRepresentationAsTheStandardSays) {
  EXPECT_EQ(
      Json(tags::kPatientName, "PN", {"WANG^XIAODONG=王^小东=wang"}),
      R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"WANG^XIAODONG","Ideographic":"王^小东","Phonetic":"wang"}]}})");
  EXPECT_EQ(Json(tags::kRows, "US", {"512", "7"}), R"({"00280010":{"vr":"US","Value":[512,7]}})");
  EXPECT_EQ(Json(0x00280009, "AT", {"00181063"}),
            R"({"00280009":{"vr":"AT","Value":["00181063"]}})");
  EXPECT_EQ(Json(tags::kStudyDate, "DA", {"20260105"}),
            R"({"00080020":{"vr":"DA","Value":["20260105"]}})");
  EXPECT_EQ(Json(tags::kImageType, "CS", {"ORIGINAL", "", "X"}),
            R"({"00080008":{"vr":"CS","Value":["ORIGINAL",null,"X"]}})");
  EXPECT_EQ(Json(tags::kPatientId, "LO", {}), R"({"00100020":{"vr":"LO"}})");
  EXPECT_EQ(Json(tags::kPatientId, "LO", {""}), R"({"00100020":{"vr":"LO"}})");
  EXPECT_EQ(Json(0x00282000, "OB", {std::string("\0\1\xFF", 3)}),
            R"({"00282000":{"vr":"OB","InlineBinary":"AAH/"}})");
  EXPECT_EQ(Json(tags::kSpecificCharacterSet, "CS", {"GB18030"}),
            R"({"00080005":{"vr":"CS","Value":["ISO_IR 192"]}})");
}

TEST(DicomJson, WritesNumbersWithAllTheirDigitsAndNonsenseAsText) {
  const auto value = [](const std::string& vr, const std::string& text) {
    const std::string json = Json(0x00181000 + 0x10, vr, {text});
    const size_t at = json.find('[') + 1;
    return json.substr(at, json.rfind(']') - at);
  };
  EXPECT_EQ(value("DS", "1.50"), "1.50");
  EXPECT_EQ(value("DS", "+.5"), "0.5");
  EXPECT_EQ(value("DS", "-007.25E+3"), "-7.25e+3");
  EXPECT_EQ(value("DS", "1."), "1");
  EXPECT_EQ(value("IS", "000"), "0");
  EXPECT_EQ(value("DS", "12345678901234567890.123456789"), "12345678901234567890.123456789");
  for (const char* nonsense : {"1,5", "1.2.3", "0x10", "-", ".", "1e", "1 2", "nan"})
    EXPECT_EQ(value("DS", nonsense), "\"" + std::string(nonsense) + "\"") << nonsense;
  EXPECT_EQ(value("FD", "inf"), "\"inf\"");
  EXPECT_EQ(value("SV", "9007199254740992"), "9007199254740992");
  EXPECT_EQ(value("UV", "18446744073709551615"), "\"18446744073709551615\"");
}

TEST(DicomJson, EscapesWhatJsonMust) {
  EXPECT_EQ(Json(tags::kStudyDescription, "LO", {"a\"b\\c\n\x01 é"}),
            "{\"00081030\":{\"vr\":\"LO\",\"Value\":[\"a\\\"b\\\\c\\u000a\\u0001 é\"]}}");
}

TEST(DicomJson, ComesBackAsItWent) {
  Dataset item;
  item.Set(tags::kModality, "CT");
  Dataset dataset;
  dataset.Set(tags::kPatientName, "WANG^XIAODONG=王^小东");
  dataset.Set(tags::kRows, "512");
  dataset.Set(tags::kAccessionNumber, "");
  dataset.SetValues(tags::kImageType, {"ORIGINAL", "PRIMARY"});
  dataset.SetItems(tags::kRequestAttributesSequence, {item, Dataset()});
  dataset.SetItems(tags::kReferencedStudySequence, {});
  dataset.SetElement(0x00282000, {"OB", {std::string("\0\1\xFF\xFE", 4)}, {}});
  dataset.SetElement(0x00091010, {"FD", {"1.5", "-2"}, {}});
  const auto read = ReadJson(WriteJson(dataset));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, dataset);
}

TEST(DicomJson, IsRefusedWhereItIsNone) {
  for (const char* json : {"", "[]", "nonsense", "{\"0010\":{}}", "{\"00100010\":1}",
                           "{\"0010001G\":{}}", "{\"00100010\":{\"vr\":\"XYZ\"}}",
                           "{\"00100010\":{\"vr\":1}}", "{\"00100010\":{\"vr\":\"p1\"}}",
                           "{\"00100010\":{\"vr\":\"PN\",\"InlineBinary\":\"AAH/\"}}",
                           "{\"00100010\":{\"vr\":\"PN\",\"Value\":1}}",
                           "{\"00100020\":{\"vr\":\"LO\",\"Value\":[{}]}}",
                           "{\"00282000\":{\"vr\":\"OB\",\"InlineBinary\":\"*\"}}",
                           "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[1]}}", "{\"00100010\":{}"}) {
    EXPECT_EQ(ReadJson(json).status().code(), absl::StatusCode::kInvalidArgument) << json;
  }
}

TEST(DicomJson, IsHeldToItsLimits) {
  std::string deep, end;
  for (int i = 0; i < 5000; ++i) {
    deep += "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[";
    end += "]}}";
  }
  EXPECT_EQ(ReadJson(deep + end).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadJson(std::string(2 << 20, ' ')).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadJson(R"({"00100020":{"vr":"LO","Value":["12345"]}})", {.value_bytes_max = 4})
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(DicomJson, KnowsTagsByNumberAndKeyword) {
  EXPECT_EQ(ParseJsonTag("00100010"), tags::kPatientName);
  EXPECT_EQ(ParseJsonTag("0008103e"), tags::kSeriesDescription);
  EXPECT_EQ(ParseJsonTag("PatientName"), tags::kPatientName);
  for (const char* none : {"", "0010001", "001000100", "0010 010", "NoSuchWord", "-0100010"})
    EXPECT_EQ(ParseJsonTag(none), std::nullopt) << none;
}

}  // namespace
}  // namespace tongjian::dicom
