#include "common/dicom/session.h"

#include <algorithm>

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

ConnectionLimits LimitsOf(const ListenerOptions& options) {
  const auto steady = [](absl::Duration duration) {
    return std::chrono::nanoseconds(
        absl::ToInt64Nanoseconds(std::min(duration, absl::Hours(24 * 365))));
  };
  return {static_cast<size_t>(options.pdu_bytes_max), steady(options.acse_timeout),
          steady(options.pdu_timeout), steady(options.idle_timeout)};
}

void Observe(const SessionContext& context, std::string_view event, const AssociationInfo& info,
             std::string_view detail) {
  if (context.options.observe) context.options.observe(event, info, detail);
}

bool AnswersTo(const Endpoint& endpoint, const std::string& called_ae) {
  return endpoint.ae_titles.empty() ||
         std::find(endpoint.ae_titles.begin(), endpoint.ae_titles.end(), called_ae) !=
             endpoint.ae_titles.end();
}

// Nothing where the caller may associate.
std::optional<Rejection> Judge(const SessionContext& context, const AssociationInfo& info,
                               std::string* why) {
  if (!ValidAeTitle(info.called_ae) || !AnswersTo(context.endpoint, info.called_ae)) {
    *why = "called AE title";
    return Rejection::kCalledAeUnknown;
  }
  if (!ValidAeTitle(info.calling_ae)) {
    *why = "calling AE title";
    return Rejection::kCallingAeUnknown;
  }
  if (context.registry.admission == nullptr) return {};
  const absl::Status admitted = context.registry.admission->Admit(info);
  if (admitted.ok()) return {};
  *why = MessageOf(admitted);
  const bool permanent = admitted.code() == absl::StatusCode::kPermissionDenied ||
                         admitted.code() == absl::StatusCode::kUnauthenticated;
  return permanent ? Rejection::kCallingAeUnknown : Rejection::kTemporary;
}

template <typename Handlers>
auto Lookup(const Handlers& handlers, const std::string& sop_class) {
  const auto found = handlers.find(sop_class);
  return found == handlers.end() ? nullptr : found->second;
}

// Reads on to the end of a data set nobody wants, so that the next message is found.
absl::Status RespondUnrecognized(Exchange& exchange) {
  if (exchange.command.has_dataset()) {
    TJ_TRY(exchange.messages.ReceiveData(
        exchange.command, exchange.context.options.object_bytes_max, [](std::string_view) {}));
  }
  return exchange.messages.Respond(exchange.command, status::kUnrecognizedOperation,
                                   "operation not supported here");
}

absl::Status ServeMessages(const SessionContext& context, const AssociationInfo& info,
                           Association& association) {
  Messages messages(association);
  for (;;) {
    TJ_ASSIGN_OR_RETURN(const Command command, messages.ReceiveCommand());
    association.connection().SetBusy(true);
    TJ_TRY(Dispatch({context, info, messages, command}));
    association.connection().SetBusy(false);
  }
}

absl::Status Serve(const SessionContext& context, AssociationInfo& info, Association& association) {
  info.called_ae = association.request().called_ae;
  info.calling_ae = association.request().calling_ae;
  info.peer_certificate_pem = association.connection().PeerCertificatePem();
  std::string why;
  if (const std::optional<Rejection> rejection = Judge(context, info, &why)) {
    association.Reject(*rejection);
    // A title that is none is not to be repeated in a log.
    if (!ValidAeTitle(info.called_ae)) info.called_ae = "(invalid)";
    if (!ValidAeTitle(info.calling_ae)) info.calling_ae = "(invalid)";
    ++context.counters.refused;
    Observe(context, "refused", info, why);
    return absl::CancelledError("rejected");
  }
  TJ_TRY(association.Acknowledge(AnswerContexts(association.request().contexts, context.registry)));
  ++context.counters.accepted;
  Observe(context, "accepted", info, "");
  return ServeMessages(context, info, association);
}

bool IsPlain(const std::string& syntax) {
  return syntax == uids::kImplicitLittleEndian || syntax == uids::kExplicitLittleEndian ||
         syntax == uids::kExplicitBigEndian;
}

// The offered syntax that most of what is stored can be sent in: uncompressed objects go out in
// either little endian form, compressed ones in their own alone.
const std::string& SyntaxToGet(const ProposedContext& context, GetHandler& handler) {
  const std::vector<std::string>& offered = context.transfer_syntaxes;
  const auto little = [](const std::string& syntax) {
    return syntax == uids::kImplicitLittleEndian || syntax == uids::kExplicitLittleEndian;
  };
  const auto uncompressed = std::find_if(offered.begin(), offered.end(), little);
  if (offered.size() == 1) return offered.front();
  const std::vector<std::string> stored = handler.StoredSyntaxes(context.abstract_syntax);
  const bool plain = stored.empty() || std::any_of(stored.begin(), stored.end(), little);
  if (plain && uncompressed != offered.end()) return *uncompressed;
  const auto own = std::find_first_of(offered.begin(), offered.end(), stored.begin(), stored.end());
  return own == offered.end() ? offered.front() : *own;
}

}  // namespace

absl::Status Dispatch(Exchange exchange) {
  const Registry& registry = exchange.context.registry;
  const std::string& syntax =
      exchange.messages.association().FindContext(exchange.command.context_id)->abstract_syntax;
  switch (exchange.command.operation()) {
    case operation::kEcho:
      return exchange.messages.Respond(exchange.command, status::kSuccess);
    case operation::kStore:
      if (registry.store != nullptr && IsStorageClass(syntax)) return ServeStore(exchange);
      break;
    case operation::kFind:
      if (FindHandler* handler = Lookup(registry.find, syntax))
        return ServeFind(exchange, *handler);
      break;
    case operation::kMove:
      if (MoveHandler* handler = Lookup(registry.move, syntax))
        return ServeMove(exchange, *handler);
      break;
    case operation::kRetrieve:
      if (GetHandler* handler = Lookup(registry.get, syntax)) return ServeGet(exchange, *handler);
      break;
    case operation::kCreate:
    case operation::kSet:
    case operation::kGet:
    case operation::kAction:
    case operation::kEventReport:
    case operation::kDelete:
      if (NormalizedHandler* handler = Lookup(registry.normalized, syntax))
        return ServeNormalized(exchange, *handler);
      break;
    case operation::kCancel:
      return absl::OkStatus();  // It crossed the last response of what it was to cancel.
    default:
      break;
  }
  return RespondUnrecognized(exchange);
}

std::vector<ContextAnswer> AnswerContexts(const std::vector<ProposedContext>& proposed,
                                          const Registry& registry) {
  std::vector<ContextAnswer> answers;
  for (const ProposedContext& context : proposed) {
    const std::string& syntax = context.abstract_syntax;
    ContextAnswer answer{context.id, "", 3};
    const bool is_message = registry.find.contains(syntax) || registry.move.contains(syntax) ||
                            registry.get.contains(syntax) || registry.normalized.contains(syntax) || syntax == uids::kVerification;
    if (is_message) {
      const auto plain =
          std::find_if(context.transfer_syntaxes.begin(), context.transfer_syntaxes.end(), IsPlain);
      answer.reason = 4;
      if (plain != context.transfer_syntaxes.end()) answer.transfer_syntax = *plain;
      // Who provides the class calls with an event of its own.
      answer.peer_provides = context.scp_role && registry.normalized.contains(syntax);
    } else if (registry.store != nullptr && IsStorageClass(syntax)) {
      // As it was proposed, compressed included: nothing is decoded here.
      answer.reason = 4;
      answer.peer_provides = context.scp_role && !registry.get.empty();
      const std::string& chosen =
          answer.peer_provides ? SyntaxToGet(context, *registry.get.begin()->second)
                               : context.transfer_syntaxes.front();
      if (ValidUid(chosen)) answer.transfer_syntax = chosen;
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

void RunSession(const SessionContext& context, AssociationInfo info,
                std::unique_ptr<ByteStream> stream) {
  absl::StatusOr<std::unique_ptr<Association>> association =
      Association::Receive(std::move(stream), LimitsOf(context.options), &context.stop);
  absl::Status end = association.status();
  if (association.ok()) {
    end = Serve(context, info, **association);
    context.counters.bytes_received +=
        static_cast<int64_t>((*association)->connection().bytes_received());
  }
  if (end.code() == absl::StatusCode::kCancelled) {
    Observe(context, "released", info, "");
  } else {
    ++context.counters.aborted;
    Observe(context, "aborted", info, MessageOf(end));
  }
}

}  // namespace tongjian::dicom
