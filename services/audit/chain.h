// The chain of audit entries: what is hashed, and what a broken chain shows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace tongjian::audit {

// What an entry is found by: copies of what stands in its record.
struct EntryIndex {
  absl::Time time;
  std::string actor;     // User, else service, else "<role>@<facility>".
  std::string facility;  // Of the actor, or of the one it acted for.
  std::vector<std::string>
      patients;                      // Master patient ids and "sha256:..." digests; sorted, unique.
  std::vector<std::string> objects;  // Sorted, unique.

  bool operator==(const EntryIndex&) const = default;
};

// One link. Hashes are 64 lower-case hexadecimal digits.
struct Link {
  int64_t sequence = 0;  // 1, 2, 3 without a gap.
  std::string source;    // The feed it came from: "orders.audit".
  std::string record;    // The bytes of the AuditRecord as its service wrote them.
  std::string previous_hash;
  std::string hash;
};

// The hash before the first entry.
extern const char kGenesisHash[];

// SHA-256 over previous hash (32 bytes), sequence (8 bytes, big endian), length of source (4
// bytes), source, record.
std::string HashOf(int64_t sequence, std::string_view source, std::string_view record,
                   std::string_view previous_hash);

// The link behind `sequence` and `hash` (0 and kGenesisHash for the first).
Link MakeLink(int64_t sequence, std::string_view hash, std::string_view source,
              std::string_view record);

// A head: everything up to `sequence` had this hash at that time.
struct Head {
  int64_t sequence = 0;
  std::string hash;
  absl::Time time;
  std::string algorithm;
  std::string value;  // The signature, raw bytes.
  std::string certificate_pem;
};

// The bytes that are signed: three lines, "tongjian-audit-head", sequence, hash.
std::string CanonicalHead(int64_t sequence, std::string_view hash);

struct Fault {
  int64_t sequence = 0;
  std::string kind;  // "changed", "removed", "swapped", "truncated", "bad_signature", "index".
  std::string message;
};

// Walks a chain link by link and collects at most kFaultsMax faults. Not safe for concurrent use.
class Walk {
 public:
  static constexpr size_t kFaultsMax = 100;

  // Starts behind an entry that is believed: `sequence` and `hash` of the one before the first.
  Walk(int64_t sequence, std::string_view hash) : sequence_(sequence), hash_(hash) {}

  // The next entry as stored; a sequence below 1 is one that could not be read as a number.
  void See(const Link& link);
  // Signed heads, each already checked for its signature, in any order but before End: `hash_at` is
  // what the chain stored at that sequence, empty where there is no such entry.
  void SeeHead(const Head& head, std::string_view hash_at);
  void Add(int64_t sequence, std::string_view kind, std::string_view message);

  const std::vector<Fault>& faults() const { return faults_; }
  int64_t last_sequence() const { return sequence_; }
  const std::string& last_hash() const { return hash_; }
  int64_t entries() const { return entries_; }

 private:
  int64_t sequence_;
  std::string hash_;
  int64_t entries_ = 0;
  std::vector<Fault> faults_;
};

}  // namespace tongjian::audit
