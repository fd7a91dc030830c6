#include "services/exchange/recognition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace tongjian::exchange {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::TimeZone kZone = absl::FixedTimeZone(8 * 3600);

absl::Time At(const char* text) {
  absl::Time time;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", text, kZone, &time, nullptr)) << text;
  return time;
}

struct Sample {
  Question question = {.exam = {"R-CHEST-DR", "CHEST", "", false, "plain"},
                       .now = At("2026-03-31 10:00"),
                       .zone = kZone,
                       .in_catalog = true,
                       .window_days = 30,
                       .flags = {}};
  Prior prior = {.exam = {"R-CHEST-DR", "CHEST", "", false, "plain"},
                 .identity_confirmed = true,
                 .final = true,
                 .retrievable = true,
                 .grade = "A",
                 .performed = At("2026-03-20 09:00")};
  Standing standing = {.in_community = true, .basis = "community 医共体"};

  Evaluation Evaluated() const { return Evaluate(question, prior, standing); }
};

// A sample between two sites that no community joins, with a mark that reaches.
Sample Outside() {
  Sample sample;
  sample.standing = {.qualified = true, .mark_covers = true, .basis = "mark of 33"};
  return sample;
}

struct Row {
  const char* name;
  std::function<void(Sample&)> change;
  std::vector<Reason> reasons;
};

void Check(const std::vector<Row>& rows, Sample (*make)()) {
  for (const Row& row : rows) {
    Sample sample = make();
    row.change(sample);
    const Evaluation found = sample.Evaluated();
    EXPECT_EQ(found.reasons, row.reasons) << row.name;
    EXPECT_EQ(found.primary, row.reasons.empty() ? Reason::kNone : row.reasons.front()) << row.name;
    EXPECT_EQ(found.verdict, row.reasons.empty() ? Verdict::kEligible : Verdict::kNotEligible) << row.name;
  }
}

TEST(Recognition, SaysNothingOfThePriorWhereThePatientRefuses) {
  Sample sample;
  sample.question.access_permitted = false;
  sample.question.flags = {Flag::kEmergency};
  sample.prior.final = false;
  sample.prior.retrievable = false;
  const Evaluation found = Evaluate(sample.question, sample.prior, sample.standing);
  EXPECT_EQ(found.reasons, std::vector<Reason>{Reason::kConsent});
  EXPECT_TRUE(found.exception_codes.empty());
  EXPECT_TRUE(found.basis.empty());
  EXPECT_EQ(found.age_days, 0);
}

TEST(Recognition, InsideACommunityFollowsTheTable) {
  Check(
      {
          {"all well", [](Sample&) {}, {}},
          {"access denied", [](Sample& s) { s.question.access_permitted = false; }, {Reason::kConsent}},
          {"asker's patient uncertain", [](Sample& s) { s.question.identity_certain = false; }, {Reason::kIdentity}},
          {"prior's patient uncertain", [](Sample& s) { s.prior.identity_confirmed = false; }, {Reason::kIdentity}},
          {"not final", [](Sample& s) { s.prior.final = false; }, {Reason::kState}},
          {"other code", [](Sample& s) { s.prior.exam.recognition_code = "R-CHEST-CT"; }, {Reason::kItem}},
          {"other body part", [](Sample& s) { s.prior.exam.body_part = "HEAD"; }, {Reason::kItem}},
          {"other side", [](Sample& s) { s.prior.exam.laterality = "L"; }, {Reason::kItem}},
          {"contrast", [](Sample& s) { s.prior.exam.contrast = true; }, {Reason::kItem}},
          {"other method", [](Sample& s) { s.prior.exam.method = "tomo"; }, {Reason::kItem}},
          {"case and unstated side", [](Sample& s) { s.prior.exam = {"R-CHEST-DR", "Chest", "U", false, "PLAIN"}; }, {}},
          {"no code at all",
           [](Sample& s) { s.prior.exam.recognition_code = s.question.exam.recognition_code = ""; },
           {Reason::kItem}},
          {"not in the catalog", [](Sample& s) { s.question.in_catalog = false; }, {}},
          {"evidence away", [](Sample& s) { s.prior.retrievable = false; }, {Reason::kData}},
          {"grade B", [](Sample& s) { s.prior.grade = "B"; }, {}},
          {"grade C", [](Sample& s) { s.prior.grade = "C"; }, {Reason::kQuality}},
          {"failed assessment", [](Sample& s) { s.standing.suspended = true; }, {Reason::kAssessment}},
          {"level gate", [](Sample& s) { s.standing.level_allows = false; }, {}},
          {"last day of the window", [](Sample& s) { s.prior.performed = At("2026-03-01 00:00"); }, {}},
          {"day before the window", [](Sample& s) { s.prior.performed = At("2026-02-28 23:59"); }, {Reason::kWindow}},
          {"same day only, same day",
           [](Sample& s) {
             s.question.window_days = 0;
             s.prior.performed = At("2026-03-31 00:01");
           },
           {}},
          {"same day only, the evening before",
           [](Sample& s) {
             s.question.window_days = 0;
             s.prior.performed = At("2026-03-30 23:59");
           },
           {Reason::kWindow}},
          {"without end",
           [](Sample& s) {
             s.question.window_days = -1;
             s.prior.performed = At("1999-01-01 00:00");
           },
           {}},
          {"doubtful clock", [](Sample& s) { s.prior.performed_doubtful = true; }, {Reason::kWindow}},
          {"performed tomorrow", [](Sample& s) { s.prior.performed = At("2026-04-01 10:00"); }, {Reason::kWindow}},
          {"several at once, in order",
           [](Sample& s) {
             s.prior.performed = At("2025-01-01 10:00");
             s.prior.grade = "C";
             s.prior.final = false;
             s.prior.retrievable = false;
           },
           {Reason::kState, Reason::kData, Reason::kQuality, Reason::kWindow}},
      },
      [] { return Sample(); });
}

TEST(Recognition, OutsideACommunityFollowsTheTable) {
  Check(
      {
          {"mark reaches", [](Sample&) {}, {}},
          {"not in the catalog", [](Sample& s) { s.question.in_catalog = false; }, {Reason::kCatalog}},
          {"failed assessment", [](Sample& s) { s.standing.suspended = true; }, {Reason::kAssessment}},
          {"not qualified",
           [](Sample& s) { s.standing.qualified = s.standing.mark_covers = false; },
           {Reason::kQualification, Reason::kScope}},
          {"mark of another city", [](Sample& s) { s.standing.mark_covers = false; }, {Reason::kScope}},
          {"membership lapsed",
           [](Sample& s) {
             s.standing.mark_covers = false;
             s.standing.membership_lapsed = true;
           },
           {Reason::kScope, Reason::kMembership}},
          {"membership lapsed, but a mark reaches", [](Sample& s) { s.standing.membership_lapsed = true; }, {}},
          {"level gate", [](Sample& s) { s.standing.level_allows = false; }, {Reason::kLevel}},
          {"own exam",
           [](Sample& s) {
             s.standing = {.own = true};
             s.question.in_catalog = false;
           },
           {}},
      },
      Outside);
}

TEST(Recognition, ContextIsAnExceptionAndBlocksNothing) {
  Sample sample;
  sample.question.flags = {Flag::kEmergency, Flag::kPreOperation, Flag::kPreTransfusion};
  const Evaluation found = sample.Evaluated();
  EXPECT_EQ(found.verdict, Verdict::kEligibleWithException);
  EXPECT_THAT(found.reasons, IsEmpty());
  EXPECT_THAT(found.exception_codes, ElementsAre("03", "04"));
}

TEST(Recognition, EvidenceThatIsAwayOffersItsOwnDecline) {
  Sample sample;
  sample.prior.retrievable = false;
  EXPECT_THAT(sample.Evaluated().exception_codes, ElementsAre("98"));
}

TEST(Recognition, DoubtfulClockIsTold) {
  Sample sample;
  sample.prior.performed_doubtful = true;
  EXPECT_THAT(sample.Evaluated().basis, testing::HasSubstr("doubtful"));
  EXPECT_EQ(Sample().Evaluated().basis, "community 医共体");
}

TEST(Recognition, AgeCountsDaysOfTheHub) {
  EXPECT_EQ(AgeDays(At("2026-03-30 23:59"), At("2026-03-31 00:01"), kZone), 1);
  EXPECT_EQ(AgeDays(At("2026-03-31 00:01"), At("2026-03-31 23:59"), kZone), 0);
}

}  // namespace
}  // namespace tongjian::exchange
