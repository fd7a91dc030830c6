#include "services/imaging/step_grpc.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"
#include "services/imaging/ingest_upload.h"
#include "services/imaging/mutate.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

using acquisition::PerformedStep;

constexpr char kService[] = "tongjian.imaging.v1.PerformedStepService/";
constexpr rpc::PageLimits kPages = {.size_default = 50, .size_max = 200};
constexpr int64_t kOfStudyMax = 100;

void Touch(rpc::Trail& trail, const v1::PerformedStep& step) {
  const common::v1::PatientRef& patient = step.patient();
  trail.TouchFacilityPatient(patient.facility_id(), patient.facility_patient_id(),
                             patient.patient_id());
  trail.TouchObject(step.sop_instance_uid());
}

absl::StatusOr<dicom::StepStatus> StatusOf(v1::PerformedStepState state) {
  if (state == v1::PERFORMED_STEP_STATE_UNSPECIFIED || !v1::PerformedStepState_IsValid(state))
    return base::InvalidField("state", "say where the step is");
  return static_cast<dicom::StepStatus>(state);
}

absl::StatusOr<PerformedStep> StepOf(const v1::PutPerformedStepRequest& request) {
  PerformedStep step = {.facility_id = request.facility_id(),
                        .sop_instance_uid = request.sop_instance_uid(),
                        .device_ae_title = request.device_ae_title(),
                        .device_address = request.device_address(),
                        .version = request.version()};
  TJ_TRY(dicom::CheckUid("sop_instance_uid", step.sop_instance_uid));
  TJ_ASSIGN_OR_RETURN(step.status, StatusOf(request.state()));
  if (!dicom::ValidAeTitle(step.device_ae_title))
    return base::InvalidField("device_ae_title", "expected an AE title");
  if (step.device_address.size() > 64)
    return base::InvalidField("device_address", "expected a network address");
  if (step.version < 1) return base::InvalidField("version", "versions begin with 1");
  TJ_ASSIGN_OR_RETURN(step.created, rpc::CheckedTime(request.create_time(), "create_time"));
  TJ_ASSIGN_OR_RETURN(step.updated, rpc::CheckedTime(request.update_time(), "update_time"));
  absl::StatusOr<dicom::Dataset> attributes = dicom::DecodeAttributes(request.attributes());
  if (!attributes.ok()) return base::InvalidField("attributes", "expected a data set");
  step.attributes = *std::move(attributes);
  return step;
}

bool MaySee(const security::Scope& scope, const Places& places, std::string_view facility_id) {
  if (scope.all() || scope.Contains(facility_id)) return true;
  return std::any_of(scope.facilities().begin(), scope.facilities().end(),
                     [&](const std::string& above) { return places.Within(facility_id, above); });
}

// Whether one of the studies it was made for may be seen.
absl::StatusOr<bool> ByItsStudy(store::Session& session, const security::Scope& scope,
                                const PerformedStep& step) {
  for (const dicom::StepRequest& request : dicom::WordsOf(step.attributes).requests) {
    const absl::StatusOr<Study> study = FindStudyByUid(session, scope, request.study_instance_uid);
    if (study.ok() && study->facility_id == step.facility_id) return true;
    if (!study.ok() && !absl::IsNotFound(study.status())) return study.status();
  }
  return false;
}

absl::Status FillPage(store::Session& session, const Steps& steps,
                      const acquisition::StepFilter& asked, const rpc::Page& page,
                      v1::ListPerformedStepsResponse* response) {
  acquisition::StepFilter filter = asked;
  if (!page.after().empty()) {
    const size_t space = page.after().find(' ');
    int64_t created = 0;
    if (space == std::string::npos || !absl::SimpleAtoi(page.after().substr(0, space), &created)) {
      return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                         "not a token of this list");
    }
    filter.before_created = absl::FromUnixMicros(created);
    filter.before_uid = page.after().substr(space + 1);
  }
  TJ_ASSIGN_OR_RETURN(std::vector<PerformedStep> found,
                      acquisition::ListSteps(session, filter, page.size() + 1));
  if (static_cast<int64_t>(found.size()) > page.size()) {
    found.pop_back();
    response->set_next_page_token(page.TokenAfter(absl::StrCat(
        absl::ToUnixMicros(found.back().created), " ", found.back().sop_instance_uid)));
  }
  for (const PerformedStep& step : found) *response->add_steps() = steps.Encode(step);
  return absl::OkStatus();
}

}  // namespace

grpc::Status StepGrpc::PutPerformedStep(grpc::ServerContext* context,
                                        const v1::PutPerformedStepRequest* request,
                                        v1::PerformedStep* response) {
  return door_.Serve(
      context, absl::StrCat(kService, "PutPerformedStep"), [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckFacility(call, places_, request->facility_id()));
        TJ_ASSIGN_OR_RETURN(PerformedStep step, StepOf(*request));
        if (const auto device = places_.Recognize(step.device_ae_title, step.device_address,
                                                  step.facility_id)) {
          step.device_id = device->id;
        }
        return Mutate(database_, call, *request, response,
                      [&](store::Transaction& tx, v1::PerformedStep* out) -> absl::Status {
                        TJ_ASSIGN_OR_RETURN(const PerformedStep kept, performed_.Put(tx, step));
                        *out = steps_.Encode(kept);
                        return absl::OkStatus();
                      },
                      Touch);
      });
}

grpc::Status StepGrpc::GetPerformedStep(grpc::ServerContext* context,
                                        const v1::GetPerformedStepRequest* request,
                                        v1::PerformedStep* response) {
  return door_.Serve(
      context, absl::StrCat(kService, "GetPerformedStep"), [&](rpc::Call& call) {
        return database_.Read([&](store::Session& session) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(
              const auto step,
              acquisition::FindStep(session, request->facility_id(), request->sop_instance_uid()));
          if (!step) return base::NotFound("performed step");
          bool seen = MaySee(call.scope(), places_, step->facility_id);
          if (!seen) {
            TJ_ASSIGN_OR_RETURN(seen, ByItsStudy(session, call.scope(), *step));
          }
          if (!seen) return base::NotFound("performed step");
          *response = steps_.Encode(*step);
          Touch(call.trail(), *response);
          return absl::OkStatus();
        });
      });
}

grpc::Status StepGrpc::ListPerformedSteps(grpc::ServerContext* context,
                                          const v1::ListPerformedStepsRequest* request,
                                          v1::ListPerformedStepsResponse* response) {
  return door_.Serve(
      context, absl::StrCat(kService, "ListPerformedSteps"), [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
        acquisition::StepFilter filter = {.facility_id = request->facility_id()};
        if (request->state() != v1::PERFORMED_STEP_STATE_UNSPECIFIED) {
          TJ_ASSIGN_OR_RETURN(filter.status, StatusOf(request->state()));
        }
        if (filter.facility_id.empty() && !call.scope().all() &&
            !call.scope().facilities().empty()) {
          filter.facility_id = call.scope().facilities().front();
        }
        return database_.Read([&](store::Session& session) -> absl::Status {
          if (!request->study_id().empty()) {
            TJ_ASSIGN_OR_RETURN(const Study study,
                                FindStudy(session, call.scope(), request->study_id()));
            TJ_ASSIGN_OR_RETURN(const auto steps, acquisition::StepsOfStudy(
                                                      session, study.facility_id,
                                                      study.study_instance_uid, kOfStudyMax));
            for (const PerformedStep& step : steps) *response->add_steps() = steps_.Encode(step);
          } else if (MaySee(call.scope(), places_, filter.facility_id)) {
            TJ_TRY(FillPage(session, steps_, filter, page, response));
          }
          if (response->steps().empty()) call.trail().Omit();
          for (const v1::PerformedStep& step : response->steps()) Touch(call.trail(), step);
          return absl::OkStatus();
        });
      });
}

}  // namespace tongjian::imaging
