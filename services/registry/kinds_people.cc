// Practitioners and devices.
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/registry/days.h"
#include "services/registry/identifiers.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

constexpr size_t kNameMax = 400;
constexpr size_t kCodeMax = 64;
constexpr int kLicensesMax = 50;
constexpr int kFacilitiesMax = 100;

absl::Status CheckLicense(const pb::License& license) {
  TJ_TRY(CheckRequired(license.number(), kCodeMax, "practitioner.licenses.number"));
  TJ_TRY(CheckSpan(license.from(), license.to(), "practitioner.licenses.from"));
  const std::string& type = license.type();
  if (type != "physician" && type != "assistant" && type != "technician" && type != "nurse") {
    return base::InvalidField("practitioner.licenses.type",
                              "physician, assistant, technician or nurse");
  }
  for (const int discipline : license.disciplines()) {
    if (discipline == 0 || !common::v1::Discipline_IsValid(discipline)) {
      return base::InvalidField("practitioner.licenses.disciplines", "not a known discipline");
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string Kind<pb::Practitioner>::Key(const pb::Practitioner& record) { return record.id(); }

absl::Status Kind<pb::Practitioner>::Check(const pb::Practitioner& record) {
  TJ_TRY(CheckRequired(record.name(), kNameMax, "practitioner.name"));
  TJ_TRY(CheckText(record.title(), kNameMax, "practitioner.title"));
  if (record.facility_ids_size() > kFacilitiesMax) {
    return base::InvalidField("practitioner.facility_ids", "at most 100 facilities");
  }
  if (record.licenses_size() > kLicensesMax) {
    return base::InvalidField("practitioner.licenses", "at most 50 licenses");
  }
  for (const pb::License& license : record.licenses()) TJ_TRY(CheckLicense(license));
  return absl::OkStatus();
}

// Licenses are the hub's to state: a clinic must not entitle itself.
RecordIndex Kind<pb::Practitioner>::Index(const pb::Practitioner& record) {
  RecordIndex index;
  for (const std::string& id : record.facility_ids()) index.groups.push_back(ByFacility(id));
  return index;
}

std::vector<Reference> Kind<pb::Practitioner>::References(const pb::Practitioner& record) {
  std::vector<Reference> references;
  for (const std::string& id : record.facility_ids()) {
    references.push_back({"facility", id, "practitioner.facility_ids"});
  }
  for (const pb::License& license : record.licenses()) {
    references.push_back({"facility", license.facility_id(), "practitioner.licenses.facility_id"});
  }
  return references;
}

events::v1::PractitionerChanged Kind<pb::Practitioner>::Announce(const pb::Practitioner& record) {
  Changed changed;
  *changed.mutable_practitioner() = record;
  return changed;
}

std::string Kind<pb::Device>::Key(const pb::Device& record) { return record.id(); }

absl::Status Kind<pb::Device>::Check(const pb::Device& record) {
  TJ_TRY(CheckRequired(record.facility_id(), kCodeMax, "device.facility_id"));
  TJ_TRY(CheckText(record.name(), kNameMax, "device.name"));
  TJ_TRY(CheckText(record.modality(), 16, "device.modality"));
  TJ_TRY(CheckText(record.address(), 255, "device.address"));
  TJ_TRY(CheckText(record.charset(), 64, "device.charset"));
  TJ_TRY(CheckText(record.serial_number(), 64, "device.serial_number"));
  if (!record.ae_title().empty() && !IsAeTitle(record.ae_title())) {
    return base::InvalidField(
        "device.ae_title", "an AE title is 1 to 16 printable ASCII characters without backslash");
  }
  if (record.port() < 0 || record.port() > 65535)
    return base::InvalidField("device.port", "0 to 65535");
  return absl::OkStatus();
}

RecordIndex Kind<pb::Device>::Index(const pb::Device& record) {
  RecordIndex index{record.facility_id(), {ByFacility(record.facility_id())}, {}};
  if (!record.ae_title().empty())
    index.uniques.push_back(ByAeTitle(record.facility_id(), record.ae_title()));
  return index;
}

std::vector<Reference> Kind<pb::Device>::References(const pb::Device& record) {
  return {{"facility", record.facility_id(), "device.facility_id"}};
}

events::v1::DeviceChanged Kind<pb::Device>::Announce(const pb::Device& record) {
  Changed changed;
  *changed.mutable_device() = record;
  return changed;
}

}  // namespace tongjian::registry
