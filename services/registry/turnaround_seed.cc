#include "services/registry/turnaround_seed.h"

#include <string_view>

#include "tongjian/registry/v1/center.pb.h"

namespace tongjian::registry {
namespace {

using namespace tongjian::common::v1;  // NOLINT: the enums below are its.
namespace pb = tongjian::registry::v1;

struct Seed {
  Discipline discipline;
  std::string_view modality;
  std::string_view body_part;
  pb::FacilityLevel level;
  Priority priority;
  PatientClass patient_class;
  int target;
  pb::TurnaroundUnit unit;
  pb::TurnaroundStart start;
  std::string_view source;
};

constexpr auto kMinutes = pb::TURNAROUND_UNIT_MINUTES;
constexpr auto kWorkMinutes = pb::TURNAROUND_UNIT_WORK_MINUTES;
constexpr auto kWorkDays = pb::TURNAROUND_UNIT_WORK_DAYS;
constexpr auto kAcquired = pb::TURNAROUND_START_ACQUIRED;
constexpr auto kReceived = pb::TURNAROUND_START_RECEIVED;
constexpr auto kAnyLevel = pb::FACILITY_LEVEL_UNSPECIFIED;
constexpr auto kTownship = pb::FACILITY_LEVEL_TOWNSHIP;
constexpr auto kAnyClass = PATIENT_CLASS_UNSPECIFIED;

constexpr std::string_view kWeihai = "Weihai Bohu township centre, public notice 2025";
constexpr std::string_view kWeifang = "Weifang hospital 2022";
constexpr std::string_view kSustech = "SUSTech hospital 2023";
constexpr std::string_view kFrozen = "病理专业医疗质量控制指标 2015";
constexpr std::string_view kHistology = "hospital guide citing 临床技术操作规范 病理学分册";

constexpr Seed kSeeds[] = {
    {DISCIPLINE_ECG, "", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 30, kMinutes, kAcquired,
     kWeihai},
    {DISCIPLINE_ECG, "", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 15, kMinutes, kAcquired, kWeihai},
    {DISCIPLINE_ECG, "", "", kAnyLevel, PRIORITY_URGENT, kAnyClass, 15, kMinutes, kAcquired,
     "[design] as STAT"},
    {DISCIPLINE_ECG, "", "", kAnyLevel, PRIORITY_GREEN_CHANNEL, kAnyClass, 15, kMinutes, kAcquired,
     "[design] as STAT"},

    {DISCIPLINE_IMAGING, "DX", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 120, kMinutes, kAcquired,
     kWeifang},
    {DISCIPLINE_IMAGING, "DX", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 30, kMinutes, kAcquired,
     kWeifang},
    {DISCIPLINE_IMAGING, "DX", "", kTownship, PRIORITY_ROUTINE, kAnyClass, 60, kMinutes, kAcquired,
     kWeihai},
    {DISCIPLINE_IMAGING, "DX", "", kTownship, PRIORITY_STAT, kAnyClass, 30, kMinutes, kAcquired,
     kWeihai},
    {DISCIPLINE_IMAGING, "CR", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 120, kMinutes, kAcquired,
     "[design] as DX"},
    {DISCIPLINE_IMAGING, "CR", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 30, kMinutes, kAcquired,
     "[design] as DX"},
    {DISCIPLINE_IMAGING, "CT", "", kAnyLevel, PRIORITY_ROUTINE, PATIENT_CLASS_OUTPATIENT, 240,
     kWorkMinutes, kAcquired, kWeifang},
    {DISCIPLINE_IMAGING, "CT", "", kAnyLevel, PRIORITY_ROUTINE, PATIENT_CLASS_INPATIENT, 360,
     kWorkMinutes, kAcquired, kWeifang},
    {DISCIPLINE_IMAGING, "CT", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 60, kMinutes, kAcquired,
     kWeifang},
    {DISCIPLINE_IMAGING, "CT", "HEAD", kAnyLevel, PRIORITY_STAT, kAnyClass, 30, kMinutes, kAcquired,
     kWeifang},
    {DISCIPLINE_IMAGING, "MR", "", kAnyLevel, PRIORITY_ROUTINE, PATIENT_CLASS_OUTPATIENT, 240,
     kWorkMinutes, kAcquired, kWeifang},
    {DISCIPLINE_IMAGING, "MR", "", kAnyLevel, PRIORITY_ROUTINE, PATIENT_CLASS_INPATIENT, 360,
     kWorkMinutes, kAcquired, kWeifang},
    {DISCIPLINE_IMAGING, "MR", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 60, kMinutes, kAcquired,
     kWeifang},
    {DISCIPLINE_IMAGING, "MR", "HEAD", kAnyLevel, PRIORITY_STAT, kAnyClass, 30, kMinutes, kAcquired,
     kWeifang},
    {DISCIPLINE_IMAGING, "US", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 30, kMinutes, kAcquired,
     kWeihai},
    {DISCIPLINE_IMAGING, "US", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 15, kMinutes, kAcquired,
     "[design] 'first', in figures"},
    {DISCIPLINE_IMAGING, "", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 240, kWorkMinutes,
     kAcquired, "[design] any other image"},
    {DISCIPLINE_IMAGING, "", "", kAnyLevel, PRIORITY_URGENT, kAnyClass, 60, kMinutes, kAcquired,
     "[design] between routine and STAT"},
    {DISCIPLINE_IMAGING, "", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 60, kMinutes, kAcquired,
     "[design] any other image"},
    {DISCIPLINE_IMAGING, "", "", kAnyLevel, PRIORITY_GREEN_CHANNEL, kAnyClass, 30, kMinutes,
     kAcquired, "[design] a rescue center's"},

    {DISCIPLINE_LABORATORY, "CBC", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 30, kMinutes,
     kReceived, kWeihai},
    {DISCIPLINE_LABORATORY, "URINE", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 30, kMinutes,
     kReceived, kWeihai},
    {DISCIPLINE_LABORATORY, "CBC", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 30, kMinutes, kReceived,
     kSustech},
    {DISCIPLINE_LABORATORY, "CHEM", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 60, kMinutes,
     kReceived, kSustech},
    {DISCIPLINE_LABORATORY, "CHEM", "", kTownship, PRIORITY_STAT, kAnyClass, 40, kMinutes,
     kReceived, kWeihai},
    {DISCIPLINE_LABORATORY, "", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 1, kWorkDays, kReceived,
     "[design] any other test"},

    {DISCIPLINE_PATHOLOGY, "FROZEN", "", kAnyLevel, PRIORITY_STAT, kAnyClass, 30, kMinutes,
     kReceived, kFrozen},
    {DISCIPLINE_PATHOLOGY, "HISTOLOGY", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 5, kWorkDays,
     kReceived, kHistology},
    {DISCIPLINE_PATHOLOGY, "CYTOLOGY", "", kAnyLevel, PRIORITY_ROUTINE, kAnyClass, 2, kWorkDays,
     kReceived, kHistology},
};

}  // namespace

std::vector<pb::TurnaroundTarget> TurnaroundSeed() {
  std::vector<pb::TurnaroundTarget> targets;
  for (const Seed& seed : kSeeds) {
    pb::TurnaroundTarget& target = targets.emplace_back();
    target.set_discipline(seed.discipline);
    target.set_modality(std::string(seed.modality));
    target.set_body_part(std::string(seed.body_part));
    target.set_facility_level(seed.level);
    target.set_priority(seed.priority);
    target.set_patient_class(seed.patient_class);
    target.set_target(seed.target);
    target.set_unit(seed.unit);
    target.set_start(seed.start);
    target.set_source(std::string(seed.source));
  }
  return targets;
}

}  // namespace tongjian::registry
