#include "services/tongjian/modules.h"

#include "services/audit/module.h"
#include "services/exchange/module.h"
#include "services/imaging/module.h"
#include "services/orders/module.h"
#include "services/reading/module.h"
#include "services/registry/module.h"

namespace tongjian::program {

std::vector<runtime::ModuleEntry> HubModules() {
  return {
      registry::RegistryModule(),
      imaging::ImagingModule(),
      orders::OrdersModule(),
      reading::ReadingModule(),
      exchange::ExchangeModule(),
      audit::AuditModule(),
  };
}

}  // namespace tongjian::program
