#include "services/imaging/serving.h"

#include <algorithm>
#include <set>

namespace tongjian::imaging {
namespace {

bool Holds(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

int64_t DisciplineOf(std::string_view modality) {
  if (modality == "ECG") return kEcgDiscipline;
  if (modality == "SM") return kPathologyDiscipline;
  return kImagingDiscipline;
}

bool Reads(int64_t discipline, const std::vector<std::string>& modalities) {
  return discipline == 0 || modalities.empty() ||
         std::any_of(modalities.begin(), modalities.end(), [&](const std::string& modality) {
           return DisciplineOf(modality) == discipline;
         });
}

bool ActiveAt(const MemberPlace& member, absl::Time now) {
  return std::any_of(member.active.begin(), member.active.end(),
                     [&](const Period& period) { return period.from <= now && now < period.to; });
}

// Agreements are dated by the days of China.
bool HoldsOn(const AgreementPlace& agreement, absl::Time now) {
  const std::string day = absl::FormatTime("%Y-%m-%d", now, absl::FixedTimeZone(8 * 3600));
  return agreement.from <= day && (agreement.to.empty() || day <= agreement.to);
}

}  // namespace

void Serving::SetCenter(const CenterPlace& center) {
  const std::lock_guard lock(mutex_);
  centers_.insert_or_assign(center.id, center);
}

void Serving::SetMember(const MemberPlace& member) {
  const std::lock_guard lock(mutex_);
  members_.insert_or_assign(member.id, member);
}

void Serving::SetAgreement(const AgreementPlace& agreement) {
  const std::lock_guard lock(mutex_);
  agreements_.insert_or_assign(agreement.id, agreement);
}

std::vector<std::string> Serving::ReadersOf(const std::vector<std::string>& ancestry,
                                            const std::vector<std::string>& modalities,
                                            absl::Time now) const {
  std::set<std::string> readers, communities;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, member] : members_) {
    if (Holds(ancestry, member.facility_id) && ActiveAt(member, now))
      communities.insert(member.community_id);
  }
  for (const auto& [id, center] : centers_) {
    if (!center.active || !Reads(center.discipline, modalities)) continue;
    if (std::any_of(center.community_ids.begin(), center.community_ids.end(),
                    [&](const std::string& community) { return communities.contains(community); }))
      readers.insert(center.host_facility_id);
  }
  for (const auto& [id, agreement] : agreements_) {
    if (Holds(ancestry, agreement.requesting_facility_id) &&
        Reads(agreement.discipline, modalities) && HoldsOn(agreement, now))
      readers.insert(agreement.reading_facility_id);
  }
  readers.erase("");
  return {readers.begin(), readers.end()};
}

}  // namespace tongjian::imaging
