// The wire adapter of tongjian.registry.v1.PatientService.
#pragma once

#include "services/registry/adapter.h"
#include "services/registry/patients.h"
#include "tongjian/registry/v1/patient.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class PatientGrpc final : public v1::PatientService::Service {
 public:
  PatientGrpc(const Port& port, const Patients& patients) : port_(port), patients_(patients) {}

  grpc::Status ResolvePatient(grpc::ServerContext* context,
                              const v1::ResolvePatientRequest* request,
                              v1::ResolvePatientResponse* response) override;
  grpc::Status GetPatient(grpc::ServerContext* context, const v1::GetPatientRequest* request,
                          v1::Patient* response) override;
  grpc::Status SearchPatients(grpc::ServerContext* context,
                              const v1::SearchPatientsRequest* request,
                              v1::SearchPatientsResponse* response) override;
  grpc::Status UpdatePatient(grpc::ServerContext* context, const v1::UpdatePatientRequest* request,
                             v1::Patient* response) override;
  grpc::Status VerifyPatient(grpc::ServerContext* context, const v1::VerifyPatientRequest* request,
                             v1::Patient* response) override;
  grpc::Status MergePatients(grpc::ServerContext* context, const v1::MergePatientsRequest* request,
                             v1::Patient* response) override;
  grpc::Status UnmergePatient(grpc::ServerContext* context,
                              const v1::UnmergePatientRequest* request,
                              v1::Patient* response) override;

 private:
  const Port port_;
  const Patients& patients_;
};

}  // namespace tongjian::registry
