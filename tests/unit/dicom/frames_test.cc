#include "common/dicom/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/dicom/part10.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr std::string_view kJpeg = "1.2.840.10008.1.2.4.50";

std::string Little(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> 8 * i));
  return bytes;
}

std::string Item(std::string_view content) {
  return Little(0xE000FFFE, 4) + Little(content.size(), 4) + std::string(content);
}

Dataset Image(int frames, int rows, int columns, int bits) {
  Dataset image;
  image.Set(tags::kSopInstanceUid, "1.2.3");
  image.Set(tags::kSamplesPerPixel, "1");
  image.Set(tags::kNumberOfFrames, absl::StrCat(frames));
  image.Set(tags::kRows, absl::StrCat(rows));
  image.Set(tags::kColumns, absl::StrCat(columns));
  image.Set(tags::kBitsAllocated, absl::StrCat(bits));
  return image;
}

std::string Meta(std::string_view syntax) {
  return WriteMetaHeader({"1.2.840.10008.5.1.4.1.1.7", "1.2.3", std::string(syntax), ""});
}

// An encapsulated file; `table`: the basic offset table's bytes.
std::string Encapsulated(int frames, const std::string& table,
                         const std::vector<std::string>& fragments,
                         const std::string& extended = "") {
  std::string file = Meta(kJpeg) + *WriteDataset(Image(frames, 8, 8, 8),
                                                 uids::kExplicitLittleEndian, CharacterSet());
  if (!extended.empty()) {
    std::string lengths;
    for (const std::string& fragment : fragments) lengths += Little(fragment.size(), 8);
    for (const auto& [element, bytes] : {std::pair{1, extended}, std::pair{2, lengths}}) {
      file += Little(0x7FE0, 2) + Little(static_cast<uint64_t>(element), 2) + "OV" + Little(0, 2) +
              Little(bytes.size(), 4) + bytes;
    }
  }
  file += Little(0x7FE0, 2) + Little(0x10, 2) + "OB" + Little(0, 2) + Little(0xFFFFFFFF, 4);
  file += Item(table);
  for (const std::string& fragment : fragments) file += Item(fragment);
  return file + Little(0xE0DDFFFE, 4) + Little(0, 4);
}

absl::StatusOr<FrameIndex> Index(const std::string& file) {
  return IndexFrames([&file](uint64_t offset, size_t size) -> absl::StatusOr<std::string> {
    return offset >= file.size() ? std::string() : file.substr(offset, size);
  });
}

std::vector<std::string> FramesOf(const std::string& file) {
  const auto index = Index(file);
  EXPECT_TRUE(index.ok()) << index.status();
  std::vector<std::string> frames;
  for (int64_t n = 0; index.ok() && n < index->frames; ++n) {
    std::string bytes;
    for (size_t i = index->first[static_cast<size_t>(n)];
         i < index->first[static_cast<size_t>(n) + 1]; ++i)
      bytes += file.substr(index->pieces[i].offset, index->pieces[i].length);
    EXPECT_EQ(bytes.size(), index->FrameSize(n));
    frames.push_back(bytes);
  }
  return frames;
}

using testing::ElementsAre;

TEST(Frames, OfNativePixelsFollowOneAnother) {
  for (const auto syntax :
       {uids::kImplicitLittleEndian, uids::kExplicitLittleEndian, uids::kExplicitBigEndian}) {
    Dataset image = Image(3, 2, 2, 16);
    image.SetElement(tags::kPixelData, {"OW", {"aabbccddeeffgghhiijjkkll"}, {}});
    const std::string file = Meta(syntax) + *WriteDataset(image, syntax, CharacterSet());
    const auto index = Index(file);
    ASSERT_TRUE(index.ok()) << index.status();
    EXPECT_FALSE(index->encapsulated);
    EXPECT_EQ(index->frames, 3);
    EXPECT_EQ(index->frame_bits, 64u);
    EXPECT_EQ(index->FrameSize(2), 8u);
    EXPECT_EQ(index->swap, syntax == uids::kExplicitBigEndian ? 2u : 1u);
    EXPECT_EQ(file.substr(index->value.offset + 8, 8), "eeffgghh");
  }
}

TEST(Frames, AreOneFragmentEachWhateverTheTableSays) {
  EXPECT_THAT(FramesOf(Encapsulated(3, "", {"one", "second", "3."})),
              ElementsAre("one", "second", "3."));
  EXPECT_THAT(FramesOf(Encapsulated(2, Little(0, 4) + Little(99, 4), {"ab", "cd"})),
              ElementsAre("ab", "cd"));
}

TEST(Frames, OfSeveralFragmentsAreFoundByTheOffsetTable) {
  const std::vector<std::string> fragments = {"aa", "bbbb", "cc", "dd"};
  EXPECT_THAT(FramesOf(Encapsulated(2, Little(0, 4) + Little(22, 4), fragments)),
              ElementsAre("aabbbb", "ccdd"));
  EXPECT_EQ(Index(Encapsulated(2, Little(0, 4) + Little(23, 4), fragments)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      Index(Encapsulated(2, Little(0, 4) + Little(4'000'000'000, 4), fragments)).status().code(),
      absl::StatusCode::kFailedPrecondition);
}

TEST(Frames, OfSeveralFragmentsAreFoundByHowTheyBegin) {
  EXPECT_THAT(FramesOf(Encapsulated(2, "",
                                    {"\xFF\xD8"
                                     "a",
                                     "bb",
                                     "\xFF\xD8"
                                     "c"})),
              ElementsAre("\xFF\xD8"
                          "abb",
                          "\xFF\xD8"
                          "c"));
  EXPECT_EQ(Index(Encapsulated(2, "", {"a", "bb", "c"})).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(FramesOf(Encapsulated(1, "", {"a", "bb", "c"})), ElementsAre("abbc"));
}

TEST(Frames, OfAnExtendedOffsetTableNeedNoWalk) {
  EXPECT_THAT(FramesOf(Encapsulated(2, "", {"aaaa", "bb"}, Little(0, 8) + Little(12, 8))),
              ElementsAre("aaaa", "bb"));
}

TEST(Frames, AreNotMadeUp) {
  Dataset image = Image(4, 2, 2, 16);
  image.SetElement(tags::kPixelData, {"OW", {std::string(24, 'x')}, {}});
  EXPECT_EQ(Index(Meta(uids::kExplicitLittleEndian) +
                  *WriteDataset(image, uids::kExplicitLittleEndian, CharacterSet()))
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Index(Meta(uids::kExplicitLittleEndian) +
                  *WriteDataset(Image(1, 2, 2, 16), uids::kExplicitLittleEndian, CharacterSet()))
                .status()
                .code(),
            absl::StatusCode::kNotFound);
  const std::string whole = Encapsulated(2, "", {"one", "second"});
  for (const size_t missing : {size_t{9}, size_t{12}, size_t{17}}) {
    EXPECT_EQ(Index(whole.substr(0, whole.size() - missing)).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << missing;
  }
  // The delimiter alone may be missing.
  EXPECT_THAT(FramesOf(whole.substr(0, whole.size() - 8)), ElementsAre("one", "second"));
  EXPECT_EQ(Index(Encapsulated(2, "", {})).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Frames, OfSingleBitsArePackedAnew) {
  // Bits 5..11 of 0b1110'0000, 0b0000'1010: 1,1,1,0,1,0,1.
  EXPECT_EQ(PackBits("\xE0\x0A", 5, 7), std::string(1, '\x57'));
  EXPECT_EQ(PackBits("\xE0\x0A", 0, 16), "\xE0\x0A");
}

}  // namespace
}  // namespace tongjian::dicom
