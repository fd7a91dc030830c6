#include "common/telemetry/metrics.h"

#include <limits>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, AreShownInTheTextFormat) {
  Registry registry;
  registry.GetCounter("tj_calls_total", "Calls.", {{"method", "Get"}, {"code", "OK"}}).Add(3);
  registry.GetGauge("tj_depth", "Depth\nof the \\ queue").Set(1.5);
  EXPECT_EQ(registry.Expose(),
            "# HELP tj_calls_total Calls.\n"
            "# TYPE tj_calls_total counter\n"
            "tj_calls_total{code=\"OK\",method=\"Get\"} 3\n"
            "# HELP tj_depth Depth\\nof the \\\\ queue\n"
            "# TYPE tj_depth gauge\n"
            "tj_depth 1.5\n");
}

TEST(Metrics, EscapeLabelValues) {
  Registry registry;
  registry.GetGauge("tj_depth", "", {{"queue", "a\"b\\c\nd"}}).Set(1);
  EXPECT_THAT(registry.Expose(), HasSubstr("tj_depth{queue=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Metrics, CumulateTheBucketsOfAHistogram) {
  Registry registry;
  Histogram& histogram = registry.GetHistogram("tj_seconds", "Time.", {{"m", "x"}}, {0.1, 1});
  for (double value : {0.05, 0.1, 0.5, 7.0}) histogram.Observe(value);
  EXPECT_EQ(registry.Expose(),
            "# HELP tj_seconds Time.\n"
            "# TYPE tj_seconds histogram\n"
            "tj_seconds_bucket{m=\"x\",le=\"0.1\"} 2\n"
            "tj_seconds_bucket{m=\"x\",le=\"1\"} 3\n"
            "tj_seconds_bucket{m=\"x\",le=\"+Inf\"} 4\n"
            "tj_seconds_sum{m=\"x\"} 7.65\n"
            "tj_seconds_count{m=\"x\"} 4\n");
  EXPECT_EQ(histogram.count(), 4);
}

TEST(Metrics, AreTheSameForTheSameNameAndLabelsInAnyOrder) {
  Registry registry;
  Counter& one = registry.GetCounter("tj_total", "", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(&one, &registry.GetCounter("tj_total", "", {{"b", "2"}, {"a", "1"}}));
  EXPECT_NE(&one, &registry.GetCounter("tj_total", "", {{"a", "1"}}));
}

TEST(Metrics, CountEveryAddOfEveryThread) {
  Registry registry;
  Counter& counter = registry.GetCounter("tj_total", "");
  Histogram& histogram = registry.GetHistogram("tj_seconds", "");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10000; ++i) {
        counter.Add();
        histogram.Observe(0.25);
      }
    });
  }
  for (int i = 0; i < 20; ++i) registry.Expose();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40000);
  EXPECT_EQ(histogram.count(), 40000);
  EXPECT_EQ(histogram.sum(), 10000);
}

TEST(Metrics, ReadWatchedGaugesUntilTheirHandleIsGone) {
  Registry registry;
  double depth = 4;
  auto watch = registry.WatchGauge("tj_depth", "", {{"queue", "a"}}, [&] { return depth; });
  EXPECT_THAT(registry.Expose(), HasSubstr("tj_depth{queue=\"a\"} 4\n"));
  depth = 5;
  EXPECT_THAT(registry.Expose(), HasSubstr("tj_depth{queue=\"a\"} 5\n"));
  watch.reset();
  EXPECT_THAT(registry.Expose(), Not(HasSubstr("tj_depth")));
  watch = registry.WatchGauge("tj_depth", "", {{"queue", "a"}}, [] { return 6; });
  EXPECT_THAT(registry.Expose(), HasSubstr("tj_depth{queue=\"a\"} 6\n"));
}

TEST(Metrics, PutTooManyLabelSetsTogether) {
  Registry registry;
  for (size_t i = 0; i < Registry::kSeriesMax + 5; ++i) {
    registry.GetCounter("tj_total", "", {{"peer", std::to_string(i)}}).Add();
  }
  EXPECT_EQ(registry.GetCounter("tj_total", "", {{"peer", "other"}}).value(), 5);
  EXPECT_EQ(registry.GetCounter("tj_total", "", {{"peer", "7"}}).value(), 1);
}

TEST(Metrics, ShowNumbersThatAreNotFinite) {
  Registry registry;
  registry.GetGauge("tj_a", "").Set(std::numeric_limits<double>::infinity());
  registry.GetGauge("tj_b", "").Set(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(registry.Expose(), HasSubstr("tj_a +Inf\n"));
  EXPECT_THAT(registry.Expose(), HasSubstr("tj_b NaN\n"));
}

TEST(MetricsDeathTest, RefuseANameThatIsNone) {
  Registry registry;
  EXPECT_DEATH(registry.GetCounter("tj-total", ""), "check failed");
  registry.GetCounter("tj_total", "");
  EXPECT_DEATH(registry.GetGauge("tj_total", ""), "check failed");
}

}  // namespace
}  // namespace tongjian::telemetry
