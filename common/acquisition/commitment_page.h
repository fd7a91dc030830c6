// Requests for storage commitment as messages: alike at hub and gateway.
#pragma once

#include "common/acquisition/commitment_store.h"
#include "common/store/session.h"
#include "tongjian/imaging/v1/commitment.pb.h"

namespace tongjian::acquisition {

imaging::v1::Commitment ToProto(const Commitment& commitment);

// A page of the requests of a facility, or of everybody's (empty). INVALID_ARGUMENT for a state that
// is none or a token of another list.
absl::Status FillCommitmentPage(store::Session& session, const std::string& facility_id,
                                const imaging::v1::ListCommitmentsRequest& request,
                                imaging::v1::ListCommitmentsResponse* response);

}  // namespace tongjian::acquisition
