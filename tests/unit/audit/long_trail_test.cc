// Goal: in a trail of 100,000 entries every damage is found, each time, at its place, and nothing
// else is reported. Method: the trail is built once, with signed heads on the way; damages of one
// kind are made at the first and last entry, around the heads and at seeded places, by plain SQL on
// the file; the faults found must be exactly those expected; then the rows are put back from a copy.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/store/value.h"
#include "services/audit/record.h"
#include "tests/unit/audit/trail_rig.h"

namespace tongjian::audit {
namespace {

constexpr int kEntries = 100'000;
constexpr int kHeads[] = {25'000, 50'000, 75'000, kEntries};
constexpr unsigned kSeed = 20260101;

// kind and sequence of each fault.
using Faults = std::set<std::pair<std::string, int64_t>>;

class LongTrail : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    rig_ = new TrailRig();
    int from = 1;
    for (const int head : kHeads) {
      rig_->Append(from, head);
      const auto signed_head = rig_->heads_->Sign();
      ASSERT_TRUE(signed_head.ok()) << signed_head.status();
      ASSERT_EQ(head, signed_head->sequence);
      heads_.push_back(*signed_head);
      from = head + 1;
    }
    const absl::Status kept = rig_->database_->Backup(Copy());
    ASSERT_TRUE(kept.ok()) << kept;
  }
  static void TearDownTestSuite() {
    delete rig_;
    rig_ = nullptr;
    heads_.clear();
  }

  static std::string Copy() { return rig_->directory_ + "/copy.db"; }

  // The first, the last but one, around each head, and seeded ones; no two nearer than four.
  static std::vector<int> Places(size_t count) {
    std::vector<int> places = {1, 5, kEntries - 3};
    for (const int head : {25'000, 50'000, 75'000}) {
      for (const int by : {-6, 0, 6}) places.push_back(head + by);
    }
    std::mt19937 random(kSeed);
    while (places.size() < count) {
      const int place = static_cast<int>(random() % (kEntries - 10)) + 5;
      if (std::all_of(places.begin(), places.end(),
                      [&](int other) { return std::abs(other - place) >= 4; })) {
        places.push_back(place);
      }
    }
    std::sort(places.begin(), places.end());
    return places;
  }
  static bool HasHead(int sequence) {
    return std::find(std::begin(kHeads), std::end(kHeads), sequence) != std::end(kHeads);
  }

  static std::string Remove(int64_t first, int64_t last) {
    std::string sql;
    for (const char* table : {"entry", "entry_patient", "entry_object", "head"}) {
      absl::StrAppend(&sql, "delete from ", table, " where sequence >= ", first,
                      " and sequence <= ", last, ";");
    }
    return sql;
  }

  // The entries `first` to `last` as they were.
  static std::string PutBack(int64_t first, int64_t last) {
    std::string sql = absl::StrCat("attach '", Copy(), "' as copy;");
    for (const char* table : {"entry", "entry_patient", "entry_object"}) {
      absl::StrAppend(&sql, "insert or replace into ", table, " select * from copy.", table,
                      " where sequence >= ", first, " and sequence <= ", last, ";");
    }
    return sql + "insert or replace into head select * from copy.head; detach copy;";
  }

  // Damages `count` places at once, and expects exactly these faults; then mends them.
  void Expect(size_t count, const std::function<std::string(int)>& damage,
              const std::function<void(int, Faults&)>& shows) {
    Faults expected;
    std::string sql = "begin;";
    std::string mend;
    for (const int place : Places(count)) {
      sql += damage(place);
      shows(place, expected);
      absl::StrAppend(&mend, Remove(place, place + 2), PutBack(place, place + 2));
    }
    rig_->Tamper(sql + "commit;");
    EXPECT_EQ(expected, Found());
    rig_->Tamper(mend);
  }

  static Faults Found(const std::vector<Head>& known = {}) {
    Faults found;
    for (const Fault& fault : rig_->Check(known).faults) found.emplace(fault.kind, fault.sequence);
    return found;
  }

  static TrailRig* rig_;
  static std::vector<Head> heads_;
};

TrailRig* LongTrail::rig_ = nullptr;
std::vector<Head> LongTrail::heads_;

// A place is damaged in one of these ways, each in turn.
TEST_F(LongTrail, ShowsEveryChangedEntry) {
  const std::vector<std::string> ways = {
      "source = 'reading.audit'",
      "record = (select record from entry where sequence = 77)",
      "record = 'no base64!'",
      "record = ''",
      absl::StrCat("hash = '", std::string(64, '0'), "'"),
  };
  int turn = 0;
  Expect(
      24,
      [&](int place) {
        return absl::StrCat("update entry set ", ways[turn++ % ways.size()],
                            " where sequence = ", place, ";");
      },
      [&, at = 0](int place, Faults& faults) mutable {
        const size_t way = at++ % ways.size();
        faults.emplace("changed", place);
        if (way == 1 || way == 2 || way == 3) faults.emplace("index", place);
        if (way == 4) faults.emplace("swapped", place + 1);  // It no longer follows.
      });
}

TEST_F(LongTrail, ShowsEveryEntryThatIsFoundByOtherThings) {
  const std::vector<std::string> ways = {
      "update entry set time = time + 1 where sequence = ",
      "update entry set time = 'noon' where sequence = ",
      "update entry set actor = 'u-nobody' where sequence = ",
      "update entry set facility = '' where sequence = ",
      "delete from entry_patient where sequence = ",
      "delete from entry_object where sequence = ",
      "insert into entry_patient (patient, sequence) select 'p-other', ",
  };
  int turn = 0;
  Expect(24, [&](int place) { return absl::StrCat(ways[turn++ % ways.size()], place, ";"); },
         [](int place, Faults& faults) { faults.emplace("index", place); });
}

TEST_F(LongTrail, ShowsEveryRemovedEntry) {
  Expect(24, [](int place) { return absl::StrCat("delete from entry where sequence = ", place, ";"); },
         [](int place, Faults& faults) {
           faults.emplace("removed", place);
           if (HasHead(place)) faults.emplace("truncated", place);
         });
}

TEST_F(LongTrail, ShowsEverySwap) {
  Expect(
      14,  // Each shows seven times, and at most 100 faults are listed.
      [](int place) {
        return absl::StrCat("update entry set sequence = -1 where sequence = ", place,
                            "; update entry set sequence = ", place, " where sequence = ",
                            place + 1, "; update entry set sequence = ", place + 1,
                            " where sequence = -1;");
      },
      [](int place, Faults& faults) {
        for (const int both : {place, place + 1}) {
          faults.emplace("changed", both);
          faults.emplace("swapped", both);
          faults.emplace("index", both);
        }
        faults.emplace("swapped", place + 2);
      });
}

// Another record with a hash that fits where it stands: the next one does not follow it.
TEST_F(LongTrail, ShowsEverySplice) {
  Expect(
      24,
      [](int place) {
        const std::string before = place == 1 ? kGenesisHash : *rig_->store_->HashAt(place - 1);
        const Link link =
            MakeLink(place - 1, before, "orders.audit", RecordOf(kEntries + place));
        const EntryIndex index = *IndexOf(link.record);
        return absl::StrCat("update entry set record = '", store::Bytes(link.record), "', hash = '",
                            link.hash, "', time = ", absl::ToUnixMicros(index.time),
                            ", actor = '", index.actor, "' where sequence = ", place,
                            "; update entry_patient set patient = '", index.patients[0],
                            "' where sequence = ", place, "; update entry_object set object = '",
                            index.objects[0], "' where sequence = ", place, ";");
      },
      [](int place, Faults& faults) {
        faults.emplace("swapped", place + 1);
        if (HasHead(place)) faults.emplace("changed", place);
      });
}

TEST_F(LongTrail, ShowsEntriesThatStandBesideTheChain) {
  for (const char* beside : {"-7", "'many'"}) {  // Before all numbers, and behind them.
    rig_->Tamper(absl::StrCat("insert into entry select ", beside, ", source, record, ", beside,
                              ", previous_hash, hash, time, actor, facility from entry where "
                              "sequence = 9"));
  }
  EXPECT_EQ((Faults{{"swapped", 1}, {"changed", kEntries + 1}}), Found());
  rig_->Tamper("delete from entry where record_digest in ('-7', 'many')");
}

TEST_F(LongTrail, ShowsACutTailWhereverItIsCut) {
  // From the end, so that each cut needs no mending before the next.
  for (const int last : {kEntries - 1, 74'999, 1}) {
    rig_->Tamper(absl::StrCat("delete from entry where sequence > ", last,
                              "; delete from head where sequence > ", last));
    Faults expected;
    for (const int head : kHeads) {
      if (head > last) expected.emplace("truncated", head);
    }
    EXPECT_EQ(expected, Found()) << last;  // By heads.log.
  }
  rig_->Tamper(PutBack(1, kEntries));
}

// Everything is turned back to an older copy: chain, heads and the heads file agree with each other.
// Only a head that is kept elsewhere shows it, also when the trail has grown on since.
TEST_F(LongTrail, ShowsATrailTurnedBackByAHeadKeptElsewhere) {
  const Head kept = heads_[2];
  const std::string all_heads = rig_->heads_file() + ".all";
  std::filesystem::copy_file(rig_->heads_file(), all_heads);
  std::filesystem::remove(rig_->heads_file());
  rig_->Tamper(Remove(70'001, kEntries));
  EXPECT_EQ((Faults{{"truncated", kept.sequence}}), Found({kept}));  // And nothing without it.
  rig_->Append(kEntries + 1, kEntries + 6'000);  // Other deeds, 70,001 to 76,000.
  EXPECT_EQ((Faults{{"changed", kept.sequence}}), Found({kept, heads_[0], heads_[1]}));
  rig_->Tamper(Remove(70'001, kEntries) + PutBack(70'001, kEntries));
  std::filesystem::rename(all_heads, rig_->heads_file());
  EXPECT_EQ(Faults(), Found());  // And nothing is left of any damage.
}

}  // namespace
}  // namespace tongjian::audit
