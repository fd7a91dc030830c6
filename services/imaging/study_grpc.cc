#include "services/imaging/study_grpc.h"

#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/reactor.h"
#include "services/imaging/conflict_store.h"
#include "services/imaging/encode.h"
#include "services/imaging/instance_stream.h"
#include "services/imaging/mutate.h"
#include "services/imaging/study_pages.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

void Touch(rpc::Trail& trail, const v1::Study& study) {
  const common::v1::PatientRef& patient = study.patient();
  trail.TouchFacilityPatient(patient.facility_id(), patient.facility_patient_id(),
                             patient.patient_id());
  trail.TouchObject(study.id());
}

Hand HandOf(const rpc::Call& call, std::string_view reason) {
  return {.actor = security::Describe(call.caller()), .reason = std::string(reason)};
}

absl::Status CheckReason(std::string_view reason, bool required) {
  if (required && reason.empty()) return base::InvalidField("reason", "say why");
  if (reason.size() > 1000) return base::InvalidField("reason", "a reason has at most 1000 bytes");
  return absl::OkStatus();
}

// A change of one study that answers it.
template <class Request, class Change>
absl::Status ChangeStudy(store::Database& database, rpc::Call& call, const Request& request,
                         v1::Study* response, const Change& change) {
  const auto work = [&](store::Transaction& tx, v1::Study* out) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Study study, change(tx));
    *out = ToProto(study);
    return absl::OkStatus();
  };
  return Mutate(database, call, request, response, work, Touch);
}

}  // namespace

grpc::Status StudyGrpc::GetStudy(grpc::ServerContext* context, const v1::GetStudyRequest* request,
                                 v1::Study* response) {
  return door_.Serve(context, "tongjian.imaging.v1.StudyService/GetStudy", [&](rpc::Call& call) {
    return database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(const Study study,
                          request->id().empty()
                              ? FindStudyByUid(session, call.scope(), request->study_instance_uid())
                              : FindStudy(session, call.scope(), request->id()));
      *response = ToProto(study);
      Touch(call.trail(), *response);
      return absl::OkStatus();
    });
  });
}

grpc::Status StudyGrpc::ListStudies(grpc::ServerContext* context,
                                    const v1::ListStudiesRequest* request,
                                    v1::ListStudiesResponse* response) {
  return door_.Serve(context, "tongjian.imaging.v1.StudyService/ListStudies", [&](rpc::Call& call) {
    return database_.Read([&](store::Session& session) -> absl::Status {
      TJ_TRY(FillStudyPage(session, call.scope(), *request, response));
      if (response->studies().empty()) call.trail().Omit();
      for (const v1::Study& study : response->studies()) Touch(call.trail(), study);
      return absl::OkStatus();
    });
  });
}

grpc::Status StudyGrpc::ListInstances(grpc::ServerContext* context,
                                      const v1::ListInstancesRequest* request,
                                      v1::ListInstancesResponse* response) {
  return door_.Serve(context, "tongjian.imaging.v1.StudyService/ListInstances",
                     [&](rpc::Call& call) {
                       return database_.Read([&](store::Session& session) -> absl::Status {
                         TJ_ASSIGN_OR_RETURN(const Study study,
                                             FindStudy(session, call.scope(), request->study_id()));
                         TJ_TRY(FillInstancePage(session, study, *request, response));
                         Touch(call.trail(), ToProto(study));
                         return absl::OkStatus();
                       });
                     });
}

grpc::ServerWriteReactor<v1::ReadInstanceResponse>* StudyGrpc::ReadInstance(
    grpc::CallbackServerContext* context, const v1::ReadInstanceRequest* request) {
  grpc::Status refusal;
  auto call = door_.Open(context, "tongjian.imaging.v1.StudyService/ReadInstance", &refusal);
  if (call == nullptr)
    return rpc::Refuse<grpc::ServerWriteReactor<v1::ReadInstanceResponse>>(refusal);
  return ServeInstance({database_, blobs_, workers_}, std::move(call), *request);
}

grpc::Status StudyGrpc::LinkStudy(grpc::ServerContext* context, const v1::LinkStudyRequest* request,
                                  v1::Study* response) {
  return door_.Serve(
      context, "tongjian.imaging.v1.StudyService/LinkStudy", [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckReason(request->reason(), true));
        if (request->order_id().empty()) return base::InvalidField("order_id", "name the order");
        return ChangeStudy(database_, call, *request, response, [&](store::Transaction& tx) {
          return desk_.Link(tx, call.scope(), request->study_id(), request->order_id(),
                            request->keep_others(), HandOf(call, request->reason()));
        });
      });
}

grpc::Status StudyGrpc::UnlinkStudy(grpc::ServerContext* context,
                                    const v1::UnlinkStudyRequest* request, v1::Study* response) {
  return door_.Serve(
      context, "tongjian.imaging.v1.StudyService/UnlinkStudy",
      [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckReason(request->reason(), true));
        return ChangeStudy(database_, call, *request, response, [&](store::Transaction& tx) {
          return desk_.Unlink(tx, call.scope(), request->study_id(), request->order_id(),
                              HandOf(call, request->reason()));
        });
      });
}

grpc::Status StudyGrpc::ListStudyHistory(grpc::ServerContext* context,
                                         const v1::ListStudyHistoryRequest* request,
                                         v1::ListStudyHistoryResponse* response) {
  return door_.Serve(context, "tongjian.imaging.v1.StudyService/ListStudyHistory",
                     [&](rpc::Call& call) {
                       return database_.Read([&](store::Session& session) -> absl::Status {
                         TJ_ASSIGN_OR_RETURN(const Study study,
                                             FindStudy(session, call.scope(), request->study_id()));
                         TJ_TRY(FillHistoryPage(session, study, *request, response));
                         Touch(call.trail(), ToProto(study));
                         return absl::OkStatus();
                       });
                     });
}

grpc::Status StudyGrpc::CompleteStudy(grpc::ServerContext* context,
                                      const v1::CompleteStudyRequest* request,
                                      v1::Study* response) {
  return door_.Serve(
      context, "tongjian.imaging.v1.StudyService/CompleteStudy", [&](rpc::Call& call) {
        return ChangeStudy(database_, call, *request, response, [&](store::Transaction& tx) {
          return desk_.Complete(tx, call.scope(), request->study_id(), HandOf(call, ""));
        });
      });
}

grpc::Status StudyGrpc::ConfirmTime(grpc::ServerContext* context,
                                    const v1::ConfirmTimeRequest* request, v1::Study* response) {
  return door_.Serve(
      context, "tongjian.imaging.v1.StudyService/ConfirmTime",
      [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckReason(request->reason(), true));
        if (!request->has_performed_time())
          return base::InvalidField("performed_time", "say when it was recorded");
        TJ_ASSIGN_OR_RETURN(const absl::Time performed,
                            rpc::CheckedTime(request->performed_time(), "performed_time"));
        return ChangeStudy(database_, call, *request, response, [&](store::Transaction& tx) {
          return desk_.ConfirmTime(tx, call.scope(), request->study_id(), performed,
                                   HandOf(call, request->reason()));
        });
      });
}

grpc::Status StudyGrpc::GradeStudy(grpc::ServerContext* context,
                                   const v1::GradeStudyRequest* request, v1::Study* response) {
  return door_.Serve(
      context, "tongjian.imaging.v1.StudyService/GradeStudy", [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckReason(request->reason(), false));
        return ChangeStudy(database_, call, *request, response, [&](store::Transaction& tx) {
          return desk_.Grade(tx, call.scope(), request->study_id(), request->grade(),
                             HandOf(call, request->reason()));
        });
      });
}

grpc::Status StudyGrpc::ListConflicts(grpc::ServerContext* context,
                                      const v1::ListConflictsRequest* request,
                                      v1::ListConflictsResponse* response) {
  return door_.Serve(context, "tongjian.imaging.v1.StudyService/ListConflicts",
                     [&](rpc::Call& call) {
                       return database_.Read([&](store::Session& session) -> absl::Status {
                         TJ_TRY(FillConflictPage(session, call.scope(), *request, response));
                         if (response->conflicts().empty()) call.trail().Omit();
                         for (const v1::Conflict& conflict : response->conflicts())
                           call.trail().TouchObject(conflict.study_id());
                         return absl::OkStatus();
                       });
                     });
}

grpc::Status StudyGrpc::ResolveConflict(grpc::ServerContext* context,
                                        const v1::ResolveConflictRequest* request,
                                        v1::Conflict* response) {
  return door_.Serve(
      context, "tongjian.imaging.v1.StudyService/ResolveConflict",
      [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckReason(request->reason(), true));
        ConflictDecision decision = {.id = request->id(), .take_later = request->take_later()};
        TJ_TRY(desk_.Prepare(call.scope(), decision));
        const auto work = [&](store::Transaction& tx, v1::Conflict* out) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(
              const Conflict conflict,
              desk_.Resolve(tx, call.scope(), decision, HandOf(call, request->reason())));
          *out = ToProto(conflict);
          return absl::OkStatus();
        };
        return Mutate(database_, call, *request, response, work,
                      [](rpc::Trail& trail, const v1::Conflict& conflict) {
                        trail.TouchObject(conflict.study_id());
                        trail.TouchObject(conflict.id());
                      });
      });
}

}  // namespace tongjian::imaging
