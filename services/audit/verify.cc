#include "services/audit/verify.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/audit/record.h"

namespace tongjian::audit {
namespace {

constexpr int64_t kHeadsPage = 1000;
constexpr int64_t kWitnessesMax = 10'000;
constexpr int64_t kTellEvery = 1000;

// All heads from `from` on, by sequence; a head that stands in both places is one.
absl::StatusOr<std::vector<Head>> AllHeads(TrailStore& store, const Heads& heads, int64_t from,
                                           const std::vector<Head>& known) {
  std::vector<Head> all;
  for (int64_t next = from;;) {
    TJ_ASSIGN_OR_RETURN(const auto page, store.Heads(next, kHeadsPage));
    all.insert(all.end(), page.begin(), page.end());
    if (page.size() < kHeadsPage) break;
    next = page.back().sequence + 1;
  }
  TJ_ASSIGN_OR_RETURN(const auto filed, heads.FromFile());
  TJ_ASSIGN_OR_RETURN(const auto witnesses, store.Witnesses(kWitnessesMax));
  for (const std::vector<Head>* some : {&filed, &witnesses, &known}) {
    for (const Head& head : *some) {
      if (head.sequence >= from) all.push_back(head);
    }
  }
  std::sort(all.begin(), all.end(), [](const Head& a, const Head& b) {
    return std::tie(a.sequence, a.hash, a.value) < std::tie(b.sequence, b.hash, b.value);
  });
  all.erase(std::unique(all.begin(), all.end(),
                        [](const Head& a, const Head& b) {
                          return a.sequence == b.sequence && a.hash == b.hash && a.value == b.value;
                        }),
            all.end());
  return all;
}

void CompareIndex(const Link& link, const EntryIndex& stored, Walk& walk) {
  const auto said = IndexOf(link.record);
  if (!said.ok() || *said != stored) {
    walk.Add(link.sequence, "index",
             absl::StrCat("entry ", link.sequence, " is not found by what its record says"));
  }
}

}  // namespace

absl::StatusOr<Verification> Verify(TrailStore& store, const Heads& heads, int64_t from,
                                    const std::vector<Head>& known,
                                    const std::function<void(int64_t)>& walked) {
  const int64_t first = std::max<int64_t>(from, 1);
  TJ_ASSIGN_OR_RETURN(const std::string before, store.HashAt(first - 1));
  Walk walk(first - 1, before.empty() ? kGenesisHash : before);
  TJ_ASSIGN_OR_RETURN(const std::vector<Head> all, AllHeads(store, heads, first, known));

  // The hashes that heads speak of, met on the way.
  std::map<int64_t, std::string> hash_at;
  for (const Head& head : all) hash_at[head.sequence];
  TJ_TRY(store.ForEach(first, [&](const Link& link, const EntryIndex& index) {
    walk.See(link);
    if (link.sequence > 0) CompareIndex(link, index, walk);
    if (auto wanted = hash_at.find(link.sequence); wanted != hash_at.end())
      wanted->second = link.hash;
    if (walked != nullptr && walk.entries() % kTellEvery == 0) walked(walk.entries());
  }));
  TJ_ASSIGN_OR_RETURN(const int64_t there, store.Count(first, walk.last_sequence()));
  if (there > walk.entries()) {
    walk.Add(first, "swapped",
             absl::StrCat(there - walk.entries(), " entries stand beside the chain"));
  }
  // A row that an index no longer leads to is missing from lists, though the chain is whole.
  if (first == 1) {
    TJ_ASSIGN_OR_RETURN(const std::vector<std::string> broken, store.BrokenIndexes());
    for (const std::string& what : broken) walk.Add(0, "index", what);
  }
  for (const Head& head : all) {
    if (absl::Status valid = heads.Check(head); !valid.ok()) {
      walk.Add(head.sequence, "bad_signature",
               absl::StrCat("the signature of the head at entry ", head.sequence,
                            " does not hold: ", valid.message()));
    } else {
      walk.SeeHead(head, hash_at[head.sequence]);
    }
  }
  return Verification{.entries = walk.entries(), .faults = walk.faults()};
}

}  // namespace tongjian::audit
