#include "services/audit/chain.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/security/digest.h"

namespace tongjian::audit {
namespace {

std::string BigEndian(uint64_t number, int bytes) {
  std::string text(bytes, '\0');
  for (int i = bytes - 1; i >= 0; --i, number >>= 8) text[i] = static_cast<char>(number & 0xff);
  return text;
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

const char kGenesisHash[] = "0000000000000000000000000000000000000000000000000000000000000000";

std::string HashOf(int64_t sequence, std::string_view source, std::string_view record,
                   std::string_view previous_hash) {
  security::Sha256 hash;
  hash.Update(absl::HexStringToBytes(View(previous_hash)));
  hash.Update(BigEndian(static_cast<uint64_t>(sequence), 8));
  hash.Update(BigEndian(source.size(), 4));
  hash.Update(source);
  hash.Update(record);
  return absl::BytesToHexString(hash.Finish());
}

Link MakeLink(int64_t sequence, std::string_view hash, std::string_view source,
              std::string_view record) {
  TJ_CHECK(hash.size() == sizeof kGenesisHash - 1);
  Link link{.sequence = sequence + 1,
            .source = std::string(source),
            .record = std::string(record),
            .previous_hash = std::string(hash),
            .hash = ""};
  link.hash = HashOf(link.sequence, source, record, hash);
  return link;
}

std::string CanonicalHead(int64_t sequence, std::string_view hash) {
  return absl::StrCat("tongjian-audit-head\n", sequence, "\n", View(hash), "\n");
}

void Walk::See(const Link& link) {
  if (link.sequence < 1) {
    return Add(sequence_ + 1, "changed",
               absl::StrCat("behind entry ", sequence_, " stands one without a number"));
  }
  ++entries_;
  if (link.sequence > sequence_ + 1) {
    Add(sequence_ + 1, "removed",
        absl::StrCat("entries ", sequence_ + 1, " to ", link.sequence - 1, " are gone"));
  } else if (link.sequence <= sequence_) {
    Add(link.sequence, "swapped",
        absl::StrCat("entry ", link.sequence, " stands behind entry ", sequence_));
  } else if (link.previous_hash != hash_) {
    Add(link.sequence, "swapped",
        absl::StrCat("entry ", link.sequence, " does not follow what stands before it"));
  }
  if (link.previous_hash.size() != hash_.size() ||
      HashOf(link.sequence, link.source, link.record, link.previous_hash) != link.hash) {
    Add(link.sequence, "changed",
        absl::StrCat("the hash of entry ", link.sequence, " does not fit its content"));
  }
  sequence_ = link.sequence;
  hash_ = link.hash;
}

void Walk::SeeHead(const Head& head, std::string_view hash_at) {
  if (hash_at.empty()) {
    Add(head.sequence, "truncated",
        absl::StrCat("a signed head names entry ", head.sequence, ", which is not there"));
  } else if (hash_at != head.hash) {
    Add(head.sequence, "changed",
        absl::StrCat("entry ", head.sequence, " is not the one whose hash was signed as head"));
  }
}

void Walk::Add(int64_t sequence, std::string_view kind, std::string_view message) {
  if (faults_.size() < kFaultsMax) {
    faults_.push_back(
        {.sequence = sequence, .kind = std::string(kind), .message = std::string(message)});
  }
}

}  // namespace tongjian::audit
