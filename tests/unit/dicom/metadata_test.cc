#include "common/dicom/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/dicom/json.h"
#include "common/dicom/part10.h"
#include "common/dicom/person_name.h"
#include "common/dicom/scan.h"
#include "common/dicom/uid.h"
#include "tests/unit/dicom/test_data.h"

namespace tongjian::dicom {
namespace {

using Parsed = nlohmann::json;

// Reads of a text, with a count of how much was asked for.
struct Source {
  std::string bytes;
  size_t most = 0;
  ReadAt At() {
    return [this](uint64_t offset, size_t size) -> absl::StatusOr<std::string> {
      most = std::max(most, static_cast<size_t>(offset) + size);
      return offset >= bytes.size() ? std::string() : bytes.substr(offset, size);
    };
  }
};

std::string FileOf(const Dataset& dataset, std::string_view syntax, const char* charset) {
  return WriteMetaHeader({"1.2.840.10008.5.1.4.1.1.7", "1.2.3", std::string(syntax), "AE"}) +
         *WriteDataset(dataset, syntax, CharacterSet(charset));
}

Dataset Sample() {
  Dataset step;
  step.Set(tags::kScheduledProcedureStepId, "S1");
  step.SetElement(0x00282000, {"OB", {std::string(10'000, 'p')}, {}});
  Dataset dataset;
  dataset.Set(tags::kSopInstanceUid, "1.2.3");
  dataset.Set(tags::kPatientName, "WANG^XIAODONG=王^小东");
  dataset.Set(tags::kRows, "2");
  dataset.SetItems(tags::kRequestAttributesSequence, {Dataset(), step});
  dataset.SetElement(0x00420011, {"OB", {std::string(9000, 'd')}, {}});
  dataset.SetElement(tags::kPixelData, {"OW", {std::string("\1\2\3\4", 4)}, {}});
  return dataset;
}

Parsed MetadataOf(Source& source, const MetadataOptions& options = {.bulk_prefix = "http://h/b/"}) {
  std::string out = "[";
  const absl::Status written = AppendMetadata(source.At(), options, out);
  EXPECT_TRUE(written.ok()) << written;
  return Parsed::parse(out.substr(1), nullptr, false);
}

TEST(Metadata, AreTheSameInEverySyntaxAndCharacterSet) {
  for (const auto syntax :
       {uids::kImplicitLittleEndian, uids::kExplicitLittleEndian, uids::kExplicitBigEndian}) {
    for (const char* charset : {"ISO_IR 192", "GB18030"}) {
      Source source{FileOf(Sample(), syntax, charset)};
      const Parsed json = MetadataOf(source);
      ASSERT_TRUE(json.is_object());
      EXPECT_EQ(json["00080005"]["Value"][0], "ISO_IR 192");
      EXPECT_EQ(json["00100010"]["Value"][0]["Ideographic"], "王^小东");
      EXPECT_EQ(json["00280010"]["Value"][0], 2);
      EXPECT_EQ(json["00400275"]["Value"][0], Parsed::object());
      EXPECT_EQ(json["00400275"]["Value"][1]["00400009"]["Value"][0], "S1");
      EXPECT_EQ(json["00400275"]["Value"][1]["00282000"]["BulkDataURI"],
                "http://h/b/00400275/1/00282000");
      EXPECT_EQ(json["00420011"]["BulkDataURI"], "http://h/b/00420011");
      EXPECT_EQ(json["7FE00010"]["BulkDataURI"], "http://h/b/7FE00010");
      EXPECT_EQ(json.size(), 7u);
    }
  }
}

TEST(Metadata, HoldWhatIsAddedInOrderInsteadOfTheObjectsOwn) {
  Source source{FileOf(Sample(), uids::kExplicitLittleEndian, "")};
  std::string out;
  ASSERT_TRUE(
      AppendMetadata(source.At(),
                     {.bulk_prefix = "b/",
                      .added = {{0x00083002, "1.2.840.10008.1.2.1"}, {0x00100010, "NOBODY"}}},
                     out)
          .ok());
  const Parsed json = Parsed::parse(out);
  EXPECT_EQ(json["00083002"]["Value"][0], "1.2.840.10008.1.2.1");
  EXPECT_EQ(json["00100010"]["Value"][0]["Alphabetic"], "NOBODY");
  EXPECT_EQ(json["00080005"]["Value"][0], "ISO_IR 192");
  std::vector<std::string> keys;
  const auto ordered = nlohmann::ordered_json::parse(out);
  for (const auto& [key, value] : ordered.items()) keys.push_back(key);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
}

TEST(Metadata, DoNotReadPixels) {
  Dataset dataset = Sample();
  dataset.SetElement(tags::kPixelData, {"OW", {std::string(5 << 20, 'x')}, {}});
  Source source{FileOf(dataset, uids::kExplicitLittleEndian, "")};
  MetadataOf(source);
  EXPECT_LE(source.most, 64u << 10);
}

TEST(Metadata, AreCutOffWhereTheyAreTooLarge) {
  Source source{FileOf(Sample(), uids::kExplicitLittleEndian, "")};
  std::string out;
  EXPECT_EQ(AppendMetadata(source.At(), {.json_bytes_max = 200}, out).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(Metadata, OfEveryRealFileAreJsonWithTheWordsThatTheScannerFinds) {
  TJ_NEEDS(TestData() / "dicom");
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TestData() / "dicom")) {
    if (!entry.is_regular_file() || entry.file_size() > (32 << 20)) continue;
    const auto header = ScanFile(entry.path());
    if (!header.ok() || !CheckStorable(*header, "", "").ok()) continue;
    Source source{ReadFile(entry.path())};
    std::string out;
    const absl::Status written = AppendMetadata(source.At(), {.bulk_prefix = "b/"}, out);
    ASSERT_TRUE(written.ok()) << entry.path() << written;
    const auto read =
        ReadJson(out, {.bytes_max = 64 << 20, .elements_max = 1000000, .value_bytes_max = 8 << 20});
    ASSERT_TRUE(read.ok()) << entry.path() << read.status();
    // Empty components and groups at the end of names go.
    EXPECT_EQ(ParsePersonName(read->Text(tags::kPatientName)),
              ParsePersonName(header->Text(tags::kPatientName)))
        << entry.path();
    for (const Tag tag : {tags::kSopInstanceUid, tags::kPatientId, tags::kStudyInstanceUid,
                          tags::kRows, tags::kStudyDescription}) {
      EXPECT_EQ(read->Text(tag), header->Text(tag)) << entry.path() << TagText(tag);
    }
    ++files;
  }
  std::printf("%d files\n", files);
  EXPECT_GT(files, 50);
}

TEST(BulkData, IsFoundByThePathOfItsAddress) {
  for (const auto syntax : {uids::kImplicitLittleEndian, uids::kExplicitLittleEndian}) {
    Source source{FileOf(Sample(), syntax, "")};
    const auto nested = FindBulk(source.At(), "00400275/1/00282000");
    ASSERT_TRUE(nested.ok()) << nested.status();
    EXPECT_EQ(source.bytes.substr(nested->offset, nested->length), std::string(10'000, 'p'));
    const auto top = FindBulk(source.At(), "00420011");
    ASSERT_TRUE(top.ok());
    EXPECT_EQ(source.bytes.substr(top->offset, top->length), std::string(9000, 'd'));
    const auto pixels = FindBulk(source.At(), "7FE00010");
    ASSERT_TRUE(pixels.ok());
    EXPECT_EQ(source.bytes.substr(pixels->offset, pixels->length), "\1\2\3\4");
    for (const char* path :
         {"", "7FE0001", "00400275/0/00282000", "00400275/2/00282000", "00400275/1/00282001",
          "00400275", "00282000", "00400275/x/00282000", "00400275/1/", "../../etc/passwd",
          "00400275/99999999999999/00282000"}) {
      EXPECT_EQ(FindBulk(source.At(), path).status().code(), absl::StatusCode::kNotFound) << path;
    }
  }
}

TEST(BulkData, OfBigEndianIsTurned) {
  Source source{FileOf(Sample(), uids::kExplicitBigEndian, "")};
  const auto pixels = FindBulk(source.At(), "7FE00010");
  ASSERT_TRUE(pixels.ok());
  std::string bytes = source.bytes.substr(pixels->offset, pixels->length);
  TurnUnits(bytes, pixels->swap);
  EXPECT_EQ(pixels->swap, 2u);
  EXPECT_EQ(bytes, "\2\1\4\3");
}

}  // namespace
}  // namespace tongjian::dicom
