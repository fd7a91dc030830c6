// What a module is given to stand on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/rpc/channel.h"
#include "common/rpc/door.h"
#include "common/rpc/host.h"
#include "common/store/migration.h"
#include "common/telemetry/metrics.h"

namespace tongjian::blob {
class Store;
}
namespace tongjian::dicom {
class Listener;
}
namespace tongjian::security {
class Authority;
class Principals;
class Signer;
class TokenIssuer;
class VoidTokens;
}  // namespace tongjian::security
namespace tongjian::store {
class Database;
}
namespace tongjian::rpc {
class Gate;
}
namespace tongjian::web {
class Server;
}

namespace tongjian::runtime {

// The process around the modules. What it gives lives until all modules are destroyed. Opening and
// registering is for ModuleEntry::create, on the main thread; the rest is safe for concurrent use.
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual const base::Clock& clock() = 0;
  virtual base::Ids& ids() = 0;
  virtual telemetry::Registry& metrics() = 0;
  // The hub's authority: the prefix of its ids.
  const std::string& authority_name() { return ids().authority(); }

  // The service's database (SQLite under the state directory, or its schema on the PostgreSQL
  // server of the settings), opened and migrated, with its writer's metrics and its readiness
  // probe. With it come the service's door and the feeds "<service>" and "<service>.audit". Once
  // per service.
  virtual absl::StatusOr<store::Database*> OpenDatabase(
      std::string_view service, std::vector<store::Migration> migrations) = 0;
  // The door of a service whose database is open (checked). Its audit records go into that
  // database.
  virtual const rpc::Door& DoorOf(std::string_view service) = 0;
  // Where a DICOM handler, a timer or HTTP appends its trail (rpc::Trail::Finish).
  virtual rpc::AuditSink& AuditSinkOf(std::string_view service) = 0;
  // The service's own object store, "<state>/blobs/<service>". `packed_bytes_max` as in
  // blob::StoreOptions: 0 where objects do not stay long, for the space of a packed one comes back
  // late.
  virtual absl::StatusOr<blob::Store*> OpenBlobs(std::string_view service,
                                                 int64_t packed_bytes_max) = 0;
  // "<state>/<service>", made if absent: for what is neither row nor object.
  virtual absl::StatusOr<std::string> Directory(std::string_view service) = 0;

  // Register gRPC services here.
  virtual rpc::ServerHost& host() = 0;
  // To another service: in this process when it runs here, else at its address from the settings.
  // Null in the end when it is neither.
  virtual rpc::ChannelSource Channel(std::string_view service) = 0;
  // How the service signs its calls.
  virtual rpc::OutgoingIdentity Identity(std::string_view service) = 0;

  // The DICOM listener to register handlers with; null where the settings name no DICOM port.
  // Started behind the modules.
  virtual dicom::Listener* dicom() = 0;
  // The HTTP port to put routes on; null where the settings name none. Started behind the modules.
  // Each route goes through web::HttpDoor, whose rules are registered with gate().
  virtual web::Server* web() = 0;
  virtual rpc::Gate& gate() = 0;
  // Signs reports. The built-in key unless the settings name another.
  virtual security::Signer& signer() = 0;
  // The hub's certificate authority; null where another PKI issues certificates.
  virtual security::Authority* authority() = 0;
  // Issues people's tokens; this process's door believes them.
  virtual security::TokenIssuer& token_issuer() = 0;
  virtual const security::Principals& principals() = 0;
  // Tokens that this process's door refuses although they have not expired: to be told of closed
  // and changed accounts (feed::RefuseVoidTokens).
  virtual security::VoidTokens& void_tokens() = 0;

  // Setting `feeds.calm`: how long after a start or a jump of the clock nothing old is removed.
  virtual absl::Duration calm() const = 0;

  // Something that must hold before traffic is sent here; quick, any thread, until the modules
  // stop.
  virtual void AddProbe(std::string_view name, std::function<absl::Status()> check) = 0;
};

}  // namespace tongjian::runtime
