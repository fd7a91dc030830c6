#include "services/imaging/study_rows.h"

#include "absl/strings/escaping.h"
#include "common/base/status.h"

namespace tongjian::imaging {
namespace {

std::vector<std::string> SplitModalities(std::string_view text) {
  std::vector<std::string> modalities;
  while (!text.empty()) {
    const size_t end = text.find('\\');
    modalities.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return modalities;
}

}  // namespace

std::string JoinModalities(const std::vector<std::string>& modalities) {
  std::string text;
  for (const std::string& modality : modalities) text += (text.empty() ? "" : "\\") + modality;
  return text;
}

std::string ToColumn(std::string_view name_key) {
  return absl::BytesToHexString({name_key.data(), name_key.size()});
}

std::string FromColumn(std::string_view column) {
  return absl::HexStringToBytes({column.data(), column.size()});
}

Study ReadStudyRow(const store::Row& row) {
  Study study;
  size_t at = 0;
  study.id = row.Text(at++);
  study.facility_id = row.Text(at++);
  study.study_instance_uid = row.Text(at++);
  study.variant = row.Int(at++);
  study.patient.facility_id = study.facility_id;
  study.patient.facility_patient_id = row.Text(at++);
  study.patient.name = row.Text(at++);
  study.patient.name_latin = row.Text(at++);
  study.patient.person_name = row.Text(at++);
  study.patient.name_key = FromColumn(row.Text(at++));
  study.patient.latin_key = FromColumn(row.Text(at++));
  study.patient.sex = row.Int(at++);
  study.patient.birth_date = row.Text(at++);
  study.patient_id = row.Text(at++);
  study.accession_number = row.Text(at++);
  study.modalities = SplitModalities(row.Text(at++));
  study.description = row.Text(at++);
  study.body_part = row.Text(at++);
  study.study_number = row.Text(at++);
  study.study_date = row.Text(at++);
  study.study_time = row.Text(at++);
  study.performed.device = row.OptionalTime(at++);
  study.performed.receipt = row.Time(at++);
  study.performed.offset_ms = row.Int(at++);
  study.performed.implausible = row.Bool(at++);
  study.state = static_cast<StudyState>(row.Int(at++));
  study.match = static_cast<MatchState>(row.Int(at++));
  study.series_count = row.Int(at++);
  study.instance_count = row.Int(at++);
  study.size = row.Int(at++);
  study.conflict_count = row.Int(at++);
  study.expected_count = row.Int(at++);
  study.grade = row.Text(at++);
  study.grade_reason = row.Text(at++);
  study.charset_guessed = row.Bool(at++);
  study.device_ae_title = row.Text(at++);
  study.device_id = row.Text(at++);
  study.priority = row.Int(at++);
  study.flags = row.Int(at++);
  study.created = row.Time(at++);
  study.updated = row.Time(at++);
  study.version = row.Int(at++);
  study.quiet_at = row.Time(at++);
  study.emitted = row.Time(at++);
  study.dirty = row.Bool(at++);
  study.performed.confirmed = row.OptionalTime(at++);
  study.exam = static_cast<ExamState>(row.Int(at++));
  study.exam_note = row.Text(at++);
  study.awaited = row.Int(at++);
  return study;
}

absl::StatusOr<std::vector<Study>> ReadStudies(store::Session& session,
                                               const std::vector<store::Row>& rows) {
  std::vector<Study> studies;
  studies.reserve(rows.size());
  for (const store::Row& row : rows) {
    Study study = ReadStudyRow(row);
    TJ_ASSIGN_OR_RETURN(
        const auto orders,
        session.Query("select order_id from study_link where study_id = :study and active = 1 "
                      "order by order_id limit 100",
                      study.id));
    for (const store::Row& order : orders) study.order_ids.push_back(order.Text(0));
    studies.push_back(std::move(study));
  }
  return studies;
}

}  // namespace tongjian::imaging
