#include "services/registry/matching.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/registry/folding.h"

namespace tongjian::registry {
namespace {

// The Latin writing of the name, wherever it stands.
std::string_view LatinOf(const PersonWords& words) {
  if (!words.name_latin.empty()) return words.name_latin;
  return IsLatin(FoldName(words.name)) ? std::string_view(words.name) : std::string_view();
}

// The name in its own script, folded; empty when it is Latin.
std::string NativeOf(const PersonWords& words) {
  std::string folded = FoldName(words.name);
  return IsLatin(folded) ? std::string() : folded;
}

// The folded parts in order, whichever stands first.
std::string SortedParts(std::string_view latin) {
  std::vector<std::string> parts =
      absl::StrSplit(std::string(latin), absl::ByAnyChar(" ^,="), absl::SkipWhitespace());
  for (std::string& part : parts) part = FoldName(part);
  std::sort(parts.begin(), parts.end());
  return absl::StrJoin(parts, " ");
}

bool SameLatin(std::string_view a, std::string_view b) {
  return FoldName(a) == FoldName(b) || SortedParts(a) == SortedParts(b);
}

Fit CompareBirthDates(const PersonWords& a, const PersonWords& b) {
  if (a.birth_date.empty() || b.birth_date.empty()) return Fit::kUnknown;
  return a.birth_date == b.birth_date ? Fit::kAgrees : Fit::kContradicts;
}

bool Blank(const PersonWords& words) {
  return FoldName(words.name).empty() && FoldName(words.name_latin).empty() &&
         words.birth_date.empty();
}

// How well a candidate is meant: 0 not at all.
int Rank(const Candidate& candidate, const PersonWords& words) {
  const Fit fit = ComparePersons(candidate.words, words);
  if (fit == Fit::kAgrees) return candidate.verified ? 4 : 3;
  if (fit == Fit::kContradicts) return 0;
  if (Blank(candidate.words) && Blank(words)) return 2;
  return candidate.unnamed ? 1 : 0;
}

}  // namespace

Fit CompareNames(const PersonWords& a, const PersonWords& b) {
  const std::string native_a = NativeOf(a), native_b = NativeOf(b);
  if (!native_a.empty() && !native_b.empty())
    return native_a == native_b ? Fit::kAgrees : Fit::kContradicts;
  const std::string_view latin_a = LatinOf(a), latin_b = LatinOf(b);
  if (FoldName(latin_a).empty() || FoldName(latin_b).empty()) return Fit::kUnknown;
  return SameLatin(latin_a, latin_b) ? Fit::kAgrees : Fit::kContradicts;
}

Fit ComparePersons(const PersonWords& a, const PersonWords& b) {
  const Fit names = CompareNames(a, b), dates = CompareBirthDates(a, b);
  if (names == Fit::kContradicts || dates == Fit::kContradicts) return Fit::kContradicts;
  return names == Fit::kAgrees || dates == Fit::kAgrees ? Fit::kAgrees : Fit::kUnknown;
}

std::optional<size_t> ChooseByNumber(const std::vector<Candidate>& candidates,
                                     const PersonWords& words) {
  std::optional<size_t> best;
  int best_rank = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (const int rank = Rank(candidates[i], words); rank > best_rank) {
      best = i;
      best_rank = rank;
    }
  }
  return best;
}

std::optional<size_t> ChooseByDocument(const std::vector<Candidate>& candidates,
                                       const PersonWords& words) {
  std::optional<size_t> found;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (CompareNames(candidates[i].words, words) != Fit::kAgrees) continue;
    if (CompareBirthDates(candidates[i].words, words) != Fit::kAgrees) continue;
    if (found && candidates[*found].patient_id != candidates[i].patient_id) return std::nullopt;
    found = i;
  }
  return found;
}

}  // namespace tongjian::registry
