#include "services/registry/patient_grpc.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/days.h"
#include "services/registry/patient_codec.h"
#include "services/registry/patient_store.h"

namespace tongjian::registry {
namespace {

constexpr rpc::PageLimits kSearchPages = {20, 100};

absl::StatusOr<PatientQuery> QueryOf(const v1::SearchPatientsRequest& request) {
  PatientQuery query{std::nullopt, request.name_prefix(), request.birth_date()};
  if (!query.birth_date.empty() && !IsDay(query.birth_date)) {
    return base::InvalidField("birth_date", "a day is written YYYY-MM-DD");
  }
  if (request.has_identifier()) query.identifier = Decode(request.identifier());
  return query;
}

// Where the page starts, as its token says: "<key> <id>".
PatientPosition PositionOf(const std::string& after) {
  const size_t space = after.find(' ');
  if (space == std::string::npos) return {};
  return {after.substr(0, space), after.substr(space + 1)};
}

// Mutates and answers one patient: what all but one of the changes do.
template <class Request, class Change>
absl::Status MutatePatient(const Port& port, rpc::Call& call, const Request& request,
                           v1::Patient* response, const Change& change) {
  return Mutate(
      port, call, request, response,
      [&](store::Transaction& tx) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(const Patient patient, change(tx));
        *response = Encode(patient, call.scope());
        return absl::OkStatus();
      },
      [&](rpc::Trail& trail) { trail.TouchPatient(response->id()); });
}

}  // namespace

grpc::Status PatientGrpc::ResolvePatient(grpc::ServerContext* context,
                                         const v1::ResolvePatientRequest* request,
                                         v1::ResolvePatientResponse* response) {
  const auto resolve = [&](rpc::Call& call, store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(Resolution resolution,
                        patients_.Resolve(tx, call.scope(), Decode(*request)));
    *response->mutable_patient() = Encode(resolution.patient, call.scope());
    response->set_created(resolution.created);
    response->set_linked_by(resolution.linked_by);
    for (std::string& warning : resolution.warnings) response->add_warnings(std::move(warning));
    return absl::OkStatus();
  };
  return port_.door.Serve(context, "tongjian.registry.v1.PatientService/ResolvePatient",
                          [&](rpc::Call& call) -> absl::Status {
                            return Mutate(
                                port_, call, *request, response,
                                [&](store::Transaction& tx) { return resolve(call, tx); },
                                [&](rpc::Trail& trail) {
                                  const auto& ref = request->patient();
                                  trail.TouchFacilityPatient(ref.facility_id(),
                                                             ref.facility_patient_id(),
                                                             response->patient().id());
                                });
                          });
}

grpc::Status PatientGrpc::GetPatient(grpc::ServerContext* context,
                                     const v1::GetPatientRequest* request, v1::Patient* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.PatientService/GetPatient",
      [&](rpc::Call& call) -> absl::Status {
        call.trail().TouchPatient(request->id());
        return port_.database.Read([&](store::Session& session) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(const Patient patient,
                              Patients::Get(session, call.scope(), request->id()));
          *response = Encode(patient, call.scope());
          return absl::OkStatus();
        });
      });
}

grpc::Status PatientGrpc::SearchPatients(grpc::ServerContext* context,
                                         const v1::SearchPatientsRequest* request,
                                         v1::SearchPatientsResponse* response) {
  const auto search = [&](rpc::Call& call, store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kSearchPages));
    TJ_ASSIGN_OR_RETURN(const PatientQuery query, QueryOf(*request));
    TJ_ASSIGN_OR_RETURN(
        auto found, registry::SearchPatients(session, call.scope(), query, PositionOf(page.after()),
                                             page.size() + 1));
    const bool more = static_cast<int64_t>(found.size()) > page.size();
    if (more) found.pop_back();
    if (more) {
      const PatientPosition& last = found.back().position;
      response->set_next_page_token(page.TokenAfter(absl::StrCat(last.key, " ", last.id)));
    }
    for (const FoundPatient& one : found) {
      call.trail().TouchPatient(one.patient.id);
      *response->add_patients() = Encode(one.patient, call.scope());
    }
    return absl::OkStatus();
  };
  return port_.door.Serve(
      context, "tongjian.registry.v1.PatientService/SearchPatients",
      [&](rpc::Call& call) -> absl::Status {
        return port_.database.Read([&](store::Session& session) { return search(call, session); });
      });
}

grpc::Status PatientGrpc::UpdatePatient(grpc::ServerContext* context,
                                        const v1::UpdatePatientRequest* request,
                                        v1::Patient* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.PatientService/UpdatePatient",
                          [&](rpc::Call& call) -> absl::Status {
                            TJ_ASSIGN_OR_RETURN(const Patient wanted, Decode(request->patient()));
                            return MutatePatient(
                                port_, call, *request, response, [&](store::Transaction& tx) {
                                  return patients_.Update(tx, call.scope(), wanted);
                                });
                          });
}

grpc::Status PatientGrpc::VerifyPatient(grpc::ServerContext* context,
                                        const v1::VerifyPatientRequest* request,
                                        v1::Patient* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.PatientService/VerifyPatient",
      [&](rpc::Call& call) -> absl::Status {
        return MutatePatient(port_, call, *request, response, [&](store::Transaction& tx) {
          return patients_.Verify(tx, call.scope(), request->id(), Decode(request->document()));
        });
      });
}

grpc::Status PatientGrpc::MergePatients(grpc::ServerContext* context,
                                        const v1::MergePatientsRequest* request,
                                        v1::Patient* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.PatientService/MergePatients",
                          [&](rpc::Call& call) -> absl::Status {
                            call.trail().TouchPatient(request->source_id());
                            return MutatePatient(
                                port_, call, *request, response, [&](store::Transaction& tx) {
                                  return patients_.Merge(tx, call.scope(), request->source_id(),
                                                         request->target_id(), request->reason());
                                });
                          });
}

grpc::Status PatientGrpc::UnmergePatient(grpc::ServerContext* context,
                                         const v1::UnmergePatientRequest* request,
                                         v1::Patient* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.PatientService/UnmergePatient",
      [&](rpc::Call& call) -> absl::Status {
        return MutatePatient(port_, call, *request, response, [&](store::Transaction& tx) {
          return patients_.Unmerge(tx, call.scope(), request->id(), request->reason());
        });
      });
}

}  // namespace tongjian::registry
