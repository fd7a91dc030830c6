#include "common/dicom/frames.h"

#include <algorithm>
#include <optional>

#include "common/dicom/dataset_builder.h"
#include "common/dicom/metadata.h"
#include "common/dicom/tag.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr Tag kExtendedOffsets = 0x7FE00001;
constexpr Tag kExtendedLengths = 0x7FE00002;
constexpr int64_t kFramesMax = 1'000'000;
constexpr size_t kItemHead = 8;

absl::Status Unfit(std::string_view what) {
  return base::Error(absl::StatusCode::kFailedPrecondition, "", "", what);
}

// Keeps what tells the size and number of frames, and stops at the pixel data.
class PixelVisitor final : public HeadVisitor {
 public:
  PixelVisitor()
      : builder_(
            {.value_bytes_max = 8 * kFramesMax, .total_bytes_max = 32 << 20, .keep = [](Tag tag) {
               return tag == tags::kSamplesPerPixel || tag == tags::kNumberOfFrames ||
                      tag == tags::kRows || tag == tags::kColumns || tag == tags::kBitsAllocated ||
                      tag == kExtendedOffsets || tag == kExtendedLengths ||
                      tag == tags::kPhotometricInterpretation;
             }}) {}

  void Start(std::string_view transfer_syntax_uid, uint64_t dataset_offset) override {
    transfer_syntax_ = transfer_syntax_uid;
    dataset_offset_ = dataset_offset;
  }
  bool done() const override { return pixels_.has_value(); }
  bool Wants(const ElementHead& head) override {
    if (pixels_) return false;
    if (IsPixels(head)) {
      pixels_ = head;
      return false;
    }
    return builder_.Wants(head);
  }
  void Value(const ElementHead& head, std::string_view bytes) override {
    builder_.Value(head, bytes);
  }
  void BeginSequence(const ElementHead& head) override {
    if (!pixels_) builder_.BeginSequence(head);
  }
  void EndSequence() override {
    if (!pixels_) builder_.EndSequence();
  }
  void BeginItem() override {
    if (!pixels_) builder_.BeginItem();
  }
  void EndItem() override {
    if (!pixels_) builder_.EndItem();
  }
  void BeginFragments(const ElementHead& head) override {
    if (pixels_) return;
    if (IsPixels(head)) {
      pixels_ = head;
      encapsulated_ = true;
    } else {
      builder_.BeginFragments(head);
    }
  }
  void EndFragments(uint64_t offset) override {
    if (!pixels_) builder_.EndFragments(offset);
  }
  void Remark(std::string) override {}

  Dataset Attributes() const { return builder_.Build().dataset; }
  const std::optional<ElementHead>& pixels() const { return pixels_; }
  bool encapsulated() const { return encapsulated_; }
  const std::string& transfer_syntax() const { return transfer_syntax_; }
  uint64_t dataset_offset() const { return dataset_offset_; }

 private:
  static bool IsPixels(const ElementHead& head) {
    return head.depth == 0 &&
           (head.tag == 0x7FE00008 || head.tag == 0x7FE00009 || head.tag == tags::kPixelData);
  }

  DatasetBuilder builder_;
  std::string transfer_syntax_;
  uint64_t dataset_offset_ = 0;
  std::optional<ElementHead> pixels_;
  bool encapsulated_ = false;
};

uint64_t Little(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;)
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

std::vector<uint64_t> Numbers(std::string_view bytes, size_t size) {
  std::vector<uint64_t> numbers;
  for (size_t at = 0; at + size <= bytes.size(); at += size)
    numbers.push_back(Little(bytes.substr(at, size)));
  return numbers;
}

struct Item {
  uint64_t length = 0;
  bool last = false;
};

absl::StatusOr<Item> ReadItem(const ReadAt& read, uint64_t at) {
  TJ_ASSIGN_OR_RETURN(const std::string head, read(at, kItemHead));
  if (head.empty()) return Item{.last = true};  // Some writers leave the delimiter out.
  if (head.size() < kItemHead) return Unfit("the pixel data end inside a fragment");
  const std::string_view bytes = head;
  const Tag tag = static_cast<Tag>(Little(bytes.substr(0, 2)) << 16 | Little(bytes.substr(2, 2)));
  if (tag == tags::kSequenceDelimitation) return Item{.last = true};
  const uint64_t length = Little(bytes.substr(4));
  if (tag != tags::kItem || length == kUndefinedLength)
    return Unfit("the pixel data hold something that is no fragment");
  return Item{.length = length};
}

// Every fragment, by walking from head to head.
absl::StatusOr<std::vector<Piece>> WalkFragments(const ReadAt& read, uint64_t at) {
  std::vector<Piece> pieces;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const Item item, ReadItem(read, at));
    if (item.last) break;
    if (pieces.size() >= static_cast<size_t>(kFramesMax)) return Unfit("too many fragments");
    pieces.push_back({at + kItemHead, item.length});
    at += kItemHead + item.length;
  }
  if (!pieces.empty() && pieces.back().length > 0) {
    const Piece& last = pieces.back();
    TJ_ASSIGN_OR_RETURN(const std::string byte, read(last.offset + last.length - 1, 1));
    if (byte.empty()) return Unfit("the pixel data end inside a fragment");
  }
  return pieces;
}

// SOI of JPEG and JPEG-LS, SOC of JPEG 2000 and its kin.
absl::StatusOr<bool> BeginsCodestream(const ReadAt& read, const Piece& piece) {
  if (piece.length < 2) return false;
  TJ_ASSIGN_OR_RETURN(const std::string start, read(piece.offset, 2));
  return start == "\xFF\xD8" || start == "\xFF\x4F";
}

// Where each frame's fragments begin, given what the offset table says (relative to the first
// fragment's head).
absl::StatusOr<std::vector<size_t>> Group(const ReadAt& read, const std::vector<Piece>& pieces,
                                          const std::vector<uint64_t>& offsets, size_t frames) {
  std::vector<size_t> first;
  if (pieces.size() == frames) {
    for (size_t n = 0; n < frames; ++n) first.push_back(n);
  } else if (frames == 1) {
    first.push_back(0);
  } else if (offsets.size() == frames) {
    const uint64_t base = pieces.empty() ? 0 : pieces.front().offset;
    size_t at = 0;
    for (const uint64_t offset : offsets) {
      while (at < pieces.size() && pieces[at].offset - base < offset) ++at;
      if (at == pieces.size() || pieces[at].offset - base != offset)
        return Unfit("the offset table names no fragment");
      first.push_back(at);
    }
  } else {
    for (size_t at = 0; at < pieces.size(); ++at) {
      TJ_ASSIGN_OR_RETURN(const bool begins, BeginsCodestream(read, pieces[at]));
      if (begins) first.push_back(at);
    }
    if (first.size() != frames || first.front() != 0)
      return Unfit("the fragments do not tell where frames begin");
  }
  first.push_back(pieces.size());
  return first;
}

absl::Status IndexEncapsulated(const ReadAt& read, const Dataset& attributes, uint64_t begin,
                               FrameIndex& index) {
  TJ_ASSIGN_OR_RETURN(const Item table, ReadItem(read, begin));
  if (table.last) return Unfit("the pixel data have no fragment");
  const uint64_t base = begin + kItemHead + table.length;
  const auto frames = static_cast<size_t>(index.frames);
  const std::vector<uint64_t> far = Numbers(attributes.Text(kExtendedOffsets), 8);
  const std::vector<uint64_t> lengths = Numbers(attributes.Text(kExtendedLengths), 8);
  if (far.size() == frames && lengths.size() == frames) {
    // One fragment each, found without a walk over a slide's gigabytes.
    for (size_t n = 0; n < frames; ++n) {
      index.pieces.push_back({base + far[n] + kItemHead, lengths[n]});
      index.first.push_back(n);
    }
    index.first.push_back(frames);
    return absl::OkStatus();
  }
  std::vector<uint64_t> offsets;
  if (table.length / 4 == frames) {
    TJ_ASSIGN_OR_RETURN(const std::string bytes,
                        read(begin + kItemHead, static_cast<size_t>(table.length)));
    offsets = Numbers(bytes, 4);
  }
  TJ_ASSIGN_OR_RETURN(index.pieces, WalkFragments(read, base));
  TJ_ASSIGN_OR_RETURN(index.first, Group(read, index.pieces, offsets, frames));
  return absl::OkStatus();
}

absl::Status IndexNative(const Dataset& attributes, const ElementHead& head, uint64_t begin,
                         FrameIndex& index) {
  const auto number = [&](Tag tag) {
    return static_cast<uint64_t>(attributes.Int(tag).value_or(0));
  };
  const uint64_t samples = std::max<uint64_t>(number(tags::kSamplesPerPixel), 1);
  uint64_t bits = number(tags::kBitsAllocated);
  if (head.tag == 0x7FE00008) bits = 32;
  if (head.tag == 0x7FE00009) bits = 64;
  const uint64_t rows = number(tags::kRows), columns = number(tags::kColumns);
  if (rows == 0 || rows > 65535 || columns == 0 || columns > 65535 || bits == 0 || bits > 64 ||
      samples > 4) {
    return Unfit("the object's attributes do not tell the size of a frame");
  }
  index.frame_bits = rows * columns * samples * bits;
  // Two of three colours' samples at half the width are written together (PS3.3 C.7.6.3.1.2).
  if (attributes.Text(tags::kPhotometricInterpretation) == "YBR_FULL_422" && samples == 3)
    index.frame_bits = rows * columns * 2 * bits;
  index.value = {begin, head.length};
  const auto frames = static_cast<uint64_t>(index.frames);
  if (index.frame_bits > (uint64_t{1} << 40) / frames ||
      (index.frame_bits * frames + 7) / 8 > head.length) {
    return Unfit("the pixel data are shorter than the object's attributes say");
  }
  if (head.coding == Coding::kExplicitBig) index.swap = bits > 8 ? bits / 8 : UnitSize(head.vr);
  return absl::OkStatus();
}

}  // namespace

uint64_t FrameIndex::FrameSize(int64_t n) const {
  if (!encapsulated) return (frame_bits + 7) / 8;
  uint64_t size = 0;
  const auto at = static_cast<size_t>(n);
  for (size_t piece = first[at]; piece < first[at + 1]; ++piece) size += pieces[piece].length;
  return size;
}

absl::StatusOr<FrameIndex> IndexFrames(const ReadAt& read) {
  PixelVisitor visitor;
  TJ_TRY(ReadHead(read, visitor));
  if (!visitor.pixels()) return base::NotFound("pixel data");
  FrameIndex index;
  index.transfer_syntax_uid = visitor.transfer_syntax();
  if (index.transfer_syntax_uid == uids::kDeflatedLittleEndian)
    return absl::UnimplementedError("frames of a deflated object are read with the whole object");
  const Dataset attributes = visitor.Attributes();
  index.frames = std::max<int64_t>(attributes.Int(tags::kNumberOfFrames).value_or(1), 1);
  if (index.frames > kFramesMax) return Unfit("too many frames");
  index.encapsulated = visitor.encapsulated();
  const uint64_t begin = visitor.dataset_offset() + visitor.pixels()->offset;
  if (index.encapsulated) {
    TJ_TRY(IndexEncapsulated(read, attributes, begin, index));
  } else {
    TJ_TRY(IndexNative(attributes, *visitor.pixels(), begin, index));
  }
  return index;
}

std::string PackBits(std::string_view bytes, size_t from, size_t count) {
  std::string packed((count + 7) / 8, '\0');
  for (size_t i = 0; i < count; ++i) {
    const size_t at = from + i;
    const bool bit = (static_cast<unsigned char>(bytes[at / 8]) >> (at % 8) & 1) != 0;
    if (bit) packed[i / 8] = static_cast<char>(packed[i / 8] | 1 << i % 8);
  }
  return packed;
}

}  // namespace tongjian::dicom
