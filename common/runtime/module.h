// What a service is to the program: a module with settings, needs, a start and a stop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::config {
class Settings;
}

namespace tongjian::runtime {

class Runtime;

// A service in this process. Its constructor (through ModuleEntry::create) opens what it needs,
// registers its gRPC services, DICOM handlers and feeds, and starts nothing. All calls come from
// the main thread.
class Module {
 public:
  virtual ~Module() = default;
  // After the server serves and before health says so: followers, timers, workers begin. Must not
  // wait for other services.
  virtual absl::Status Start() = 0;
  // While the server still answers, before it shuts down: what Start began ends and makes no call
  // any more on return; calls that wait for news are answered. Handlers may still run after it.
  virtual void Stop() = 0;
};

// One line of the table of modules.
//
// How a service's module.h and module.cc look:
//
//   // module.h: the orders service as a module of the program.
//   runtime::ModuleEntry OrdersModule();
//
//   // module.cc
//   struct Settings { absl::Duration claim_lease = absl::Minutes(10); };
//
//   class OrdersModuleImpl final : public runtime::Module {
//    public:
//     static absl::StatusOr<std::unique_ptr<Module>> Create(runtime::Runtime& runtime,
//                                                           const Settings& settings) {
//       TJ_ASSIGN_OR_RETURN(store::Database* database, runtime.OpenDatabase("orders", Schema()));
//       std::unique_ptr<OrdersModuleImpl> module(new OrdersModuleImpl);
//       module->orders_ = std::make_unique<Orders>(*database, runtime.ids(), runtime.clock());
//       TJ_ASSIGN_OR_RETURN(
//           module->registry_,
//           feed::Mirror::Open({.feed = "registry"}, {"FacilityChanged"},
//                              runtime.Channel("registry"), runtime.Identity("orders"),
//                              *database, runtime.metrics()));
//       module->grpc_ = std::make_unique<OrdersGrpc>(*module->orders_, runtime.DoorOf("orders"));
//       TJ_TRY(runtime.host().Register<orders::v1::OrderService>(*module->grpc_));
//       return module;
//     }
//     absl::Status Start() override { registry_->Start(); return absl::OkStatus(); }
//     void Stop() override { registry_->Stop(); }
//    private:
//     std::unique_ptr<Orders> orders_;  // In the order of use: the last is destroyed first.
//     std::unique_ptr<feed::Mirror> registry_;
//     std::unique_ptr<OrdersGrpc> grpc_;
//   };
//
//   runtime::ModuleEntry OrdersModule() {
//     auto settings = std::make_shared<Settings>();  // Lives as long as the entry.
//     return {.name = "orders",
//             .needs = {"registry"},
//             .describe = [settings](config::Settings& all) {
//               all.Add("orders.claim-lease", &settings->claim_lease, "How long a claim holds");
//             },
//             .create = [settings](runtime::Runtime& runtime) {
//               return OrdersModuleImpl::Create(runtime, *settings);
//             }};
//   }
struct ModuleEntry {
  std::string name;
  // Modules that are made and started before it where they run in the same process. Feeds are no
  // needs.
  std::vector<std::string> needs;
  std::function<void(config::Settings&)> describe;
  std::function<absl::StatusOr<std::unique_ptr<Module>>(Runtime&)> create;
};

// The entries that `names` asks for (all when empty), each behind its needs, else in the order of
// the table. INVALID_ARGUMENT for a name that is not in the table or a circle of needs.
absl::StatusOr<std::vector<ModuleEntry>> InOrder(const std::vector<ModuleEntry>& table,
                                                 const std::vector<std::string>& names);

}  // namespace tongjian::runtime
