#include "common/dicom/recoder.h"

#include <gtest/gtest.h>

#include "common/dicom/dataset.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

Dataset Nested() {
  Dataset inner;
  inner.Set(tags::kReferencedSopInstanceUid, "1.2.3");
  Dataset item;
  item.Set(tags::kScheduledProcedureStepId, "S1");
  item.SetItems(tags::kReferencedImageSequence, {inner, inner});
  Dataset dataset;
  dataset.Set(tags::kPatientName, "WANG^XIAODONG=王^小东");
  dataset.Set(tags::kRows, "512");
  dataset.SetItems(tags::kRequestAttributesSequence, {item});
  dataset.SetItems(tags::kProcedureCodeSequence, {});
  dataset.SetElement(0x00091001, {"UN", {std::string("\1\2\3\4", 4)}, {}});
  dataset.SetElement(tags::kPixelData, {"OW", {std::string(100000, 'p')}, {}});
  return dataset;
}

std::string Written(const Dataset& dataset, std::string_view syntax) {
  return *WriteDataset(dataset, syntax, CharacterSet("ISO_IR 192"));
}

std::string Recoded(std::string_view bytes, std::string_view from, std::string_view to,
                    size_t piece) {
  Recoder recoder(from, to);
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += piece)
    EXPECT_TRUE(recoder.Push(bytes.substr(at, piece), out).ok());
  EXPECT_TRUE(recoder.Finish(out).ok());
  return out;
}

TEST(Recoding, KeepsEveryValue) {
  const Dataset dataset = Nested();
  for (const auto& [from, to] :
       {std::pair{uids::kExplicitLittleEndian, uids::kImplicitLittleEndian},
        std::pair{uids::kImplicitLittleEndian, uids::kExplicitLittleEndian}}) {
    const std::string bytes = Written(dataset, from);
    const ReadLimits limits = {.value_bytes_max = 1 << 20};
    const auto expected = ReadDataset(bytes, from, limits);
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}, bytes.size()}) {
      const std::string recoded = Recoded(bytes, from, to, piece);
      const auto read = ReadDataset(recoded, to, limits);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->dataset, expected->dataset);
      // And back again.
      const auto back = ReadDataset(Recoded(recoded, to, from, 1000), from, limits);
      ASSERT_TRUE(back.ok()) << back.status();
      EXPECT_EQ(back->dataset, expected->dataset);
    }
  }
}

TEST(Recoding, LeavesOutLengthsOfGroupsAndNamesWhatIsTooLong) {
  Dataset dataset;
  dataset.SetElement(0x00080000, {"UL", {"12"}, {}});
  dataset.Set(tags::kModality, "CT");
  std::string bytes = Written(dataset, uids::kImplicitLittleEndian);
  // 70,000 bytes, which no explicit US can hold.
  bytes += std::string("\x28\x00\x03\x01\x70\x11\x01\x00", 8) + std::string(70000, 'l');
  const std::string out =
      Recoded(bytes, uids::kImplicitLittleEndian, uids::kExplicitLittleEndian, 100);
  const auto read = ReadDataset(out, uids::kExplicitLittleEndian, {.value_bytes_max = 1 << 20});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(read->dataset.Has(0x00080000));
  EXPECT_EQ(read->dataset.Text(tags::kModality), "CT");
  ASSERT_TRUE(read->dataset.Has(tags::kPixelRepresentation));
  EXPECT_EQ(read->dataset.Find(tags::kPixelRepresentation)->vr, "UN");
  EXPECT_EQ(read->dataset.Text(tags::kPixelRepresentation).size(), 70000u);
}

TEST(Recoding, IsBetweenLittleEndianFormsAlone) {
  EXPECT_TRUE(CanRecode(uids::kImplicitLittleEndian, uids::kExplicitLittleEndian));
  EXPECT_FALSE(CanRecode(uids::kImplicitLittleEndian, uids::kImplicitLittleEndian));
  EXPECT_FALSE(CanRecode(uids::kExplicitBigEndian, uids::kExplicitLittleEndian));
  EXPECT_FALSE(CanRecode("1.2.840.10008.1.2.4.70", uids::kExplicitLittleEndian));
}

TEST(Recoding, TellsOfWhatIsCutOff) {
  const std::string bytes = Written(Nested(), uids::kExplicitLittleEndian);
  Recoder recoder(uids::kExplicitLittleEndian, uids::kImplicitLittleEndian);
  std::string out;
  ASSERT_TRUE(recoder.Push(std::string_view(bytes).substr(0, bytes.size() - 10), out).ok());
  EXPECT_FALSE(recoder.Finish(out).ok());
}

}  // namespace
}  // namespace tongjian::dicom
