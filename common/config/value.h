// Setting values as text: reading, showing, and saying what is allowed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"

namespace tongjian::config {

// Each reads `text` within `limits`. INVALID_ARGUMENT with what is allowed, which never repeats
// `text`.
absl::StatusOr<std::string> ReadText(const std::string& text, const TextLimits& limits);
absl::StatusOr<int64_t> ReadInt(const std::string& text, const IntLimits& limits);
absl::StatusOr<bool> ReadBool(const std::string& text);
absl::StatusOr<absl::Duration> ReadDuration(const std::string& text, const DurationLimits& limits);
absl::StatusOr<ByteSize> ReadSize(const std::string& text, const SizeLimits& limits);
absl::StatusOr<std::vector<std::string>> ReadList(const std::vector<std::string>& values,
                                                  const ListLimits& limits);

// What the limits allow, for people: "1s to 1h"; empty when anything goes.
std::string Allowed(const TextLimits& limits);
std::string Allowed(const IntLimits& limits);
std::string Allowed(const DurationLimits& limits);
std::string Allowed(const SizeLimits& limits);
std::string Allowed(const ListLimits& limits);

// In the file's syntax.
std::string ShowDuration(absl::Duration value);  // "1h30m"
std::string ShowSize(ByteSize value);            // "64MiB"
std::string ShowList(const std::vector<std::string>& values);

// The one of `known` that takes the fewest changed letters to reach from `name`; empty when `known`
// is.
std::string Nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace tongjian::config
