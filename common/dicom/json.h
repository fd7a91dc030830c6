// The DICOM JSON model (PS3.18 annex F), both ways. Text is UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/dicom/dataset.h"

namespace tongjian::dicom {

// One data set as a JSON object, elements in the order of their tags. Specific Character Set
// becomes ISO_IR 192, group lengths are left out; bytes (OB, OW, UN...) stand inline and must be
// little endian. Numbers that are none stand as text.
std::string WriteJson(const Dataset& dataset);

// The pieces of it. AppendElement writes `"00100010":{"vr":"PN",...}` without a comma, sequences
// with their items.
void AppendElement(Tag tag, const Dataset::Element& element, std::string& out);
// `"00100010":{"vr":"PN"`: what every element begins with.
void AppendElementStart(Tag tag, std::string_view vr, std::string& out);
// A JSON string with its quotes; `utf8` must be valid.
void AppendJsonText(std::string_view utf8, std::string& out);
// "00100010"
std::string JsonTag(Tag tag);
// The tag of eight hexadecimal digits, or of the dictionary's keyword ("PatientName"); nothing for
// anything else.
std::optional<Tag> ParseJsonTag(std::string_view text);

// One object as a data set: INVALID_ARGUMENT where it is none, RESOURCE_EXHAUSTED over a limit.
// BulkDataURI is not followed: the element is there, empty.
absl::StatusOr<Dataset> ReadJson(std::string_view json, const ReadLimits& limits = {});

}  // namespace tongjian::dicom
