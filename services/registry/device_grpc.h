// The wire adapter of tongjian.registry.v1.DeviceService.
#pragma once

#include "services/registry/adapter.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class DeviceGrpc final : public v1::DeviceService::Service {
 public:
  DeviceGrpc(const Port& port, const Directory& directory) : port_(port), directory_(directory) {}

  grpc::Status CreateDevice(grpc::ServerContext* context, const v1::CreateDeviceRequest* request,
                            v1::Device* response) override;
  grpc::Status GetDevice(grpc::ServerContext* context, const v1::GetDeviceRequest* request,
                         v1::Device* response) override;
  grpc::Status ListDevices(grpc::ServerContext* context, const v1::ListDevicesRequest* request,
                           v1::ListDevicesResponse* response) override;
  grpc::Status UpdateDevice(grpc::ServerContext* context, const v1::UpdateDeviceRequest* request,
                            v1::Device* response) override;

 private:
  const Port port_;
  const Directory& directory_;
};

}  // namespace tongjian::registry
