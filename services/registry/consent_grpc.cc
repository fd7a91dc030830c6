#include "services/registry/consent_grpc.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "common/security/caller.h"
#include "common/store/transaction.h"
#include "services/registry/consent_store.h"
#include "services/registry/patient_news.h"

namespace tongjian::registry {
namespace {

constexpr rpc::PageLimits kPages = {20, 100};

static_assert(static_cast<int>(Coverage::kSharing) == v1::CONSENT_COVERAGE_SHARING);
static_assert(static_cast<int>(Decision::kGranted) == v1::CONSENT_DECISION_GRANTED);
static_assert(static_cast<int>(Decision::kRefused) == v1::CONSENT_DECISION_REFUSED);
static_assert(static_cast<int>(Decision::kWithdrawn) == v1::CONSENT_DECISION_WITHDRAWN);

v1::Consent Encode(const Consent& consent) {
  v1::Consent out;
  out.set_id(consent.id);
  out.set_patient_id(consent.patient_id);
  out.set_coverage(static_cast<v1::ConsentCoverage>(consent.coverage));
  out.set_decision(static_cast<v1::ConsentDecision>(consent.decision));
  out.set_facility_id(consent.facility_id);
  out.mutable_recorder()->set_practitioner_id(consent.practitioner_id);
  out.mutable_recorder()->set_name(consent.practitioner_name);
  out.set_recorded_by(consent.recorded_by);
  *out.mutable_time() = rpc::ToProto(consent.recorded);
  out.set_reason(consent.reason);
  return out;
}

Consent Stated(const rpc::Call& call, const v1::Consent& stated) {
  const security::Caller& caller = security::Originator(call.caller());
  Consent consent;
  consent.patient_id = stated.patient_id();
  consent.coverage = static_cast<Coverage>(stated.coverage());
  consent.decision = static_cast<Decision>(stated.decision());
  consent.facility_id = stated.facility_id().empty() ? caller.facility_id : stated.facility_id();
  consent.practitioner_id = stated.recorder().practitioner_id().empty()
                                ? caller.practitioner_id
                                : stated.recorder().practitioner_id();
  consent.practitioner_name = stated.recorder().name();
  consent.recorded_by = security::Describe(call.caller());
  consent.reason = stated.reason();
  return consent;
}

// "<recorded> <id>", as this service wrote it into the token.
ConsentPosition PositionOf(const std::string& after) {
  ConsentPosition position;
  const size_t space = after.find(' ');
  if (space == std::string::npos || !absl::SimpleAtoi(after.substr(0, space), &position.recorded)) {
    return {};
  }
  position.id = after.substr(space + 1);
  return position;
}

}  // namespace

grpc::Status ConsentGrpc::RecordConsent(grpc::ServerContext* context,
                                        const v1::RecordConsentRequest* request,
                                        v1::Consent* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.ConsentService/RecordConsent",
      [&](rpc::Call& call) -> absl::Status {
        call.trail().TouchPatient(request->consent().patient_id());
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(const Consent recorded,
                              consents_.Record(tx, call.scope(), Stated(call, request->consent())));
          *response = Encode(recorded);
          return absl::OkStatus();
        });
      });
}

grpc::Status ConsentGrpc::ListConsents(grpc::ServerContext* context,
                                       const v1::ListConsentsRequest* request,
                                       v1::ListConsentsResponse* response) {
  const auto list = [&](rpc::Call& call, store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    TJ_TRY(RequirePatient(session, call.scope(), request->patient_id()).status());
    TJ_ASSIGN_OR_RETURN(auto found,
                        registry::ListConsents(session, request->patient_id(),
                                               PositionOf(page.after()), page.size() + 1));
    const bool more = static_cast<int64_t>(found.size()) > page.size();
    if (more) found.pop_back();
    if (more) {
      response->set_next_page_token(page.TokenAfter(
          absl::StrCat(absl::ToUnixMicros(found.back().recorded), " ", found.back().id)));
    }
    for (const Consent& consent : found) *response->add_consents() = Encode(consent);
    return absl::OkStatus();
  };
  return port_.door.Serve(
      context, "tongjian.registry.v1.ConsentService/ListConsents",
      [&](rpc::Call& call) -> absl::Status {
        call.trail().TouchPatient(request->patient_id());
        return port_.database.Read([&](store::Session& session) { return list(call, session); });
      });
}

}  // namespace tongjian::registry
