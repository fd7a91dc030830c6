// What happens on one accepted association: admission, presentation contexts, then message after
// message to the handlers.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/dicom/association.h"
#include "common/dicom/listener.h"
#include "common/dicom/message.h"
#include "common/dicom/service.h"

namespace tongjian::dicom {

// Handlers by SOP class; filled before the listener starts, then only read.
struct Registry {
  Admission* admission = nullptr;
  StoreHandler* store = nullptr;
  std::map<std::string, FindHandler*, std::less<>> find;
  std::map<std::string, MoveHandler*, std::less<>> move;
  std::map<std::string, GetHandler*, std::less<>> get;
  std::map<std::string, NormalizedHandler*, std::less<>> normalized;
};

struct Counters {
  std::atomic<int64_t> accepted{0};
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> aborted{0};
  std::atomic<int64_t> objects_stored{0};
  std::atomic<int64_t> objects_refused{0};
  std::atomic<int64_t> bytes_received{0};
};

// What a session stands on. Everything outlives it.
struct SessionContext {
  const ListenerOptions& options;
  const Endpoint& endpoint;
  const Registry& registry;
  Counters& counters;
  const StopSignal& stop;
};

// A message at hand, for the services below.
struct Exchange {
  const SessionContext& context;
  const AssociationInfo& info;
  Messages& messages;
  const Command& command;
  bool amid_event = false;  // It came while an event of ours awaits its answer.
};

// Each answers one message. Their status is that of the association: what a handler refused is in
// the response.
absl::Status ServeStore(Exchange exchange);
absl::Status ServeFind(Exchange exchange, FindHandler& handler);
absl::Status ServeMove(Exchange exchange, MoveHandler& handler);
absl::Status ServeGet(Exchange exchange, GetHandler& handler);
absl::Status ServeNormalized(Exchange exchange, NormalizedHandler& handler);
// Whichever it is.
absl::Status Dispatch(Exchange exchange);

// Receives an association on `stream`, serves it to its end. `info` comes with endpoint, address
// and id filled.
void RunSession(const SessionContext& context, AssociationInfo info,
                std::unique_ptr<ByteStream> stream);

// How each proposed context is answered.
std::vector<ContextAnswer> AnswerContexts(const std::vector<ProposedContext>& proposed,
                                          const Registry& registry);

}  // namespace tongjian::dicom
