// The columns of a study, for every query that returns one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/store/session.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// To stand behind "select "; the table is named s.
inline constexpr char kStudyColumns[] =
    "s.id, s.facility_id, s.study_instance_uid, s.variant, s.facility_patient_id, s.patient_name, "
    "s.patient_name_latin, s.person_name, s.name_key, s.latin_key, s.sex, s.birth_date, "
    "s.patient_id, s.accession_number, "
    "s.modalities, s.description, s.body_part, s.study_number, s.study_date, s.study_time, "
    "s.device_time, "
    "s.receipt_time, s.offset_ms, s.implausible, s.state, s.match, s.series_count, "
    "s.instance_count, s.size, "
    "s.conflict_count, s.expected_count, s.grade, s.grade_reason, s.charset_guessed, "
    "s.device_ae_title, "
    "s.device_id, s.priority, s.flags, s.created, s.updated, s.version, s.quiet_at, s.emitted, "
    "s.dirty, s.confirmed, s.exam, s.exam_note, s.awaited";

// Without order_ids.
Study ReadStudyRow(const store::Row& row);
// The rows with the orders they are linked to.
absl::StatusOr<std::vector<Study>> ReadStudies(store::Session& session,
                                               const std::vector<store::Row>& rows);

std::string JoinModalities(const std::vector<std::string>& modalities);

// Folded names stand in the database in hexadecimal, so that a range of prefixes is the same in
// every collation.
std::string ToColumn(std::string_view name_key);
std::string FromColumn(std::string_view column);

}  // namespace tongjian::imaging
