// What a device reads from its worklist (DICOM PS3.4 annex K): the mapping that the hub and the
// gateways share.
#pragma once

#include <string>
#include <string_view>

#include "common/dicom/dataset.h"

namespace tongjian::dicom {

// One exam of one order as a scheduled procedure step. All text is UTF-8; whoever fills it decides
// about times: dates and times are the device's local ones.
struct WorklistItem {
  std::string accession_number;
  std::string study_instance_uid;      // Pre-assigned: the images will carry it.
  std::string requested_procedure_id;  // Unique within the accession number: "1", "2".
  std::string scheduled_step_id;
  std::string description;  // The exam's name, as requested and as scheduled.
  std::string code;         // The exam's code with its system; both or neither.
  std::string code_system;
  std::string modality;
  std::string scheduled_ae_title;
  std::string scheduled_date;  // YYYYMMDD
  std::string scheduled_time;  // HHMMSS
  std::string priority;        // "STAT", "HIGH", "ROUTINE" (PS3.3 C.4.11).
  std::string step_status = "SCHEDULED";  // Or "STARTED" (PS3.3 C.4.10).
  std::string placer_order_number;        // The clinic's own.
  std::string requested_date;             // YYYYMMDD and HHMMSS, when it was asked for.
  std::string requested_time;

  std::string patient_id;
  std::string patient_id_issuer;   // The facility that gave the number.
  std::string patient_name;        // As written: Chinese characters, or Latin.
  std::string patient_name_latin;  // Pinyin where known.
  std::string patient_birth_date;  // YYYY-MM-DD or YYYYMMDD, or empty.
  std::string patient_sex;         // "M", "F", "O" or empty.
  std::string admission_id;        // The visit's number.

  std::string requesting_physician;
  std::string institution;  // The ordering facility's name.
  std::string clinical_information;
};

// The whole identifier of a response; Project (match.h) then reduces it to the keys that were asked
// for. Values too long for their representation are cut at a character's end: a worklist that a
// device refuses helps nobody.
Dataset WorklistDataset(const WorklistItem& item);

// A person name as devices show it: "WANG XIAOMING=王小明" where both are known, else the one in
// the first group.
std::string WorklistPersonName(std::string_view name, std::string_view latin);

// Whether an item is what a query asks for: Matches, but for a range of start dates together with a
// range of start times, which is one period from the first to the last moment (table K.6-1).
bool MatchesWorklist(const Dataset& query, const Dataset& item);

// What a worklist query narrows down to before matching: keys an index can use. Empty where the
// query leaves them open.
struct WorklistKeys {
  std::string date_from;  // YYYYMMDD, both ends inclusive.
  std::string date_to;
  std::string modality;
  std::string scheduled_ae_title;
  std::string accession_number;
  std::string patient_id;
  std::string name_prefix;   // SearchKey of the name up to the first wildcard.
  std::string name_pattern;  // SearchKey of the whole name where a wildcard is in it.
};

// Keys with wildcards are left out (Matches decides on them); so are dates that are no dates.
WorklistKeys KeysOf(const Dataset& query);

}  // namespace tongjian::dicom
