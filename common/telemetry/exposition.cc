#include "common/telemetry/exposition.h"

#include <charconv>
#include <cmath>

namespace tongjian::telemetry {
namespace {

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      break;
  }
  return "histogram";
}

// Backslash and newline are escaped everywhere, the double quote in label values only.
void AppendEscaped(std::string_view text, bool quotes, std::string* out) {
  for (char c : text) {
    if (c == '\n') {
      out->append("\\n");
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) out->push_back('\\');
    out->push_back(c);
  }
}

// The shortest text that reads back as the same number.
std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

}  // namespace

void AppendHeader(std::string_view name, std::string_view help, Kind kind, std::string* out) {
  out->append("# HELP ").append(name).push_back(' ');
  AppendEscaped(help, false, out);
  out->append("\n# TYPE ").append(name).append(" ").append(NameOf(kind)).push_back('\n');
}

void AppendSample(std::string_view name, const Labels& labels, double value, std::string* out) {
  out->append(name);
  if (!labels.empty()) {
    char before = '{';
    for (const auto& [label, text] : labels) {
      out->push_back(before);
      out->append(label).append("=\"");
      AppendEscaped(text, true, out);
      out->push_back('"');
      before = ',';
    }
    out->push_back('}');
  }
  out->append(" ").append(Number(value)).push_back('\n');
}

void AppendHistogram(std::string_view name, const Labels& labels, const Histogram& histogram,
                     std::string* out) {
  Labels with_bound = labels;
  with_bound.emplace_back("le", "");
  int64_t count = 0;
  for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
    count += histogram.bucket(i);
    const bool last = i == histogram.bounds().size();
    with_bound.back().second = last ? "+Inf" : Number(histogram.bounds()[i]);
    AppendSample(std::string(name) + "_bucket", with_bound, static_cast<double>(count), out);
  }
  AppendSample(std::string(name) + "_sum", labels, histogram.sum(), out);
  // The same count as the last bucket, also while others observe.
  AppendSample(std::string(name) + "_count", labels, static_cast<double>(count), out);
}

}  // namespace tongjian::telemetry
