// Pages of lists: from a request's filters and token to rows and the next token.
#pragma once

#include "absl/status/status.h"
#include "common/security/scope.h"
#include "common/store/session.h"
#include "services/imaging/study.h"
#include "tongjian/imaging/v1/study.pb.h"

namespace tongjian::imaging {

absl::Status FillStudyPage(store::Session& session, const security::Scope& scope,
                           const v1::ListStudiesRequest& request,
                           v1::ListStudiesResponse* response);
absl::Status FillInstancePage(store::Session& session, const Study& study,
                              const v1::ListInstancesRequest& request,
                              v1::ListInstancesResponse* response);
absl::Status FillHistoryPage(store::Session& session, const Study& study,
                             const v1::ListStudyHistoryRequest& request,
                             v1::ListStudyHistoryResponse* response);
absl::Status FillConflictPage(store::Session& session, const security::Scope& scope,
                              const v1::ListConflictsRequest& request,
                              v1::ListConflictsResponse* response);

}  // namespace tongjian::imaging
