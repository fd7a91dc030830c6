// STOW-RS: objects into the archive over HTTP, by the same way as C-STORE (PS3.18 10.5).
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/blob/store.h"
#include "common/rpc/call.h"
#include "common/web/http.h"
#include "services/imaging/ingest.h"

namespace tongjian::imaging {

struct WebStoreOptions {
  int64_t object_bytes_max = int64_t{4} << 30;
};

// Streams each part to the blob store; memory is one piece. What is stored belongs to the caller's
// facility. Safe for concurrent use; what it is given must outlive it.
class WebStore {
 public:
  WebStore(blob::Store& blobs, Ingest& ingest, const base::Clock& clock, WebStoreOptions options)
      : blobs_(blobs), ingest_(ingest), clock_(clock), options_(options) {}

  // `study`: of the address, which every object must be of; empty: any. The answer tells of each
  // object what became of it: 200 when all were stored, 202 when some were or something is to be
  // looked at, 409 when none was (503 for want of room), 400 for a body that is none. Nothing is
  // 200 that is not durable.
  absl::StatusOr<web::Response> Store(rpc::Call& call, const web::Request& request,
                                      const std::string& study) const;

 private:
  blob::Store& blobs_;
  Ingest& ingest_;
  const base::Clock& clock_;
  const WebStoreOptions options_;
};

}  // namespace tongjian::imaging
