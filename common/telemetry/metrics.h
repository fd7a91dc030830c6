// Numbers for Prometheus: counters, gauges and histograms, shown as text exposition format 0.0.4.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tongjian::telemetry {

// Label values come from code or from configuration, never from patients and never unbounded from
// peers.
using Labels = std::vector<std::pair<std::string, std::string>>;

// Each of these is safe for concurrent use without a lock.
class Counter {
 public:
  void Add(int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  // `bounds`: the upper bounds of the buckets, rising; +Inf is added.
  explicit Histogram(std::vector<double> bounds);
  void Observe(double value);
  int64_t count() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

  const std::vector<double>& bounds() const { return bounds_; }
  // Observations in bucket `i` alone (not cumulated); i == bounds().size() is +Inf.
  int64_t bucket(size_t i) const { return buckets_[i].load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  std::unique_ptr<std::atomic<int64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

// 0.5 ms to 60 s, for latencies in seconds.
std::vector<double> LatencyBounds();
// 1 KiB to 4 GiB, for sizes in bytes.
std::vector<double> SizeBounds();

// All metrics of a process. Look a metric up once and keep the reference: lookups take a lock, and
// what they return lives as long as the registry. The same name and labels give the same metric.
// Safe for concurrent use. A family holds at most kSeriesMax label sets; those beyond share one
// whose label values are all "other".
class Registry {
 public:
  static constexpr size_t kSeriesMax = 1000;

  Registry();
  ~Registry();
  Registry(const Registry&) = delete;

  // `name`: a Prometheus name ("tongjian_uploads_total"); checked, as are label names and that a
  // name keeps its kind.
  Counter& GetCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // The bounds of a family are those of its first histogram.
  Histogram& GetHistogram(std::string_view name, std::string_view help, const Labels& labels = {},
                          std::vector<double> bounds = LatencyBounds());

  // A gauge read when it is shown. `read` may be called from any thread until the returned handle
  // is destroyed, and must not call this registry. The handle must not outlive the registry.
  using Watch = std::shared_ptr<void>;
  [[nodiscard]] Watch WatchGauge(std::string_view name, std::string_view help, const Labels& labels,
                                 std::function<double()> read);

  // The text exposition, families in order of name.
  std::string Expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tongjian::telemetry
