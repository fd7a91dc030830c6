// The clinic's result feed as pages and as a stream.
#pragma once

#include <memory>
#include <string>

#include "common/rpc/call.h"
#include "common/store/database.h"
#include "tongjian/exchange/v1/result.grpc.pb.h"

namespace tongjian::edge {

// The next page after `cursor` for one facility; its patients are named in the trail.
absl::StatusOr<exchange::v1::PullEventsResponse> ReadResultEvents(store::Database& database,
                                                                  const std::string& facility_id,
                                                                  const std::string& cursor,
                                                                  int64_t limit,
                                                                  rpc::Trail& trail);

// A stream of events as they come, until the client goes. Deletes itself.
grpc::ServerWriteReactor<exchange::v1::ResultEvent>* WatchResultEvents(
    store::Database& database, std::string facility_id, std::string cursor,
    std::unique_ptr<rpc::Call> call);

}  // namespace tongjian::edge
