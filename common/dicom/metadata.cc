#include "common/dicom/metadata.h"

#include <algorithm>
#include <array>

#include "common/dicom/dataset_builder.h"
#include "common/dicom/json.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kInlineBytesMax = 4 << 10;
constexpr size_t kInlineTextMax = 64 << 10;
constexpr Tag kLutData = 0x00283006;
constexpr Tag kWaveformData = 0x54001010;
constexpr size_t kInlineLutMax = 256 << 10;
constexpr size_t kInlineWaveformMax = 1 << 20;

bool IsPixels(Tag tag) { return tag == 0x7FE00008 || tag == 0x7FE00009 || tag == tags::kPixelData; }
bool IsBytes(std::string_view vr) { return vr == "UN" || vr[0] == 'O'; }

size_t InlineMax(const ElementHead& head) {
  if (head.tag == kWaveformData) return kInlineWaveformMax;
  if (head.tag == kLutData) return kInlineLutMax;
  return IsBytes(head.vr) ? kInlineBytesMax : kInlineTextMax;
}

class JsonVisitor final : public HeadVisitor {
 public:
  JsonVisitor(const MetadataOptions& options, std::string& out)
      : options_(options), out_(out), start_(out.size()) {
    out_.push_back('{');
    levels_.push_back({});
    levels_.back().added_at = 0;
  }

  void Start(std::string_view, uint64_t) override {}
  bool done() const override { return done_; }
  bool overflowed() const { return overflowed_; }

  void Close() {
    WriteAdded(~Tag{0});
    out_.push_back('}');
  }

  bool Wants(const ElementHead& head) override {
    if (done_ || skipped_ > 0 || head.tag == tags::kItem || ElementOf(head.tag) == 0) return false;
    const bool top = levels_.size() == 1;
    if (top && IsPixels(head.tag)) {
      AppendBulk(head);
      done_ = true;
      return false;
    }
    if (!Begin(head.tag)) return false;
    if (head.length <= InlineMax(head)) {
      return true;
    }
    AppendBulk(head, /*begun=*/true);
    return false;
  }

  void Value(const ElementHead& head, std::string_view bytes) override {
    if (head.tag == tags::kSpecificCharacterSet) levels_.back().charset = CharacterSet(bytes);
    bool guessed = false, damaged = false;
    Dataset::Element element =
        DecodeValue(head.vr, bytes, head.coding, levels_.back().charset, &guessed, &damaged);
    if (head.coding == Coding::kExplicitBig && IsBytes(head.vr) && !element.values.empty())
      TurnUnits(element.values[0], UnitSize(head.vr));
    AppendElement(head.tag, element, out_);
    CheckSize();
  }

  void BeginSequence(const ElementHead& head) override {
    if (done_ || skipped_ > 0 || !Begin(head.tag)) {
      ++skipped_;
      return;
    }
    AppendElementStart(head.tag, "SQ", out_);
    sequences_.push_back({head.tag, 0});
  }

  void EndSequence() override {
    if (skipped_ > 0) {
      --skipped_;
      return;
    }
    out_ += sequences_.back().items > 0 ? "]}" : "}";
    sequences_.pop_back();
  }

  void BeginItem() override {
    if (skipped_ > 0) {
      ++skipped_;
      return;
    }
    out_ += sequences_.back().items++ == 0 ? ",\"Value\":[{" : ",{";
    levels_.push_back({levels_.back().charset, {}, kNothingAdded});
    CheckSize();
  }

  void EndItem() override {
    if (skipped_ > 0) {
      --skipped_;
      return;
    }
    out_.push_back('}');
    levels_.pop_back();
  }

  void BeginFragments(const ElementHead& head) override {
    if (!done_ && skipped_ == 0 && levels_.size() == 1 && IsPixels(head.tag)) {
      AppendBulk(head);
      done_ = true;
    }
    ++skipped_;  // An icon's fragments are not part of the model.
  }
  void EndFragments(uint64_t) override { --skipped_; }
  void Remark(std::string) override {}

 private:
  static constexpr size_t kNothingAdded = ~size_t{0};
  struct Level {
    CharacterSet charset = CharacterSet();
    std::vector<Tag> written;
    size_t added_at = kNothingAdded;  // Next of options_.added; of the top level alone.
  };
  struct Sequence {
    Tag tag;
    int64_t items;
  };

  // Writes the comma, and what is added before this tag; false where the tag has been written.
  bool Begin(Tag tag) {
    Level& level = levels_.back();
    const bool in_order = level.written.empty() || tag > level.written.back();
    if (!in_order &&
        std::find(level.written.begin(), level.written.end(), tag) != level.written.end()) {
      return false;
    }
    if (level.added_at != kNothingAdded) {
      const auto is_added = [tag](const auto& added) { return added.first == tag; };
      if (std::any_of(options_.added.begin(), options_.added.end(), is_added)) return false;
      WriteAdded(tag);
    }
    if (!level.written.empty()) out_.push_back(',');
    level.written.push_back(tag);
    return true;
  }

  void WriteAdded(Tag before) {
    Level& level = levels_.front();
    if (before > tags::kSpecificCharacterSet && !charset_written_) {
      charset_written_ = true;
      const bool own = std::find(level.written.begin(), level.written.end(),
                                 tags::kSpecificCharacterSet) != level.written.end();
      if (!own) AppendAdded(tags::kSpecificCharacterSet, "ISO_IR 192");
    }
    for (; level.added_at < options_.added.size(); ++level.added_at) {
      const auto& [tag, value] = options_.added[level.added_at];
      if (tag >= before) return;
      AppendAdded(tag, value);
    }
  }

  void AppendAdded(Tag tag, const std::string& value) {
    Level& level = levels_.front();
    if (!level.written.empty()) out_.push_back(',');
    level.written.push_back(tag);
    AppendElement(tag, {std::string(VrOf(tag)), {value}, {}}, out_);
  }

  void AppendBulk(const ElementHead& head, bool begun = false) {
    if (!begun && !Begin(head.tag)) return;
    AppendElementStart(head.tag, std::string_view(head.vr, 2), out_);
    out_ += ",\"BulkDataURI\":";
    AppendJsonText(options_.bulk_prefix + PathOf(head.tag), out_);
    out_.push_back('}');
  }

  std::string PathOf(Tag tag) const {
    std::string path;
    for (const Sequence& sequence : sequences_)
      path += JsonTag(sequence.tag) + "/" + std::to_string(sequence.items - 1) + "/";
    return path + JsonTag(tag);
  }

  void CheckSize() {
    if (out_.size() - start_ <= options_.json_bytes_max) return;
    overflowed_ = true;
    done_ = true;
  }

  const MetadataOptions& options_;
  std::string& out_;
  const size_t start_;
  std::vector<Level> levels_;
  std::vector<Sequence> sequences_;
  int skipped_ = 0;  // Levels open below what is not written.
  bool charset_written_ = false;
  bool done_ = false;
  bool overflowed_ = false;
};

// Finds one value by its path: tags with the numbers of items between.
class BulkVisitor final : public HeadVisitor {
 public:
  explicit BulkVisitor(std::vector<std::pair<Tag, int64_t>> path) : path_(std::move(path)) {}

  void Start(std::string_view transfer_syntax_uid, uint64_t dataset_offset) override {
    found_.transfer_syntax_uid = transfer_syntax_uid;
    dataset_offset_ = dataset_offset;
  }
  bool done() const override { return done_; }
  bool Wants(const ElementHead& head) override {
    if (done_ || off_path_ > 0 || at_ + 1 != path_.size() || head.tag != path_.back().first)
      return false;
    found_.offset = dataset_offset_ + head.offset;
    found_.length = head.length;
    found_.vr = head.vr;
    if (head.coding == Coding::kExplicitBig) found_.swap = UnitSize(head.vr);
    hit_ = done_ = true;
    return false;
  }
  void Value(const ElementHead&, std::string_view) override {}
  void BeginSequence(const ElementHead& head) override {
    if (off_path_ > 0 || at_ + 1 >= path_.size() || head.tag != path_[at_].first) {
      ++off_path_;
    } else {
      item_ = -1;
    }
  }
  void EndSequence() override {
    if (off_path_ > 0) {
      --off_path_;
    } else {
      done_ = true;  // It was the sequence of the path, and held no such item or value.
    }
  }
  void BeginItem() override {
    if (off_path_ > 0 || ++item_ != path_[at_].second) {
      ++off_path_;
    } else {
      ++at_;
    }
  }
  void EndItem() override {
    if (off_path_ > 0) {
      --off_path_;
    } else {
      done_ = true;
    }
  }
  void BeginFragments(const ElementHead&) override { ++off_path_; }
  void EndFragments(uint64_t) override { --off_path_; }
  void Remark(std::string) override {}

  bool hit() const { return hit_; }
  const BulkLocation& found() const { return found_; }

 private:
  const std::vector<std::pair<Tag, int64_t>> path_;
  size_t at_ = 0;
  int64_t item_ = -1;
  int off_path_ = 0;
  bool done_ = false;
  bool hit_ = false;
  uint64_t dataset_offset_ = 0;
  BulkLocation found_;
};

// "54000100/0/54001010" as tags with the number of the item below; empty where it is none.
std::vector<std::pair<Tag, int64_t>> ParsePath(std::string_view path) {
  constexpr size_t kDepthMax = 64;
  std::vector<std::pair<Tag, int64_t>> parsed;
  while (parsed.size() < kDepthMax) {
    const std::optional<Tag> tag =
        path.size() >= 8 ? ParseJsonTag(path.substr(0, 8)) : std::nullopt;
    if (!tag) return {};
    path.remove_prefix(8);
    parsed.emplace_back(*tag, 0);
    if (path.empty()) return parsed;
    if (!path.starts_with('/')) return {};
    path.remove_prefix(1);
    const size_t end = path.find('/');
    const std::string_view digits = path.substr(0, end);
    if (end == std::string_view::npos || digits.empty() || digits.size() > 9 ||
        digits.find_first_not_of("0123456789") != std::string_view::npos) {
      return {};
    }
    parsed.back().second = std::stoll(std::string(digits));
    path.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

size_t UnitSize(std::string_view vr) {
  if (vr == "OW" || vr == "US" || vr == "SS") return 2;
  if (vr == "OL" || vr == "OF" || vr == "UL" || vr == "SL" || vr == "FL") return 4;
  if (vr == "OD" || vr == "OV" || vr == "FD" || vr == "SV" || vr == "UV") return 8;
  return 1;
}

void TurnUnits(std::string& bytes, size_t unit) {
  if (unit < 2) return;
  for (size_t at = 0; at + unit <= bytes.size(); at += unit) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + unit));
  }
}

absl::Status AppendMetadata(const ReadAt& read, const MetadataOptions& options, std::string& out) {
  JsonVisitor visitor(options, out);
  TJ_TRY(ReadHead(read, visitor));
  if (visitor.overflowed()) {
    return base::Error(absl::StatusCode::kResourceExhausted, "MALFORMED_OBJECT", "",
                       "the object's metadata are too large");
  }
  visitor.Close();
  return absl::OkStatus();
}

absl::StatusOr<BulkLocation> FindBulk(const ReadAt& read, std::string_view path) {
  std::vector<std::pair<Tag, int64_t>> parsed = ParsePath(path);
  if (parsed.empty()) return base::NotFound("bulk data");
  BulkVisitor visitor(std::move(parsed));
  TJ_TRY(ReadHead(read, visitor));
  if (!visitor.hit()) return base::NotFound("bulk data");
  if (visitor.found().transfer_syntax_uid == uids::kDeflatedLittleEndian)
    return absl::UnimplementedError("bulk data of a deflated object is read with the whole object");
  return visitor.found();
}

}  // namespace tongjian::dicom
