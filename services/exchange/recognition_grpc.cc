#include "services/exchange/recognition_grpc.h"

#include <memory>
#include <string>
#include <vector>

#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/trail.h"
#include "services/exchange/adapter.h"
#include "services/exchange/decisions.h"
#include "services/exchange/emergency_store.h"
#include "services/exchange/patient_resolver.h"
#include "services/exchange/recognizer.h"

namespace tongjian::exchange {
namespace {

constexpr char kService[] = "tongjian.exchange.v1.RecognitionService/";
constexpr rpc::PageLimits kPages = {.size_default = 50, .size_max = 200};
constexpr int kItemsMax = 20;
constexpr size_t kEncounterBytesMax = 64;
constexpr size_t kReasonBytesMax = 500;
constexpr absl::Duration kResolveTimeout = absl::Seconds(5);

// The caller with the purpose at the end of its chain, which is what the trail shows.
security::Caller With(security::Purpose purpose, security::Caller caller) {
  if (caller.on_behalf_of == nullptr) {
    caller.purpose = purpose;
  } else {
    caller.on_behalf_of = std::make_shared<const security::Caller>(With(purpose, *caller.on_behalf_of));
  }
  return caller;
}

// The trail of a look across facilities: with the purpose and what the scope was widened for.
rpc::Trail WidenedTrail(rpc::Call& call, bool emergency, const base::Clock& clock) {
  rpc::Deed deed = call.trail().deed();
  deed.caller = With(emergency ? security::Purpose::kEmergency : security::Purpose::kRecognition, deed.caller);
  deed.scope_reason = emergency ? "emergency" : "recognition";
  return rpc::Trail(std::move(deed), clock);
}

absl::StatusOr<v1::CheckRecognitionRequest> Checked(const Asked& asked, const v1::CheckRecognitionRequest& request) {
  v1::CheckRecognitionRequest checked = request;
  if (checked.facility_id().empty()) checked.set_facility_id(FacilityOf(asked));
  TJ_TRY(CheckFacility(asked, checked.facility_id(), "facility_id"));
  common::v1::PatientRef& patient = *checked.mutable_patient();
  if (patient.facility_id().empty()) patient.set_facility_id(checked.facility_id());
  if (patient.facility_id() != checked.facility_id()) {
    return base::InvalidField("patient.facility_id", "the patient is asked for in the words of facility_id");
  }
  if (patient.name().empty()) return base::InvalidField("patient.name", "missing");
  if (checked.items().empty() || checked.items_size() > kItemsMax) return base::InvalidField("items", "1 to 20");
  for (const v1::ProposedItem& item : checked.items()) {
    if (item.item_id().empty() && item.recognition_code().empty()) {
      return base::InvalidField("items", "each needs item_id or recognition_code");
    }
  }
  for (const int flag : checked.context()) {
    if (!v1::ContextFlag_IsValid(flag) || flag == 0) return base::InvalidField("context", "not known");
  }
  if (checked.encounter().size() > kEncounterBytesMax) return base::InvalidField("encounter", "longer than 64 bytes");
  if (checked.emergency_reason().size() > kReasonBytesMax) {
    return base::InvalidField("emergency_reason", "longer than 500 bytes");
  }
  const bool named = !checked.doctor().practitioner_id().empty() || !checked.doctor().name().empty();
  if (!checked.emergency_reason().empty() && !named) {
    return base::InvalidField("doctor", "who looks in an emergency is named: the look is reviewed");
  }
  return checked;
}

}  // namespace

grpc::Status RecognitionGrpc::CheckRecognition(grpc::ServerContext* context,
                                               const v1::CheckRecognitionRequest* request,
                                               v1::CheckRecognitionResponse* out) {
  return door_.Serve(context, std::string(kService) + "CheckRecognition", [&](rpc::Call& call) -> absl::Status {
    Asked asked = AskedBy(call, *request);
    TJ_ASSIGN_OR_RETURN(const v1::CheckRecognitionRequest checked, Checked(asked, *request));
    TJ_ASSIGN_OR_RETURN(const Person patient,
                        patients_.Resolve(checked.patient(), call.caller(), call.TimeLeft(kResolveTimeout)));
    rpc::Trail trail = WidenedTrail(call, !checked.emergency_reason().empty(), clock_);
    trail.TouchFacilityPatient(checked.facility_id(), checked.patient().facility_patient_id(), patient.patient_id);
    asked.trail = &trail;
    TJ_ASSIGN_OR_RETURN(*out, recognizer_.Check(asked, checked, patient));
    call.trail().Omit();  // The widened one was written with the prompts.
    return absl::OkStatus();
  });
}

grpc::Status RecognitionGrpc::RecordDecision(grpc::ServerContext* context, const v1::RecordDecisionRequest* request,
                                             v1::Decision* out) {
  return door_.Serve(context, std::string(kService) + "RecordDecision", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(*out, decisions_.Record(AskedBy(call, *request), request->decision()));
    return absl::OkStatus();
  });
}

grpc::Status RecognitionGrpc::RevokeDecision(grpc::ServerContext* context, const v1::RevokeDecisionRequest* request,
                                             v1::Decision* out) {
  return door_.Serve(context, std::string(kService) + "RevokeDecision", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(*out, decisions_.Revoke(AskedBy(call, *request), request->id(), request->reason()));
    return absl::OkStatus();
  });
}

grpc::Status RecognitionGrpc::ListDecisions(grpc::ServerContext* context, const v1::ListDecisionsRequest* request,
                                            v1::ListDecisionsResponse* out) {
  return door_.Serve(context, std::string(kService) + "ListDecisions", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    TJ_ASSIGN_OR_RETURN(const ListPosition after, ParsePosition(page.after()));
    std::vector<ListedDecision> listed;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(listed, DecisionStore::List(session, call.scope(), request->facility_id(),
                                                      request->patient_id(), after, page.size() + 1));
      return absl::OkStatus();
    }));
    if (static_cast<int64_t>(listed.size()) > page.size()) {
      listed.pop_back();
      out->set_next_page_token(page.TokenAfter(ToText(listed.back().position)));
    }
    for (ListedDecision& one : listed) {
      call.trail().TouchObject(one.decision.id());
      call.trail().TouchPatient(one.decision.patient_id());
      *out->add_decisions() = std::move(one.decision);
    }
    return absl::OkStatus();
  });
}

grpc::Status RecognitionGrpc::ListEmergencyLooks(grpc::ServerContext* context,
                                                 const v1::ListEmergencyLooksRequest* request,
                                                 v1::ListEmergencyLooksResponse* out) {
  return door_.Serve(context, std::string(kService) + "ListEmergencyLooks", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    TJ_ASSIGN_OR_RETURN(const ListPosition after, ParsePosition(page.after()));
    std::vector<ListedLook> listed;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(
          listed, EmergencyStore::List(session, call.scope(), request->facility_id(), after, page.size() + 1));
      return absl::OkStatus();
    }));
    if (static_cast<int64_t>(listed.size()) > page.size()) {
      listed.pop_back();
      out->set_next_page_token(page.TokenAfter(ToText(listed.back().position)));
    }
    for (ListedLook& one : listed) {
      call.trail().TouchPatient(one.look.patient_id());
      *out->add_looks() = std::move(one.look);
    }
    return absl::OkStatus();
  });
}

grpc::Status RecognitionGrpc::GetRecognitionCounts(grpc::ServerContext* context,
                                                   const v1::GetRecognitionCountsRequest* request,
                                                   v1::RecognitionCounts* out) {
  return door_.Serve(context, std::string(kService) + "GetRecognitionCounts", [&](rpc::Call& call) -> absl::Status {
    absl::Time from = absl::UnixEpoch();
    absl::Time to = clock_.Now() + absl::Hours(1);
    if (request->has_from_time()) {
      TJ_ASSIGN_OR_RETURN(from, rpc::CheckedTime(request->from_time(), "from_time"));
    }
    if (request->has_to_time()) {
      TJ_ASSIGN_OR_RETURN(to, rpc::CheckedTime(request->to_time(), "to_time"));
    }
    return database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(*out, DecisionStore::Counts(session, call.scope(), request->facility_id(), from, to));
      return absl::OkStatus();
    });
  });
}

}  // namespace tongjian::exchange
