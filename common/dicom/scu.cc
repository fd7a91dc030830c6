#include "common/dicom/scu.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "common/dicom/association.h"
#include "common/dicom/message.h"
#include "common/dicom/object_sender.h"
#include "common/dicom/recoder.h"
#include "common/dicom/scan.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kContextsMax = 128;

absl::Status PeerFailure(const Command& response) {
  char status[8];
  std::snprintf(status, sizeof status, "%04X",
                static_cast<unsigned>(response.Number(command::kStatus)));
  return base::Error(absl::StatusCode::kInternal, "PEER_STATUS", "",
                     "peer answered status " + std::string(status));
}

class FileSource : public ObjectSource {
 public:
  explicit FileSource(std::FILE* file) : file_(file, std::fclose) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t got = std::fread(buffer, 1, size, file_.get());
    if (got == 0 && std::ferror(file_.get()))
      return base::Unavailable("READ_FAILED", "file cannot be read");
    return got;
  }

 private:
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace

class Scu::Impl {
 public:
  explicit Impl(std::unique_ptr<Association> association)
      : association_(std::move(association)), messages_(*association_) {}

  absl::StatusOr<uint8_t> ContextFor(std::string_view abstract_syntax,
                                     std::string_view transfer_syntax) const {
    for (const AcceptedContext& context : association_->contexts()) {
      if (context.abstract_syntax != abstract_syntax) continue;
      if (transfer_syntax.empty() || context.transfer_syntax == transfer_syntax) return context.id;
    }
    return base::Error(absl::StatusCode::kFailedPrecondition, "NO_PRESENTATION_CONTEXT", "",
                       "peer accepts no presentation context for this");
  }

  uint16_t NextMessageId() {
    message_id_ = static_cast<uint16_t>(message_id_ % 65535 + 1);
    return message_id_;
  }

  Dataset Request(int operation, Tag sop_class_tag, std::string_view sop_class) {
    Dataset fields;
    fields.Set(command::kCommandField, std::to_string(operation));
    fields.Set(command::kMessageId, std::to_string(NextMessageId()));
    fields.Set(sop_class_tag, sop_class);
    return fields;
  }

  absl::StatusOr<Command> Response() {
    absl::StatusOr<Command> response = messages_.ReceiveCommand();
    if (!response.ok()) return Dead(response.status());
    if (response->Number(command::kMessageIdRespondedTo) != message_id_) {
      association_->connection().Abort(2);
      return base::Unavailable("ASSOCIATION_LOST", "peer answers another message");
    }
    return response;
  }

  // Whatever ended the association, to the caller it is one thing: try again on a new one.
  static absl::Status Dead(const absl::Status& status) {
    if (status.ok()) return status;
    return base::Unavailable("ASSOCIATION_LOST", MessageOf(status));
  }

  Messages& messages() { return messages_; }
  Association& association() { return *association_; }
  int message_id() const { return message_id_; }

 private:
  const std::unique_ptr<Association> association_;
  Messages messages_;
  uint16_t message_id_ = 0;
};

Scu::Scu(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scu::~Scu() = default;

absl::StatusOr<std::unique_ptr<Scu>> Scu::Open(const ScuOptions& options,
                                               const std::vector<PresentationContext>& contexts) {
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Association> association,
                      Association::Request(options, contexts));
  return std::unique_ptr<Scu>(new Scu(std::make_unique<Impl>(std::move(association))));
}

bool Scu::Accepts(std::string_view abstract_syntax, std::string_view transfer_syntax) const {
  return ContextToSend(impl_->association(), abstract_syntax, transfer_syntax, false).ok();
}

absl::Status Scu::Echo() {
  TJ_ASSIGN_OR_RETURN(const uint8_t context, impl_->ContextFor(uids::kVerification, ""));
  TJ_TRY(Impl::Dead(impl_->messages().SendCommand(
      context, impl_->Request(operation::kEcho, command::kAffectedSopClassUid, uids::kVerification),
      false)));
  TJ_ASSIGN_OR_RETURN(const Command response, impl_->Response());
  return response.Number(command::kStatus) == status::kSuccess ? absl::OkStatus()
                                                               : PeerFailure(response);
}

absl::StatusOr<StoreOutcome> Scu::Store(const StoredObject& object,
                                        const std::optional<MoveOriginator>& originator) {
  TJ_ASSIGN_OR_RETURN(const uint8_t context,
                      ContextToSend(impl_->association(), object.sop_class_uid,
                                    object.transfer_syntax_uid, false));
  TJ_TRY(SendObject(impl_->messages(), context, impl_->NextMessageId(), object, originator));
  TJ_ASSIGN_OR_RETURN(const Command response, impl_->Response());
  return StoreOutcome{static_cast<uint16_t>(response.Number(command::kStatus)),
                      response.fields.Text(command::kErrorComment)};
}

absl::Status Scu::Find(std::string_view sop_class_uid, const Dataset& identifier,
                       const std::function<bool(const Dataset&)>& each) {
  TJ_ASSIGN_OR_RETURN(const uint8_t context, impl_->ContextFor(sop_class_uid, ""));
  Dataset fields = impl_->Request(operation::kFind, command::kAffectedSopClassUid, sop_class_uid);
  fields.Set(command::kPriority, "0");
  TJ_TRY(Impl::Dead(impl_->messages().SendCommand(context, std::move(fields), true)));
  TJ_TRY(
      Impl::Dead(impl_->messages().SendDataset(context, identifier, CharacterSet("ISO_IR 192"))));
  for (bool wanted = true;;) {
    TJ_ASSIGN_OR_RETURN(const Command response, impl_->Response());
    const int code = response.Number(command::kStatus);
    bool undecodable = false;
    const absl::StatusOr<ReadResult> match =
        impl_->messages().ReceiveDataset(response, &undecodable);
    if (!match.ok() && !undecodable) return Impl::Dead(match.status());
    if (code == status::kSuccess || code == status::kCancelled) return absl::OkStatus();
    if ((code & 0xFFFE) != status::kPending) return PeerFailure(response);
    if (!match.ok()) return match.status();
    if (wanted && !each(match->dataset)) {
      wanted = false;
      Dataset cancel;
      cancel.Set(command::kCommandField, std::to_string(operation::kCancel));
      cancel.Set(command::kMessageIdRespondedTo, std::to_string(impl_->message_id()));
      TJ_TRY(Impl::Dead(impl_->messages().SendCommand(context, std::move(cancel), false)));
    }
  }
}

absl::StatusOr<NormalizedReply> Scu::Call(const NormalizedRequest& request) {
  constexpr int kOperations[] = {operation::kCreate, operation::kSet,         operation::kGet,
                                 operation::kAction, operation::kEventReport, operation::kDelete};
  const int code = kOperations[static_cast<int>(request.operation)];
  const bool affected = code == operation::kCreate || code == operation::kEventReport;
  TJ_ASSIGN_OR_RETURN(const uint8_t context, impl_->ContextFor(request.sop_class_uid, ""));
  Dataset fields = impl_->Request(
      code, affected ? command::kAffectedSopClassUid : command::kRequestedSopClassUid,
      request.sop_class_uid);
  if (!request.sop_instance_uid.empty()) {
    fields.Set(affected ? command::kAffectedSopInstanceUid : command::kRequestedSopInstanceUid,
               request.sop_instance_uid);
  }
  if (code == operation::kAction)
    fields.Set(command::kActionTypeId, std::to_string(request.type_id));
  if (code == operation::kEventReport)
    fields.Set(command::kEventTypeId, std::to_string(request.type_id));
  const bool has_dataset = !request.attributes.empty();
  TJ_TRY(Impl::Dead(impl_->messages().SendCommand(context, std::move(fields), has_dataset)));
  if (has_dataset) {
    TJ_TRY(Impl::Dead(
        impl_->messages().SendDataset(context, request.attributes, CharacterSet("ISO_IR 192"))));
  }
  TJ_ASSIGN_OR_RETURN(const Command response, impl_->Response());
  bool undecodable = false;
  absl::StatusOr<ReadResult> attributes = impl_->messages().ReceiveDataset(response, &undecodable);
  if (!attributes.ok()) return undecodable ? attributes.status() : Impl::Dead(attributes.status());
  if (response.Number(command::kStatus) != status::kSuccess) return PeerFailure(response);
  return NormalizedReply{response.fields.Text(command::kAffectedSopInstanceUid),
                         std::move(attributes->dataset)};
}

std::vector<PresentationContext> ContextsFor(const std::vector<StoredObject>& objects) {
  std::set<std::pair<std::string, std::string>> seen;
  std::vector<PresentationContext> contexts;
  const auto offer = [&](const std::string& sop_class, std::string_view syntax) {
    if (contexts.size() >= kContextsMax) return;
    if (seen.emplace(sop_class, syntax).second)
      contexts.push_back({sop_class, {std::string(syntax)}});
  };
  for (const StoredObject& object : objects)
    offer(object.sop_class_uid, object.transfer_syntax_uid);
  // What can be recoded, for receivers that take nothing else.
  for (const PresentationContext& context : std::vector<PresentationContext>(contexts)) {
    for (const std::string_view other : {uids::kExplicitLittleEndian, uids::kImplicitLittleEndian})
      if (CanRecode(context.transfer_syntaxes.front(), other))
        offer(context.abstract_syntax, other);
  }
  return contexts;
}

absl::StatusOr<StoredObject> ObjectFromFile(const std::string& path) {
  TJ_ASSIGN_OR_RETURN(const Header header, ScanFile(path));
  StoredObject object;
  object.sop_class_uid = header.Text(tags::kSopClassUid);
  object.sop_instance_uid = header.Text(tags::kSopInstanceUid);
  object.transfer_syntax_uid = header.transfer_syntax_uid;
  object.open = [path]() -> absl::StatusOr<std::unique_ptr<ObjectSource>> {
    std::FILE* const file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return base::NotFound("file");
    return std::make_unique<FileSource>(file);
  };
  return object;
}

}  // namespace tongjian::dicom
