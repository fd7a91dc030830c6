// Prometheus text exposition format 0.0.4,
// https://prometheus.io/docs/instrumenting/exposition_formats/.
#pragma once

#include <string>
#include <string_view>

#include "common/telemetry/metrics.h"

namespace tongjian::telemetry {

enum class Kind { kCounter, kGauge, kHistogram };

// The lines # HELP and # TYPE.
void AppendHeader(std::string_view name, std::string_view help, Kind kind, std::string* out);
// name{labels} value
void AppendSample(std::string_view name, const Labels& labels, double value, std::string* out);
// name_bucket for every bound, cumulated, then name_sum and name_count.
void AppendHistogram(std::string_view name, const Labels& labels, const Histogram& histogram,
                     std::string* out);

}  // namespace tongjian::telemetry
