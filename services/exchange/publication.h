// What of a report is published, and what the result then says. Pure functions over the contract's own messages.
#pragma once

#include <string>
#include <vector>

#include "services/exchange/facts.h"
#include "services/exchange/words_store.h"
#include "tongjian/exchange/v1/result.pb.h"
#include "tongjian/imaging/v1/study.pb.h"
#include "tongjian/orders/v1/order.pb.h"
#include "tongjian/reading/v1/report.pb.h"

namespace tongjian::exchange {

// Everything a result of our own centers is made from.
struct Sources {
  reading::v1::Report report;
  std::vector<orders::v1::Order> orders;    // Those that are known.
  std::vector<imaging::v1::Study> studies;  // Those that are known.
  Verification patient;                     // Of the master patient they are linked to.
};

// A HIS or a person wrote every order, or the master patient is verified; and everybody's words are surely the patient's
// (words_store.h): without number or document they could be a namesake's.
bool IdentityConfirmed(const Sources& sources);

// The patient as the order says, else as the report does.
common::v1::PatientRef PatientOf(const Sources& sources);

// Sets everything of `result` but id, patient_id, versions, deliveries and its own version.
void Describe(const Sources& sources, const Facts& facts, v1::Result& result);

struct Due {
  std::vector<v1::ResultVersion> versions;  // To be appended, oldest first.
  bool waiting = false;                     // A final version is kept back: not released, or the identity is not confirmed.
};

// Preliminary versions are published as they are; final, addendum and amended ones once they are released and the identity is
// confirmed. What is released but waits for the identity goes out as preliminary until then; a critical finding does not wait
// for its release either. Nothing older than what was published is published again. A retraction follows whatever was published.
Due DueVersions(const reading::v1::Report& report, bool identity_confirmed, const v1::Result& published);
// The same of a described result. While the report's orders are still on their way nothing is known of its identity: only a
// critical finding goes out early then.
Due DueVersions(const Sources& sources, const v1::Result& described);

}  // namespace tongjian::exchange
