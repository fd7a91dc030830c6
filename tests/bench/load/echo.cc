#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/bench/load/load.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::bench {
namespace {

class Echo final : public orders::v1::OrderService::Service {
 public:
  grpc::Status CreateOrder(grpc::ServerContext*, const orders::v1::CreateOrderRequest* request,
                           orders::v1::Order* response) override {
    *response = request->order();
    return grpc::Status::OK;
  }
};

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int RunEcho(const Arguments& arguments) {
  const std::string prefix = Get(arguments, "files");
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = Read(Get(arguments, "ca"));
  tls.pem_key_cert_pairs.push_back({Read(prefix + ".key"), Read(prefix + ".pem")});
  Echo echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&echo);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::printf("{\"ready\": true, \"rpc\": %d}\n", port);
  std::fflush(stdout);
  server->Wait();
  return 0;
}

}  // namespace tongjian::bench
