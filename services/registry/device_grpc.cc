#include "services/registry/device_grpc.h"

#include <string>

#include "services/registry/kinds.h"

namespace tongjian::registry {

grpc::Status DeviceGrpc::CreateDevice(grpc::ServerContext* context,
                                      const v1::CreateDeviceRequest* request,
                                      v1::Device* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.DeviceService/CreateDevice",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, directory_.Create(tx, call.scope(), request->device()));
          return absl::OkStatus();
        });
      });
}

grpc::Status DeviceGrpc::GetDevice(grpc::ServerContext* context,
                                   const v1::GetDeviceRequest* request, v1::Device* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.DeviceService/GetDevice",
      [&](rpc::Call&) -> absl::Status { return GetRecord(port_, request->id(), response); });
}

grpc::Status DeviceGrpc::ListDevices(grpc::ServerContext* context,
                                     const v1::ListDevicesRequest* request,
                                     v1::ListDevicesResponse* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.DeviceService/ListDevices", [&](rpc::Call&) -> absl::Status {
        const std::string& facility = request->facility_id();
        const std::string group = facility.empty() ? "" : ByFacility(facility);
        return ListPage<v1::Device>(port_, *request, group, response->mutable_devices(),
                                    response->mutable_next_page_token());
      });
}

grpc::Status DeviceGrpc::UpdateDevice(grpc::ServerContext* context,
                                      const v1::UpdateDeviceRequest* request,
                                      v1::Device* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.DeviceService/UpdateDevice",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, directory_.Replace(tx, call.scope(), request->device()));
          return absl::OkStatus();
        });
      });
}

}  // namespace tongjian::registry
