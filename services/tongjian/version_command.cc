// tongjian version
#include <google/protobuf/stubs/common.h>
#include <grpcpp/version_info.h>

#include <cstdio>

#include "services/tongjian/command.h"

namespace tongjian::program {

int Version(const Arguments&) {
  std::printf("tongjian %s (gRPC %s, protobuf %s)\n", TONGJIAN_VERSION, GRPC_CPP_VERSION_STRING,
              google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION).c_str());
  return 0;
}

}  // namespace tongjian::program
