#include "common/telemetry/metrics.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <variant>

#include "absl/strings/ascii.h"
#include "common/base/check.h"
#include "common/telemetry/exposition.h"

namespace tongjian::telemetry {
namespace {

// A callback gauge. `read` is called under the mutex, so that destroying the handle waits for a
// call in progress.
struct Watched {
  std::mutex mutex;
  std::function<double()> read;  // Empty once the handle is gone.
};

using Series = std::variant<std::shared_ptr<Counter>, std::shared_ptr<Gauge>,
                            std::shared_ptr<Histogram>, std::shared_ptr<Watched>>;

struct Family {
  std::string help;
  Kind kind = Kind::kGauge;
  std::vector<double> bounds;
  std::map<Labels, Series> series;
};

bool PlainName(std::string_view name, bool colon) {
  if (name.empty() || absl::ascii_isdigit(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [colon](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_' || (colon && c == ':');
  });
}

Labels Sorted(Labels labels) {
  std::sort(labels.begin(), labels.end());
  for (size_t i = 0; i < labels.size(); ++i) {
    TJ_CHECK(PlainName(labels[i].first, false));
    TJ_CHECK(labels[i].first != "le");
    TJ_CHECK(i == 0 || labels[i].first != labels[i - 1].first);
  }
  return labels;
}

void AppendSeries(const std::string& name, const Labels& labels, const Series& series,
                  std::string* out) {
  if (const auto* counter = std::get_if<std::shared_ptr<Counter>>(&series)) {
    AppendSample(name, labels, static_cast<double>((*counter)->value()), out);
  } else if (const auto* gauge = std::get_if<std::shared_ptr<Gauge>>(&series)) {
    AppendSample(name, labels, (*gauge)->value(), out);
  } else if (const auto* histogram = std::get_if<std::shared_ptr<Histogram>>(&series)) {
    AppendHistogram(name, labels, **histogram, out);
  } else {
    Watched& watched = *std::get<std::shared_ptr<Watched>>(series);
    std::lock_guard lock(watched.mutex);
    if (watched.read) AppendSample(name, labels, watched.read(), out);
  }
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), buckets_(new std::atomic<int64_t>[bounds_.size() + 1]()) {
  TJ_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::Observe(double value) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  buckets_[bound - bounds_.begin()].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

int64_t Histogram::count() const {
  int64_t count = 0;
  for (size_t i = 0; i <= bounds_.size(); ++i) count += bucket(i);
  return count;
}

std::vector<double> LatencyBounds() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

std::vector<double> SizeBounds() {
  std::vector<double> bounds;
  for (double bound = 1024; bound <= 4.0 * 1024 * 1024 * 1024; bound *= 4) bounds.push_back(bound);
  return bounds;
}

struct Registry::State {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;

  // Both with `mutex` held.
  Family& FindFamily(std::string_view name, std::string_view help, Kind kind) {
    TJ_CHECK(PlainName(name, true));
    auto [at, added] = families.try_emplace(std::string(name));
    if (added) {
      at->second.help = help;
      at->second.kind = kind;
    }
    TJ_CHECK(at->second.kind == kind);
    return at->second;
  }
  template <class T, class Make>
  T& FindSeries(Family& family, const Labels& labels, const Make& make) {
    Labels key = Sorted(labels);
    auto at = family.series.find(key);
    if (at == family.series.end() && family.series.size() >= kSeriesMax) {
      for (auto& [label, value] : key) value = "other";
      at = family.series.find(key);
    }
    if (at == family.series.end()) at = family.series.emplace(std::move(key), make()).first;
    auto* held = std::get_if<std::shared_ptr<T>>(&at->second);
    TJ_CHECK(held != nullptr);  // A watched gauge has the same name and labels.
    return **held;
  }
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::GetCounter(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(state_->mutex);
  Family& family = state_->FindFamily(name, help, Kind::kCounter);
  return state_->FindSeries<Counter>(family, labels, [] { return std::make_shared<Counter>(); });
}

Gauge& Registry::GetGauge(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(state_->mutex);
  Family& family = state_->FindFamily(name, help, Kind::kGauge);
  return state_->FindSeries<Gauge>(family, labels, [] { return std::make_shared<Gauge>(); });
}

Histogram& Registry::GetHistogram(std::string_view name, std::string_view help,
                                  const Labels& labels, std::vector<double> bounds) {
  std::lock_guard lock(state_->mutex);
  Family& family = state_->FindFamily(name, help, Kind::kHistogram);
  if (family.series.empty()) family.bounds = std::move(bounds);
  return state_->FindSeries<Histogram>(family, labels,
                                       [&] { return std::make_shared<Histogram>(family.bounds); });
}

Registry::Watch Registry::WatchGauge(std::string_view name, std::string_view help,
                                     const Labels& labels, std::function<double()> read) {
  auto watched = std::make_shared<Watched>();
  watched->read = std::move(read);
  Labels key = Sorted(labels);
  std::lock_guard lock(state_->mutex);
  Family& family = state_->FindFamily(name, help, Kind::kGauge);
  const bool added = family.series.emplace(key, watched).second;
  TJ_CHECK(added);  // Two watches of one name and labels would hide each other.
  return Watch(watched.get(), [state = state_.get(), watched, name = std::string(name),
                               key = std::move(key)](void*) {
    {
      std::lock_guard lock(watched->mutex);
      watched->read = nullptr;
    }
    std::lock_guard lock(state->mutex);
    state->families.find(name)->second.series.erase(key);
  });
}

std::string Registry::Expose() const {
  // A copy, because callbacks may wait for locks whose holders look metrics up.
  std::map<std::string, Family, std::less<>> families;
  {
    std::lock_guard lock(state_->mutex);
    families = state_->families;
  }
  std::string out;
  for (const auto& [name, family] : families) {
    if (family.series.empty()) continue;
    AppendHeader(name, family.help, family.kind, &out);
    for (const auto& [labels, series] : family.series) AppendSeries(name, labels, series, &out);
  }
  return out;
}

}  // namespace tongjian::telemetry
