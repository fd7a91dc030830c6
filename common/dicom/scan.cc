#include "common/dicom/scan.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/base/check.h"
#include "common/dicom/dataset_builder.h"
#include "common/dicom/element_parser.h"
#include "common/dicom/inflater.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr std::array kHeaderTags = {tags::kSpecificCharacterSet,
                                    tags::kImageType,
                                    tags::kSopClassUid,
                                    tags::kSopInstanceUid,
                                    tags::kStudyDate,
                                    tags::kSeriesDate,
                                    tags::kAcquisitionDate,
                                    tags::kContentDate,
                                    tags::kAcquisitionDateTime,
                                    tags::kStudyTime,
                                    tags::kSeriesTime,
                                    tags::kAcquisitionTime,
                                    tags::kContentTime,
                                    tags::kAccessionNumber,
                                    tags::kIssuerOfAccessionNumberSequence,
                                    tags::kModality,
                                    tags::kManufacturer,
                                    tags::kInstitutionName,
                                    tags::kReferringPhysicianName,
                                    tags::kTimezoneOffsetFromUtc,
                                    tags::kStationName,
                                    tags::kStudyDescription,
                                    tags::kProcedureCodeSequence,
                                    tags::kSeriesDescription,
                                    tags::kInstitutionalDepartmentName,
                                    Tag{0x00081048},  // Physicians of Record
                                    Tag{0x00081050},  // Performing Physician's Name
                                    Tag{0x00081060},  // Name of Physicians Reading Study
                                    tags::kOperatorsName,
                                    Tag{0x00081080},  // Admitting Diagnoses Description
                                    tags::kManufacturerModelName,
                                    tags::kPatientName,
                                    tags::kPatientId,
                                    tags::kIssuerOfPatientId,
                                    Tag{0x00100024},
                                    tags::kPatientBirthDate,
                                    Tag{0x00100032},  // Patient's Birth Time
                                    tags::kPatientSex,
                                    tags::kOtherPatientIds,
                                    Tag{0x00101001},  // Other Patient Names
                                    tags::kOtherPatientIdsSequence,
                                    tags::kPatientAge,
                                    tags::kPatientSize,
                                    tags::kPatientWeight,
                                    Tag{0x00102160},  // Ethnic Group
                                    Tag{0x00102180},  // Occupation
                                    Tag{0x001021B0},  // Additional Patient History
                                    Tag{0x00104000},  // Patient Comments
                                    tags::kBodyPartExamined,
                                    tags::kDeviceSerialNumber,
                                    tags::kProtocolName,
                                    Tag{0x00185100},  // Patient Position
                                    tags::kViewPosition,
                                    tags::kStudyInstanceUid,
                                    tags::kSeriesInstanceUid,
                                    tags::kStudyId,
                                    tags::kSeriesNumber,
                                    tags::kInstanceNumber,
                                    Tag{0x00200052},  // Frame of Reference UID
                                    tags::kLaterality,
                                    tags::kImageLaterality,
                                    tags::kSamplesPerPixel,
                                    tags::kPhotometricInterpretation,
                                    tags::kNumberOfFrames,
                                    tags::kRows,
                                    tags::kColumns,
                                    tags::kBitsAllocated,
                                    tags::kBitsStored,
                                    tags::kPixelRepresentation,
                                    tags::kRequestedProcedureDescription,
                                    tags::kScheduledProcedureStepId,
                                    tags::kPerformedProcedureStepStartDate,
                                    tags::kPerformedProcedureStepStartTime,
                                    tags::kPerformedProcedureStepId,
                                    Tag{0x00400254},  // Performed Procedure Step Description
                                    tags::kRequestAttributesSequence,
                                    tags::kRequestedProcedureId};
static_assert(std::is_sorted(kHeaderTags.begin(), kHeaderTags.end()));

constexpr std::array<Tag, 3> kPixelTags = {0x7FE00008, 0x7FE00009, tags::kPixelData};

// The builder for header attributes, with an eye on where the pixels are.
class HeaderCollector : public DatasetBuilder {
 public:
  HeaderCollector(const ScanLimits& limits, std::vector<Tag> more)
      : DatasetBuilder({limits.value_bytes_max, limits.header_bytes_max,
                        [more = std::move(more)](Tag tag) {
                          return IsHeaderTag(tag) ||
                                 std::find(more.begin(), more.end(), tag) != more.end();
                        }}),
        limits_(limits) {}

  bool Wants(const ElementHead& head) override {
    if (in_pixels_) return WantsFragment(head);
    if (head.depth == 0 && IsPixels(head.tag) && !pixels_) {
      pixels_ = PixelLocation{head.tag, false, head.offset, head.length, {}, {}};
      return false;
    }
    return DatasetBuilder::Wants(head);
  }

  void Value(const ElementHead& head, std::string_view bytes) override {
    if (!in_pixels_) return DatasetBuilder::Value(head, bytes);
    for (size_t at = 0; at + 4 <= bytes.size(); at += 4) {
      uint32_t offset = 0;
      for (size_t i = 4; i-- > 0;) offset = offset << 8 | static_cast<unsigned char>(bytes[at + i]);
      pixels_->basic_offsets.push_back(offset);
    }
  }

  void BeginFragments(const ElementHead& head) override {
    DatasetBuilder::BeginFragments(head);
    if (head.depth != 0 || !IsPixels(head.tag) || pixels_) return;
    in_pixels_ = true;
    pixels_ = PixelLocation{head.tag, true, head.offset, 0, {}, {}};
  }

  void EndFragments(uint64_t offset) override {
    DatasetBuilder::EndFragments(offset);
    if (in_pixels_) pixels_->length = offset - pixels_->offset;
    in_pixels_ = false;
  }

  const std::optional<PixelLocation>& pixels() const { return pixels_; }
  bool too_many_fragments() const { return too_many_fragments_; }

 private:
  static bool IsPixels(Tag tag) {
    return std::find(kPixelTags.begin(), kPixelTags.end(), tag) != kPixelTags.end();
  }

  // The first item is the offset table: its value is wanted. The others are only noted.
  bool WantsFragment(const ElementHead& head) {
    if (!limits_.record_fragments) return false;
    const bool is_table = !table_seen_;
    table_seen_ = true;
    const auto most = static_cast<size_t>(limits_.fragments_max);
    too_many_fragments_ |= is_table ? head.length / 4 > most : pixels_->fragments.size() >= most;
    if (too_many_fragments_) return false;
    if (is_table) return true;
    pixels_->fragments.push_back({head.offset, head.length});
    return false;
  }

  const ScanLimits limits_;
  std::optional<PixelLocation> pixels_;
  bool in_pixels_ = false;
  bool table_seen_ = false;
  bool too_many_fragments_ = false;
};

absl::Status Mismatch(std::string_view field, std::string_view what) {
  return base::Error(absl::StatusCode::kInvalidArgument, "SOP_MISMATCH", field, what);
}

}  // namespace

bool IsHeaderTag(Tag tag) {
  return std::binary_search(kHeaderTags.begin(), kHeaderTags.end(), tag);
}

class DatasetScanner::Impl {
 public:
  Impl(std::string_view transfer_syntax_uid, const ScanLimits& limits, std::vector<Tag> more)
      : limits_(limits),
        collector_(limits, std::move(more)),
        parser_(CodingOf(transfer_syntax_uid),
                {limits.depth_max, limits.elements_max, limits.dataset_bytes_max}, collector_) {
    header_.transfer_syntax_uid = transfer_syntax_uid;
    if (transfer_syntax_uid == uids::kDeflatedLittleEndian) {
      inflater_ = std::make_unique<Inflater>(
          limits.inflate_ratio_max, limits.dataset_bytes_max,
          [this](std::string_view chunk) { return parser_.Push(chunk); });
    }
  }

  absl::Status Push(std::string_view bytes) {
    TJ_CHECK(!finished_);
    if (!failure_.ok()) return failure_;
    header_.dataset_bytes += bytes.size();
    failure_ = header_.dataset_bytes > limits_.dataset_bytes_max ? TooLarge()
               : inflater_                                       ? inflater_->Push(bytes)
                                                                 : parser_.Push(bytes);
    return failure_;
  }

  absl::Status Finish() {
    if (failure_.ok() && inflater_) failure_ = inflater_->Finish();
    if (failure_.ok()) failure_ = parser_.Finish();
    if (failure_.ok() && collector_.too_many_fragments()) {
      failure_ = base::Error(absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
                             "more than " + std::to_string(limits_.fragments_max) + " fragments");
    }
    if (!failure_.ok() || finished_) return failure_;
    finished_ = true;
    BuiltDataset built = collector_.Build();
    header_.charset_label = built.charset.label();
    header_.charset_guessed = built.guessed;
    header_.charset_damaged = built.damaged;
    header_.attributes = std::move(built.dataset);
    header_.pixels = collector_.pixels();
    header_.remarks = collector_.remarks();
    if (collector_.overflowed()) header_.remarks.push_back("values left out for their size");
    return failure_;
  }

  bool past_header() const { return collector_.pixels().has_value(); }
  const Header& header() const { return header_; }

 private:
  absl::Status TooLarge() const {
    return base::Error(
        absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
        "data set over the limit of " + std::to_string(limits_.dataset_bytes_max) + " bytes");
  }

  const ScanLimits limits_;
  HeaderCollector collector_;
  ElementParser parser_;
  std::unique_ptr<Inflater> inflater_;
  Header header_;
  bool finished_ = false;
  absl::Status failure_;
};

DatasetScanner::DatasetScanner(std::string_view transfer_syntax_uid, const ScanLimits& limits,
                               std::vector<Tag> more)
    : impl_(std::make_unique<Impl>(transfer_syntax_uid, limits, std::move(more))) {}
DatasetScanner::~DatasetScanner() = default;
DatasetScanner::DatasetScanner(DatasetScanner&&) noexcept = default;

absl::Status DatasetScanner::Push(std::string_view bytes) { return impl_->Push(bytes); }
absl::Status DatasetScanner::Finish() { return impl_->Finish(); }
bool DatasetScanner::past_header() const { return impl_->past_header(); }
const Header& DatasetScanner::header() const { return impl_->header(); }

absl::Status CheckStorable(const Header& header, std::string_view sop_class_uid,
                           std::string_view sop_instance_uid) {
  TJ_TRY(CheckUid("sop_class_uid", header.Text(tags::kSopClassUid)));
  TJ_TRY(CheckUid("sop_instance_uid", header.Text(tags::kSopInstanceUid)));
  TJ_TRY(CheckUid("study_instance_uid", header.Text(tags::kStudyInstanceUid)));
  TJ_TRY(CheckUid("series_instance_uid", header.Text(tags::kSeriesInstanceUid)));
  if (!sop_class_uid.empty() && header.Text(tags::kSopClassUid) != sop_class_uid) {
    return Mismatch("sop_class_uid", "data set and request name different SOP classes");
  }
  if (!sop_instance_uid.empty() && header.Text(tags::kSopInstanceUid) != sop_instance_uid) {
    return Mismatch("sop_instance_uid", "data set and request name different SOP instances");
  }
  return absl::OkStatus();
}

}  // namespace tongjian::dicom
