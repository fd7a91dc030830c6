// What of a report is published, and what the result then says. Pure functions over the contract's own messages.
#pragma once

#include <string>
#include <vector>

#include "services/exchange/facts.h"
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
  bool patient_verified = false;
};

// A HIS or a person wrote every order, or the master patient is verified.
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
// confirmed. A critical finding does not wait: until then its version goes out as preliminary. Nothing older than what was
// published is published again. A retraction follows whatever was published.
Due DueVersions(const reading::v1::Report& report, bool identity_confirmed, const v1::Result& published);

}  // namespace tongjian::exchange
