#include "services/registry/consent.h"

#include <algorithm>
#include <map>

#include "common/base/status.h"

namespace tongjian::registry {
namespace {

constexpr size_t kReasonMax = 500;
constexpr size_t kNameMax = 512;  // Bytes: 128 characters.

bool Denies(const Consent& consent) {
  return consent.decision == Decision::kRefused || consent.decision == Decision::kWithdrawn;
}

// The newest decision on sharing of each patient it was recorded on.
std::map<std::string, const Consent*, std::less<>> NewestOfEach(
    const std::vector<Consent>& counting) {
  std::map<std::string, const Consent*, std::less<>> newest;
  for (const Consent& consent : counting) {
    if (consent.coverage != Coverage::kSharing) continue;
    const Consent*& known = newest[consent.patient_id];
    if (known == nullptr || known->number < consent.number) known = &consent;
  }
  return newest;
}

}  // namespace

absl::Status CheckConsent(const Consent& consent) {
  if (consent.coverage != Coverage::kSharing)
    return base::InvalidField("consent.coverage", "SHARING");
  if (consent.decision < Decision::kGranted || consent.decision > Decision::kWithdrawn) {
    return base::InvalidField("consent.decision", "GRANTED, REFUSED or WITHDRAWN");
  }
  if (consent.facility_id.empty())
    return base::InvalidField("consent.facility_id", "where it was recorded");
  if (consent.reason.size() > kReasonMax)
    return base::InvalidField("consent.reason", "at most 500 bytes");
  if (consent.practitioner_id.size() > kNameMax || consent.practitioner_name.size() > kNameMax) {
    return base::InvalidField("consent.recorder", "at most 512 bytes each");
  }
  return absl::OkStatus();
}

bool SharingRefused(std::string_view patient_id, const std::vector<Consent>& counting) {
  const auto newest = NewestOfEach(counting);
  const auto own = newest.find(patient_id);
  if (own != newest.end() && Denies(*own->second)) return true;
  return std::any_of(newest.begin(), newest.end(), [&](const auto& entry) {
    const Consent& consent = *entry.second;
    const bool asked_since = own != newest.end() && own->second->recorded > consent.joined;
    return entry.first != patient_id && Denies(consent) && !asked_since;
  });
}

bool AnyGranted(const std::vector<Consent>& counting) {
  const auto newest = NewestOfEach(counting);
  return std::any_of(newest.begin(), newest.end(), [](const auto& entry) {
    return entry.second->decision == Decision::kGranted;
  });
}

}  // namespace tongjian::registry
