#include "common/dicom/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "common/dicom/part10.h"
#include "common/dicom/uid.h"
#include "tests/unit/dicom/test_data.h"

namespace tongjian::dicom {
namespace {

namespace fs = std::filesystem;

std::string Little(uint64_t number, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(number >> (8 * i) & 0xFF));
  return bytes;
}

std::string TagBytes(Tag tag) { return Little(GroupOf(tag), 2) + Little(ElementOf(tag), 2); }

// An explicit little endian element with a 16-bit length.
std::string Element(Tag tag, std::string_view vr, std::string value) {
  return TagBytes(tag) + std::string(vr) + Little(value.size(), 2) + value;
}

std::string LongElement(Tag tag, std::string_view vr, uint32_t length, std::string value) {
  return TagBytes(tag) + std::string(vr) + Little(0, 2) + Little(length, 4) + value;
}

std::string Item(uint32_t length, std::string value) {
  return TagBytes(tags::kItem) + Little(length, 4) + value;
}

std::string Nested(int depth, bool defined) {
  std::string inner = Element(tags::kModality, "CS", "CT");
  for (int i = 0; i < depth; ++i) {
    const std::string item =
        defined ? Item(static_cast<uint32_t>(inner.size()), inner)
                : Item(0xFFFFFFFF, inner + TagBytes(tags::kItemDelimitation) + Little(0, 4));
    inner = defined ? LongElement(0x00081140, "SQ", static_cast<uint32_t>(item.size()), item)
                    : LongElement(0x00081140, "SQ", 0xFFFFFFFF,
                                  item + TagBytes(tags::kSequenceDelimitation) + Little(0, 4));
  }
  return inner;
}

absl::StatusOr<Header> Scan(std::string_view bytes,
                            std::string_view syntax = uids::kExplicitLittleEndian,
                            const ScanLimits& limits = {}, size_t chunk = 1 << 16) {
  DatasetScanner scanner(syntax, limits);
  for (size_t at = 0; at < bytes.size(); at += chunk) TJ_TRY(scanner.Push(bytes.substr(at, chunk)));
  TJ_TRY(scanner.Finish());
  return scanner.header();
}

const std::string kSmall = Element(tags::kSopClassUid, "UI", "1.2.840.10008.5.1.4.1.1.2\0") +
                           Element(tags::kPatientName, "PN", "WANG^XIAO ") +
                           Element(tags::kRows, "US", Little(512, 2)) +
                           LongElement(tags::kPixelData, "OW", 6, "pixels");

TEST(DatasetScanner, FindsAttributesAndPixelsWhateverTheChunks) {
  for (const size_t chunk : {size_t{1}, size_t{3}, size_t{8}, size_t{1000}}) {
    const auto header = Scan(kSmall, uids::kExplicitLittleEndian, {}, chunk);
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(header->Text(tags::kPatientName), "WANG^XIAO");
    EXPECT_EQ(header->Text(tags::kRows), "512");
    ASSERT_TRUE(header->pixels.has_value());
    EXPECT_EQ(kSmall.substr(header->pixels->offset, header->pixels->length), "pixels");
    EXPECT_EQ(header->dataset_bytes, kSmall.size());
  }
}

TEST(DatasetScanner, AllowsSequencesToSixtyFourLevelsAndNoDeeper) {
  for (const bool defined : {true, false}) {
    EXPECT_TRUE(Scan(Nested(64, defined)).ok());
    EXPECT_EQ(Scan(Nested(65, defined)).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Scan(Nested(5000, false)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(DatasetScanner, RefusesLengthsPastTheirParent) {
  const std::string inner = Element(tags::kModality, "CS", "CT");
  const std::string item = Item(static_cast<uint32_t>(inner.size() - 1), inner);
  const std::string sequence =
      LongElement(0x00081140, "SQ", static_cast<uint32_t>(item.size()), item);
  EXPECT_EQ(Scan(sequence).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(DatasetScanner, RefusesWhatEndsEarly) {
  for (size_t size = 1; size < kSmall.size(); ++size) {
    const auto header = Scan(std::string_view(kSmall).substr(0, size));
    const bool at_boundary = size == 33 || size == 51 || size == 61;
    EXPECT_EQ(header.ok(), at_boundary) << size;
  }
}

TEST(DatasetScanner, RefusesALengthOverTheLimitBeforeTheBytesCome) {
  ScanLimits limits;
  limits.dataset_bytes_max = 1000;
  const auto header = Scan(LongElement(tags::kPixelData, "OW", 0xFFFFFFF0, ""),
                           uids::kExplicitLittleEndian, limits);
  EXPECT_EQ(header.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(DatasetScanner, KeepsNoMoreThanItsBudget) {
  ScanLimits limits;
  limits.header_bytes_max = 1000;
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += Element(tags::kPatientName, "PN", std::string(100, 'A'));
  bytes += LongElement(tags::kRequestAttributesSequence, "SQ", 0, "");
  const auto header = Scan(bytes, uids::kExplicitLittleEndian, limits);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_THAT(header->remarks, testing::Contains("repeated element (0010,0010)"));
}

TEST(DatasetScanner, CountsElements) {
  ScanLimits limits;
  limits.elements_max = 10;
  std::string bytes;
  for (int i = 0; i < 11; ++i) bytes += Element(0x00090001, "LO", "");
  EXPECT_EQ(Scan(bytes, uids::kExplicitLittleEndian, limits).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(DatasetScanner, ReadsUnknownOfUndefinedLengthAsImplicit) {
  const std::string inner = TagBytes(0x00091002) + Little(4, 4) + "abcd";
  const std::string bytes =
      LongElement(0x00091001, "UN", 0xFFFFFFFF,
                  Item(0xFFFFFFFF, inner + TagBytes(tags::kItemDelimitation) + Little(0, 4)) +
                      TagBytes(tags::kSequenceDelimitation) + Little(0, 4)) +
      Element(tags::kModality, "CS", "CT");
  const auto header = Scan(bytes);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->Text(tags::kModality), "CT");
}

TEST(DatasetScanner, RecordsFragmentsForAFrameIndex) {
  ScanLimits limits;
  limits.record_fragments = true;
  const std::string bytes =
      LongElement(tags::kPixelData, "OB", 0xFFFFFFFF,
                  Item(8, Little(0, 4) + Little(12, 4)) + Item(4, "aaaa") + Item(2, "bb") +
                      TagBytes(tags::kSequenceDelimitation) + Little(0, 4));
  const auto header = Scan(bytes, "1.2.840.10008.1.2.4.50", limits);
  ASSERT_TRUE(header.ok()) << header.status();
  ASSERT_TRUE(header->pixels && header->pixels->encapsulated);
  EXPECT_THAT(header->pixels->basic_offsets, testing::ElementsAre(0, 12));
  ASSERT_EQ(header->pixels->fragments.size(), 2u);
  const Fragment second = header->pixels->fragments[1];
  EXPECT_EQ(bytes.substr(second.offset, second.length), "bb");
}

TEST(DatasetScanner, TakesTimeInProportionToTheElements) {
  const auto seconds = [](int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += Element(tags::kPatientName, "PN", "AB");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(Scan(bytes).ok());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  seconds(50000);
  EXPECT_LT(seconds(200000) / seconds(100000), 3.5);  // Quadratic would be 4; linear is 2.
}

TEST(FileScanner, ReadsWhatWriteMetaHeaderWrites) {
  const std::string file =
      WriteMetaHeader({"1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1", "CT_ONE"}) +
      kSmall;
  FileScanner scanner;
  ASSERT_TRUE(scanner.Push(file).ok());
  ASSERT_TRUE(scanner.Finish().ok());
  EXPECT_EQ(scanner.header().meta.Text(0x00020003), "1.2.3");
  EXPECT_EQ(scanner.header().meta.Text(0x00020016), "CT_ONE");
  EXPECT_EQ(file.substr(scanner.header().dataset_offset), kSmall);
}

TEST(FileScanner, GuessesTheCodingOfABareDataSet) {
  FileScanner scanner;
  ASSERT_TRUE(scanner.Push(kSmall + std::string(200, '\0')).ok());
  ASSERT_TRUE(scanner.Finish().ok());
  EXPECT_EQ(scanner.header().transfer_syntax_uid, uids::kExplicitLittleEndian);
}

TEST(CheckStorable, WantsUidsThatAgree) {
  Header header;
  header.attributes.Set(tags::kSopClassUid, "1.2");
  header.attributes.Set(tags::kSopInstanceUid, "1.3");
  header.attributes.Set(tags::kStudyInstanceUid, "1.4");
  header.attributes.Set(tags::kSeriesInstanceUid, "1.5");
  EXPECT_TRUE(CheckStorable(header, "1.2", "1.3").ok());
  EXPECT_EQ(base::DetailOf(CheckStorable(header, "1.2", "1.9")).reason, "SOP_MISMATCH");
  header.attributes.Set(tags::kSeriesInstanceUid, "../1.5");
  EXPECT_EQ(CheckStorable(header, "", "").code(), absl::StatusCode::kInvalidArgument);
}

// ---- Real and broken files ----

absl::StatusCode CodeOf(const fs::path& path) { return ScanFile(path.string()).status().code(); }

TEST(RealFiles, AllScanOrAreRefusedWithAReason) {
  const fs::path root = TestData() / "dicom";
  TJ_NEEDS(root);
  int good = 0, refused = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    const auto header = ScanFile(entry.path().string());
    (header.ok() ? good : refused)++;
    if (header.ok()) continue;
    EXPECT_TRUE(header.status().code() == absl::StatusCode::kInvalidArgument ||
                header.status().code() == absl::StatusCode::kResourceExhausted)
        << entry.path() << header.status();
    std::cout << fs::relative(entry.path(), root).string() << ": " << header.status().message()
              << "\n";
  }
  EXPECT_GT(good, 320);
  RecordProperty("good", good);
  RecordProperty("refused", refused);
}

TEST(RealFiles, OfPydicomScan) {
  const fs::path root = "/usr/lib/python3/dist-packages/pydicom/data";
  TJ_NEEDS(root);
  int good = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".dcm") continue;
    const auto header = ScanFile(entry.path().string());
    if (header.ok()) ++good;
    if (!header.ok())
      std::cout << entry.path().filename().string() << ": " << header.status().message() << "\n";
  }
  EXPECT_GT(good, 85);
}

TEST(HostileFiles, AreRefused) {
  const fs::path root = TestData() / "dicom/derived/crafted";
  TJ_NEEDS(root);
  EXPECT_EQ(CodeOf(root / "nest_00063.dcm"), absl::StatusCode::kOk);
  for (const char* name : {"nest_01000.dcm", "truncated_mid_tag.dcm", "encap_item_len_huge.dcm",
                           "not_dicom.txt.dcm", "empty.dcm", "truncated_at_300.dcm"}) {
    EXPECT_EQ(CodeOf(root / name), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(CodeOf(root / "deflate_bomb_256MiB.dcm"), absl::StatusCode::kResourceExhausted);
}

TEST(HostileFiles, WithPathsForUidsAreNotStorable) {
  const fs::path root = TestData() / "dicom/derived/crafted";
  TJ_NEEDS(root);
  int seen = 0;
  for (const auto& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("uid_") && name != "empty_study_uid.dcm" &&
        name != "no_sop_instance_uid.dcm")
      continue;
    ++seen;
    const auto header = ScanFile(entry.path().string());
    ASSERT_TRUE(header.ok()) << name << header.status();
    EXPECT_EQ(CheckStorable(*header, "", "").code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_GE(seen, 10);
}

}  // namespace
}  // namespace tongjian::dicom
