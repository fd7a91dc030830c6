#include "services/imaging/object_header.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/base/status.h"
#include "common/dicom/dataset_builder.h"
#include "common/dicom/element_parser.h"
#include "common/dicom/inflater.h"
#include "common/dicom/part10.h"
#include "common/dicom/uid.h"
#include "services/imaging/query_keys.h"
#include "services/imaging/search_store.h"

namespace tongjian::imaging {
namespace {

constexpr size_t kFirstRead = 16 << 10;
constexpr size_t kNextRead = 64 << 10;
constexpr int64_t kHeaderMax = 4 << 20;
constexpr size_t kValueMax = 64 << 10;
constexpr dicom::Tag kFirstPixelTag = 0x7FE00000;
constexpr int kInflateRatioMax = 100;

// Collects until the pixels begin.
class HeaderBuilder final : public dicom::DatasetBuilder {
 public:
  explicit HeaderBuilder(std::function<bool(dicom::Tag)> keep)
      : DatasetBuilder({kValueMax, kHeaderMax, [keep = std::move(keep)](dicom::Tag tag) {
                          return tag == dicom::tags::kSpecificCharacterSet || keep(tag);
                        }}) {}

  bool Wants(const dicom::ElementHead& head) override {
    Look(head);
    return !past_ && DatasetBuilder::Wants(head);
  }
  void BeginFragments(const dicom::ElementHead& head) override {
    Look(head);
    DatasetBuilder::BeginFragments(head);
  }
  bool past() const { return past_; }

 private:
  void Look(const dicom::ElementHead& head) {
    past_ |= head.depth == 0 && head.tag >= kFirstPixelTag;
  }
  bool past_ = false;
};

// Takes an object's bytes from its first, finds where the data set begins, and parses it.
class HeaderReader {
 public:
  explicit HeaderReader(const std::function<bool(dicom::Tag)>& keep) : builder_(keep) {}

  absl::Status Push(std::string_view bytes, bool at_end) {
    if (parser_ != nullptr) return Parse(bytes);
    start_.append(bytes);
    TJ_ASSIGN_OR_RETURN(const auto found, dicom::ReadFileStart(start_, at_end));
    if (!found) return absl::OkStatus();
    std::string syntax = found->meta.Text(kTransferSyntaxUid);
    if (syntax.empty()) syntax = dicom::uids::kImplicitLittleEndian;
    const std::string_view dataset = std::string_view(start_).substr(found->dataset_offset);
    const dicom::Coding coding = dicom::GuessCoding(dataset, dicom::CodingOf(syntax));
    parser_ = std::make_unique<dicom::ElementParser>(
        syntax == dicom::uids::kDeflatedLittleEndian ? dicom::Coding::kExplicitLittle : coding,
        dicom::ParserLimits(), builder_);
    if (syntax == dicom::uids::kDeflatedLittleEndian) {
      inflater_ = std::make_unique<dicom::Inflater>(
          kInflateRatioMax, kHeaderMax * 16,
          [this](std::string_view chunk) { return past() ? absl::OkStatus() : parser_->Push(chunk); });
    }
    return Parse(dataset);
  }
  bool past() const { return builder_.past(); }
  dicom::Dataset Take() const { return builder_.Build().dataset; }

 private:
  static constexpr dicom::Tag kTransferSyntaxUid = 0x00020010;
  absl::Status Parse(std::string_view bytes) {
    return inflater_ != nullptr ? inflater_->Push(bytes) : parser_->Push(bytes);
  }

  HeaderBuilder builder_;
  std::string start_;
  std::unique_ptr<dicom::ElementParser> parser_;
  std::unique_ptr<dicom::Inflater> inflater_;
};

absl::Status Keep(store::Transaction& tx, std::string_view study_id, std::string_view series_uid,
                  const dicom::Header& header, QueryLevel level) {
  dicom::Dataset kept;
  for (const dicom::Tag tag : KeptTags(level)) {
    if (const auto* element = header.attributes.Find(tag)) kept.SetElement(tag, *element);
  }
  const auto bytes = dicom::WriteDataset(kept, dicom::uids::kExplicitLittleEndian,
                                         dicom::CharacterSet("ISO_IR 192"));
  // What cannot be written once more is read from the object when it is asked for.
  if (!bytes.ok()) return absl::OkStatus();
  return AddHeader(tx, study_id, series_uid, *bytes);
}

}  // namespace

absl::StatusOr<dicom::Dataset> ReadObjectHeader(blob::Store& blobs, std::string_view locator,
                                                const std::function<bool(dicom::Tag)>& keep) {
  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<blob::Reader> reader, blobs.OpenReader(locator));
  HeaderReader header(keep);
  int64_t at = 0;
  while (!header.past() && at < reader->size() && at < kHeaderMax) {
    TJ_ASSIGN_OR_RETURN(const std::string bytes,
                        reader->Read(at, at == 0 ? kFirstRead : kNextRead));
    if (bytes.empty()) break;
    at += static_cast<int64_t>(bytes.size());
    TJ_TRY(header.Push(bytes, at >= reader->size()));
  }
  return header.Take();
}

absl::Status KeepStudyHeader(store::Transaction& tx, std::string_view study_id,
                             const dicom::Header& header) {
  return Keep(tx, study_id, "", header, QueryLevel::kStudy);
}

absl::Status KeepSeriesHeader(store::Transaction& tx, std::string_view study_id,
                              std::string_view series_instance_uid, const dicom::Header& header) {
  TJ_TRY(AddSyntax(tx, dicom::TrimPadding(header.Text(dicom::tags::kSopClassUid)),
                   header.transfer_syntax_uid));
  return Keep(tx, study_id, series_instance_uid, header, QueryLevel::kSeries);
}

absl::StatusOr<dicom::Dataset> DecodeKept(std::string_view kept) {
  TJ_ASSIGN_OR_RETURN(dicom::ReadResult read,
                      dicom::ReadDataset(kept, dicom::uids::kExplicitLittleEndian));
  read.dataset.Erase(dicom::tags::kSpecificCharacterSet);
  return std::move(read.dataset);
}

}  // namespace tongjian::imaging
