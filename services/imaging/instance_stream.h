// StudyService.ReadInstance as a stream.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "common/blob/store.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "services/imaging/workers.h"
#include "tongjian/imaging/v1/study.pb.h"

namespace tongjian::imaging {

struct InstanceParts {
  store::Database& database;
  blob::Store& blobs;
  Workers& workers;
};

// Sends one instance as it was stored. It ends with DATA_LOSS where the bytes are not those that
// were stored: the hash of the whole is verified before the end is reached. One message is in
// memory. It deletes itself.
grpc::ServerWriteReactor<v1::ReadInstanceResponse>* ServeInstance(
    const InstanceParts& parts, std::unique_ptr<rpc::Call> call,
    const v1::ReadInstanceRequest& request);

}  // namespace tongjian::imaging
