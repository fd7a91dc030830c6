#include "services/imaging/web_search.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/json.h"
#include "common/dicom/tag.h"
#include "services/imaging/object_header.h"
#include "services/imaging/query_candidate.h"
#include "services/imaging/web_accept.h"
#include "services/imaging/web_retrieve.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;
using dicom::Dataset;
using dicom::Tag;

constexpr int64_t kLimitDefault = 100;
constexpr int64_t kLimitMax = 1000;
constexpr int64_t kOffsetMax = 1'000'000;
constexpr size_t kParametersMax = 200;
constexpr size_t kDepthMax = 8;

constexpr char kMore[] =
    "299 tongjian \"there are more results: ask for them by offset, or narrow the search\"";
constexpr char kNotFuzzy[] =
    "299 tongjian \"fuzzymatching is not supported: only literal matching has been made\"";

// What is answered without being asked for (PS3.18 10.6.3.3), and what viewers read beside it.
std::vector<Tag> DefaultsOf(QueryLevel level) {
  switch (level) {
    case QueryLevel::kPatient:
    case QueryLevel::kStudy:
      return {tags::kStudyDate,
              tags::kStudyTime,
              tags::kAccessionNumber,
              tags::kModalitiesInStudy,
              tags::kStudyDescription,
              tags::kReferringPhysicianName,
              tags::kPatientName,
              tags::kPatientId,
              tags::kPatientBirthDate,
              tags::kPatientSex,
              tags::kStudyInstanceUid,
              tags::kStudyId,
              tags::kNumberOfStudyRelatedSeries,
              tags::kNumberOfStudyRelatedInstances};
    case QueryLevel::kSeries:
      return {tags::kModality,
              tags::kSeriesDate,
              tags::kSeriesTime,
              tags::kSeriesDescription,
              tags::kBodyPartExamined,
              tags::kStudyInstanceUid,
              tags::kSeriesInstanceUid,
              tags::kSeriesNumber,
              tags::kNumberOfSeriesRelatedInstances,
              tags::kPerformedProcedureStepStartDate,
              tags::kPerformedProcedureStepStartTime,
              tags::kRequestAttributesSequence};
    case QueryLevel::kImage:
      return {tags::kImageType,      tags::kSopClassUid,      tags::kSopInstanceUid,
              tags::kModality,       tags::kStudyInstanceUid, tags::kSeriesInstanceUid,
              tags::kInstanceNumber, tags::kNumberOfFrames,   tags::kRows,
              tags::kColumns,        tags::kBitsAllocated};
  }
  return {};
}

// All that the level's rows and what was kept of its headers say.
std::vector<Tag> AllOf(QueryLevel level) {
  std::vector<Tag> all = DefaultsOf(level);
  if (level == QueryLevel::kImage) return all;
  const std::vector<Tag> kept = KeptTags(level);
  all.insert(all.end(), kept.begin(), kept.end());
  return all;
}

absl::Status Unknown(std::string_view parameter) {
  return base::InvalidField(parameter.substr(0, 64), "no attribute of that name");
}

absl::StatusOr<int64_t> Number(std::string_view name, const std::string& text, int64_t max) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || number < 0)
    return base::InvalidField(name, "it is a number from 0");
  return std::min(number, max);
}

// "00400275.00401001" or keywords, as tags.
absl::StatusOr<std::vector<Tag>> ParsePath(std::string_view path) {
  std::vector<Tag> parsed;
  for (std::string_view rest = path; parsed.size() < kDepthMax;) {
    const size_t end = std::min(rest.find('.'), rest.size());
    const std::optional<Tag> tag = dicom::ParseJsonTag(rest.substr(0, end));
    if (!tag) return Unknown(path);
    parsed.push_back(*tag);
    if (end == rest.size()) return parsed;
    rest.remove_prefix(end + 1);
  }
  return Unknown(path);
}

// Values that are lists of UIDs and modalities; a comma stands for the backslash of other queries.
std::vector<std::string> ValuesOf(Tag tag, std::string_view text) {
  const bool list =
      dicom::VrOf(tag) == "UI" || tag == tags::kModalitiesInStudy || tag == tags::kModality;
  std::vector<std::string> values;
  while (true) {
    const size_t end = list ? std::min(text.find_first_of(",\\"), text.size()) : text.size();
    values.emplace_back(text.substr(0, end));
    if (end == text.size()) return values;
    text.remove_prefix(end + 1);
  }
}

void PutKey(const std::vector<Tag>& path, std::string_view value, Dataset& keys) {
  if (path.size() == 1) return keys.SetValues(path[0], ValuesOf(path[0], value));
  std::vector<Dataset> items = keys.Items(path[0]);
  if (items.empty()) items.emplace_back();
  PutKey({path.begin() + 1, path.end()}, value, items.front());
  keys.SetItems(path[0], std::move(items));
}

void Include(Tag tag, Dataset& keys) {
  if (keys.Has(tag)) return;
  if (dicom::VrOf(tag) == "SQ") {
    keys.SetItems(tag, {});
  } else {
    keys.Set(tag, "");
  }
}

struct Asked {
  Query query;
  std::vector<Tag> from_object;  // Of instances: read for those that are answered alone.
  int64_t limit = kLimitDefault;
  int64_t offset = 0;
  bool fuzzy = false;
};

absl::Status TakeIncludes(std::string_view list, QueryLevel level, std::vector<Tag>& included) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    const std::string_view field = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (field.empty()) continue;
    if (field == "all") {
      const std::vector<Tag> all = AllOf(level);
      included.insert(included.end(), all.begin(), all.end());
      continue;
    }
    TJ_ASSIGN_OR_RETURN(const std::vector<Tag> path, ParsePath(field));
    included.push_back(path.front());
    if (included.size() > kParametersMax) return base::InvalidField("includefield", "too many");
  }
  return absl::OkStatus();
}

absl::StatusOr<Asked> Parse(const web::Request& request, QueryLevel level, const WebPlace& place) {
  Asked asked;
  asked.query.level = level;
  asked.query.combined_datetime = true;
  std::vector<Tag> included = DefaultsOf(level);
  if (request.query.size() > kParametersMax) return base::InvalidField("query", "too much of it");
  for (const auto& [name, value] : request.query) {
    if (name == "limit") {
      TJ_ASSIGN_OR_RETURN(asked.limit, Number(name, value, kLimitMax));
    } else if (name == "offset") {
      TJ_ASSIGN_OR_RETURN(asked.offset, Number(name, value, kOffsetMax));
    } else if (name == "fuzzymatching") {
      asked.fuzzy = value == "true";
    } else if (name == "includefield") {
      TJ_TRY(TakeIncludes(value, level, included));
    } else if (name != "accept" && name != "charset") {
      TJ_ASSIGN_OR_RETURN(const std::vector<Tag> path, ParsePath(name));
      PutKey(path, value, asked.query.keys);
    }
  }
  if (!place.study.empty()) asked.query.keys.Set(tags::kStudyInstanceUid, place.study);
  if (!place.series.empty()) asked.query.keys.Set(tags::kSeriesInstanceUid, place.series);
  for (const Tag tag : included) {
    const bool of_object = level == QueryLevel::kImage && PlaceOf(tag).source == KeySource::kObject;
    if (!of_object) {
      Include(tag, asked.query.keys);
    } else if (!asked.query.keys.Has(tag)) {
      asked.from_object.push_back(tag);
    }
  }
  return asked;
}

std::string UrlOf(const std::string& root, const QueryMatch& match) {
  std::string url = root + "/studies/" + match.study->study_instance_uid;
  if (match.series) url += "/series/" + match.series->series_instance_uid;
  if (match.instance) url += "/instances/" + match.instance->sop_instance_uid;
  return url;
}

}  // namespace

absl::StatusOr<web::Response> WebSearch::Search(rpc::Call& call, const web::Request& request,
                                                QueryLevel level, const WebPlace& place) const {
  if (!TakesJson(AcceptOf(request)))
    return web::TextResponse(406, "answers are given as application/dicom+json");
  TJ_ASSIGN_OR_RETURN(const Asked asked, Parse(request, level, place));
  const std::string root = WebRoot(request);
  std::string out = "[";
  int64_t seen = 0, given = 0;
  bool more = false;
  const auto take = [&](const std::vector<QueryMatch>& matches) -> absl::StatusOr<bool> {
    for (const QueryMatch& match : matches) {
      if (seen++ < asked.offset) continue;
      more = given >= asked.limit;
      if (more) return false;
      Dataset answer = match.attributes;
      TJ_TRY(AddFromObject(match, asked.from_object, answer));
      answer.Set(tags::kSpecificCharacterSet, "ISO_IR 192");
      answer.Set(tags::kInstanceAvailability, "ONLINE");
      answer.SetElement(query_tags::kRetrieveUrl, {"UR", {UrlOf(root, match)}, {}});
      if (given++ > 0) out.push_back(',');
      out += dicom::WriteJson(answer);
      const Study& study = *match.study;
      call.trail().TouchFacilityPatient(study.facility_id, study.patient.facility_patient_id,
                                        study.patient_id);
      call.trail().TouchObject(study.id);
    }
    return true;
  };
  TJ_TRY(queries_.Run(call.scope(), asked.query, take));
  if (given == 0) call.trail().Omit();

  web::Response response;
  if (more) response.headers.emplace_back("Warning", kMore);
  if (asked.fuzzy) response.headers.emplace_back("Warning", kNotFuzzy);
  if (given == 0 && !more) {
    response.status = 204;
    return response;
  }
  response.content_type = "application/dicom+json";
  response.body = out + "]";
  return response;
}

absl::Status WebSearch::AddFromObject(const QueryMatch& match, const std::vector<Tag>& wanted,
                                      Dataset& to) const {
  if (wanted.empty() || !match.instance) return absl::OkStatus();
  const absl::StatusOr<Dataset> header = ReadObjectHeader(
      blobs_, match.instance->locator,
      [&](Tag tag) { return std::find(wanted.begin(), wanted.end(), tag) != wanted.end(); });
  // An object that is damaged or gone answers nothing of its own; the scrubber tells of it.
  if (absl::IsDataLoss(header.status()) || absl::IsNotFound(header.status()) ||
      absl::IsInvalidArgument(header.status())) {
    return absl::OkStatus();
  }
  TJ_TRY(header.status());
  AddMissing(*header, to);
  return absl::OkStatus();
}

}  // namespace tongjian::imaging
