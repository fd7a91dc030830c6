// The wire adapter of tongjian.registry.v1.ConsentService.
#pragma once

#include "services/registry/adapter.h"
#include "services/registry/consents.h"
#include "tongjian/registry/v1/consent.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class ConsentGrpc final : public v1::ConsentService::Service {
 public:
  ConsentGrpc(const Port& port, const Consents& consents) : port_(port), consents_(consents) {}

  grpc::Status RecordConsent(grpc::ServerContext* context, const v1::RecordConsentRequest* request,
                             v1::Consent* response) override;
  grpc::Status ListConsents(grpc::ServerContext* context, const v1::ListConsentsRequest* request,
                            v1::ListConsentsResponse* response) override;

 private:
  const Port port_;
  const Consents& consents_;
};

}  // namespace tongjian::registry
