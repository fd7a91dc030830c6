#include "services/imaging/ingest_grpc.h"

#include "common/base/status.h"
#include "common/rpc/reactor.h"
#include "services/imaging/mutate.h"

namespace tongjian::imaging {

UploadReactor* IngestGrpc::Upload(grpc::CallbackServerContext* context) {
  grpc::Status refusal;
  auto call = door_.Open(context, "tongjian.imaging.v1.IngestService/Upload", &refusal);
  if (call == nullptr) return rpc::Refuse<UploadReactor>(refusal);
  return ServeUpload(parts_, std::move(call));
}

grpc::Status IngestGrpc::GetUpload(grpc::ServerContext* context,
                                   const v1::GetUploadRequest* request, v1::UploadState* response) {
  return door_.Serve(
      context, "tongjian.imaging.v1.IngestService/GetUpload", [&](rpc::Call& call) -> absl::Status {
        if (request->upload_id().empty() || request->upload_id().size() > 64) {
          return base::InvalidField("upload_id", "an upload id has 1 to 64 characters");
        }
        TJ_ASSIGN_OR_RETURN(const UploadProgress progress,
                            parts_.uploads.Progress(SenderOf(call), request->upload_id()));
        response->set_upload_id(request->upload_id());
        response->set_committed_size(progress.committed_size);
        response->set_received_size(progress.received_size);
        response->set_complete(progress.finished.has_value());
        return absl::OkStatus();
      });
}

grpc::Status IngestGrpc::FinishStudy(grpc::ServerContext* context,
                                     const v1::FinishStudyRequest* request,
                                     v1::FinishStudyResponse* response) {
  return door_.Serve(
      context, "tongjian.imaging.v1.IngestService/FinishStudy",
      [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckFacility(call, parts_.places, request->facility_id()));
        if (request->instance_count() < 0)
          return base::InvalidField("instance_count", "a count is not negative");
        const std::string actor = security::Describe(call.caller());
        std::vector<Study> touched;
        const auto work = [&](store::Transaction& tx,
                              v1::FinishStudyResponse* out) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(FinishReport report, desk_.Finish(tx, request->facility_id(),
                                                                request->study_instance_uid(),
                                                                request->instance_count(), actor));
          out->set_verified(report.verified);
          out->set_instance_count(static_cast<int32_t>(report.instance_count));
          touched = std::move(report.studies);
          return absl::OkStatus();
        };
        return Mutate(database_, call, *request, response, work,
                      [&](rpc::Trail& trail, const v1::FinishStudyResponse&) {
                        for (const Study& study : touched) {
                          trail.TouchFacilityPatient(study.facility_id,
                                                     study.patient.facility_patient_id,
                                                     study.patient_id);
                          trail.TouchObject(study.id);
                        }
                      });
      });
}

}  // namespace tongjian::imaging
