// A request as the use cases take it. For the two adapters alone.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>

#include "common/rpc/call.h"
#include "common/security/digest.h"
#include "services/reading/changes.h"

namespace tongjian::reading {

// Of the request without its request id; the same content gives the same bytes.
template <typename Request>
std::string Fingerprint(Request request) {
  request.clear_request_id();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&coded);
  }
  return security::Sha256Text(bytes);
}

template <typename Request>
Asked AskedBy(rpc::Call& call, const Request& request) {
  const security::Caller& person = security::Originator(call.caller());
  return {.reader = {person.user_id, person.practitioner_id, "", person.facility_id},
          .caller = security::Describe(call.caller()),
          .scope = call.scope(),
          .method = call.method(),
          .request_id = request.request_id(),
          .fingerprint = Fingerprint(request),
          .trail = &call.trail()};
}

}  // namespace tongjian::reading
