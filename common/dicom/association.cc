#include "common/dicom/association.h"

#include <cerrno>
#include <cmath>
#include <mutex>

#include "common/base/check.h"
#include "common/dicom/uid.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"
#include "dcmtk/dcmnet/cond.h"
#include "dcmtk/dcmnet/dcmlayer.h"
#include "dcmtk/dcmnet/dcmtrans.h"
#include "dcmtk/dcmnet/dul.h"
#include "dcmtk/oflog/oflog.h"
#include "dcmtk/ofstd/ofstd.h"

namespace tongjian::dicom {
namespace {

// DCMTK keeps the socket to receive on in a global and sets up its tables at the first use: this
// serializes both. It is let go as soon as a connection object exists, before anything is read from
// the peer.
std::mutex& GlobalsMutex() {
  static std::mutex mutex;
  return mutex;
}

// Once in the process: no lookups of peers' names, and no log of DCMTK's, which would hold what
// peers send.
void ConfigureDcmtk() {
  static const bool done = [] {
    dcmDisableGethostbyaddr.set(OFTrue);
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    return true;
  }();
  TJ_CHECK(done);
}

// What DCMTK sees of a Connection.
class TransportAdapter : public DcmTransportConnection {
 public:
  TransportAdapter(std::shared_ptr<Connection> connection, int fd)
      : DcmTransportConnection(fd), connection_(std::move(connection)) {}

  OFCondition serverSideHandshake() override { return Handshake(); }
  OFCondition clientSideHandshake() override { return Handshake(); }
  OFCondition renegotiate(const char*) override { return DUL_NETWORKCLOSED; }
  ssize_t read(void* buffer, size_t size) override { return connection_->Read(buffer, size); }
  ssize_t write(void* data, size_t size) override { return connection_->Write(data, size); }
  void close() override { connection_->Close(); }
  void closeTransportConnection() override { connection_->Close(); }
  unsigned long getPeerCertificateLength() override { return 0; }
  unsigned long getPeerCertificate(void*, unsigned long) override { return 0; }
  OFBool networkDataAvailable(int timeout) override {
    return timeout > 0 ? connection_->AwaitPdu() : connection_->HasData();
  }
  OFBool isTransparentConnection() override { return OFFalse; }
  OFString& dumpConnectionParameters(OFString& text) override { return text; }

 private:
  OFCondition Handshake() { return connection_->Handshake() ? EC_Normal : DUL_NETWORKCLOSED; }

  const std::shared_ptr<Connection> connection_;
};

// Hands DCMTK the one connection it is to use.
class AcceptLayer : public DcmTransportLayer {
 public:
  AcceptLayer(std::shared_ptr<Connection> connection, std::unique_lock<std::mutex>& globals)
      : connection_(std::move(connection)), globals_(globals) {}
  DcmTransportConnection* createConnection(DcmNativeSocketType fd, OFBool) override {
    dcmExternalSocketHandle.set(DCMNET_INVALID_SOCKET);
    globals_.unlock();
    return new TransportAdapter(connection_, fd);
  }

 private:
  const std::shared_ptr<Connection> connection_;
  std::unique_lock<std::mutex>& globals_;
};

// Wraps the socket DCMTK has connected.
class RequestLayer : public DcmTransportLayer {
 public:
  RequestLayer(const ScuOptions& options, std::shared_ptr<TlsContext> tls,
               const ConnectionLimits& limits)
      : options_(options), tls_(std::move(tls)), limits_(limits) {}
  DcmTransportConnection* createConnection(DcmNativeSocketType fd, OFBool) override {
    connection = std::make_shared<Connection>(
        tls_ ? tls_->Open(fd, options_.host) : OpenPlainStream(fd), limits_, nullptr);
    return new TransportAdapter(connection, fd);
  }

  std::shared_ptr<Connection> connection;

 private:
  const ScuOptions& options_;
  const std::shared_ptr<TlsContext> tls_;
  const ConnectionLimits limits_;
};

SteadyDuration ToSteady(absl::Duration duration) {
  constexpr absl::Duration kMost = absl::Hours(24 * 365);
  return std::chrono::nanoseconds(absl::ToInt64Nanoseconds(std::min(duration, kMost)));
}

void SetImplementation(T_ASC_Parameters& parameters) {
  OFStandard::strlcpy(parameters.ourImplementationClassUID,
                      std::string(uids::kImplementationClass).c_str(),
                      sizeof parameters.ourImplementationClassUID);
  OFStandard::strlcpy(parameters.ourImplementationVersionName,
                      std::string(uids::kImplementationVersion).c_str(),
                      sizeof parameters.ourImplementationVersionName);
}

T_ASC_SC_ROLE RoleOf(const PresentationContext& context) {
  switch (context.role) {
    case PresentationRole::kProvider:
      return ASC_SC_ROLE_SCP;
    case PresentationRole::kBoth:
      return ASC_SC_ROLE_SCUSCP;
    default:
      return ASC_SC_ROLE_DEFAULT;
  }
}

absl::Status AddContexts(T_ASC_Parameters* parameters,
                         const std::vector<PresentationContext>& contexts) {
  if (contexts.empty() || contexts.size() > 128) {
    return absl::InvalidArgumentError("1 to 128 presentation contexts, not " +
                                      std::to_string(contexts.size()));
  }
  T_ASC_PresentationContextID id = 1;
  for (const PresentationContext& context : contexts) {
    std::vector<const char*> syntaxes;
    for (const std::string& syntax : context.transfer_syntaxes) {
      TJ_TRY(CheckUid("transfer_syntax", syntax));
      syntaxes.push_back(syntax.c_str());
    }
    TJ_TRY(CheckUid("abstract_syntax", context.abstract_syntax));
    if (ASC_addPresentationContext(parameters, id, context.abstract_syntax.c_str(), syntaxes.data(),
                                   static_cast<int>(syntaxes.size()), RoleOf(context))
            .bad()) {
      return absl::InvalidArgumentError("presentation context cannot be offered");
    }
    id = static_cast<T_ASC_PresentationContextID>(id + 2);
  }
  return absl::OkStatus();
}

// Roles are granted as they were proposed, where they are granted at all.
T_ASC_SC_ROLE RoleOf(T_ASC_Parameters* parameters, const ContextAnswer& answer) {
  if (!answer.peer_provides) return ASC_SC_ROLE_DEFAULT;
  T_ASC_PresentationContext context;
  for (int i = 0; i < ASC_countPresentationContexts(parameters); ++i) {
    if (ASC_getPresentationContext(parameters, i, &context).good() &&
        context.presentationContextID == answer.id) {
      return context.proposedRole;
    }
  }
  return ASC_SC_ROLE_DEFAULT;
}

}  // namespace

struct Association::Dcmtk {
  std::unique_ptr<DcmTransportLayer> layer;
  T_ASC_Network* network = nullptr;
  T_ASC_Association* association = nullptr;
  T_ASC_Parameters* parameters = nullptr;  // Until an association owns them.

  ~Dcmtk() {
    if (association != nullptr) {
      ASC_destroyAssociation(&association);
    } else if (parameters != nullptr) {
      ASC_destroyAssociationParameters(&parameters);
    }
    ASC_dropNetwork(&network);
  }
};

Association::Association() : dcmtk_(std::make_unique<Dcmtk>()) {}

absl::Status Association::Failure(std::string_view what) const {
  if (connection_ && connection_->failed()) return connection_->failure();
  return base::Unavailable("ASSOCIATION_LOST", what);
}

absl::StatusOr<std::unique_ptr<Association>> Association::Receive(
    std::unique_ptr<ByteStream> stream, const ConnectionLimits& limits, const StopSignal* stop) {
  ConfigureDcmtk();
  std::unique_ptr<Association> self(new Association);
  Dcmtk& dcmtk = *self->dcmtk_;
  const int fd = stream->fd();
  self->connection_ = std::make_shared<Connection>(std::move(stream), limits, stop);
  const int seconds = std::max<int>(
      1, static_cast<int>(std::chrono::ceil<std::chrono::seconds>(limits.acse_timeout).count()));
  std::unique_lock<std::mutex> globals(GlobalsMutex());
  // With a handle given from outside DCMTK opens no listening socket of its own.
  dcmExternalSocketHandle.set(fd);
  OFCondition condition = ASC_initializeNetwork(NET_ACCEPTOR, 0, seconds, &dcmtk.network);
  if (condition.good()) {
    dcmtk.layer = std::make_unique<AcceptLayer>(self->connection_, globals);
    ASC_setTransportLayer(dcmtk.network, dcmtk.layer.get(), 0);
    condition = ASC_receiveAssociation(dcmtk.network, &dcmtk.association,
                                       static_cast<long>(limits.pdu_bytes_max), nullptr, nullptr,
                                       OFFalse, DUL_BLOCK, seconds);
  }
  if (globals.owns_lock()) {
    dcmExternalSocketHandle.set(DCMNET_INVALID_SOCKET);
    globals.unlock();
  }
  if (condition.bad() || self->request().contexts.empty()) {
    const absl::Status failure = self->Failure("no association request");
    self->ended_ = true;
    return failure;
  }
  return self;
}

absl::Status Association::Acknowledge(const std::vector<ContextAnswer>& answers) {
  T_ASC_Association* const association = dcmtk_->association;
  SetImplementation(*association->params);
  for (const ContextAnswer& answer : answers) {
    const OFCondition condition =
        answer.transfer_syntax.empty()
            ? ASC_refusePresentationContext(association->params, answer.id,
                                            static_cast<T_ASC_P_ResultReason>(answer.reason))
            : ASC_acceptPresentationContext(association->params, answer.id,
                                            answer.transfer_syntax.c_str(),
                                            RoleOf(association->params, answer));
    if (condition.bad()) return Failure("presentation context cannot be answered");
  }
  if (ASC_acknowledgeAssociation(association).bad())
    return Failure("association cannot be acknowledged");
  connection_->SetEstablished();
  for (const ProposedContext& context : request().contexts) {
    for (const ContextAnswer& answer : answers) {
      if (answer.id != context.id || answer.transfer_syntax.empty()) continue;
      contexts_.push_back({context.id, context.abstract_syntax, answer.transfer_syntax,
                           answer.peer_provides});
    }
  }
  return absl::OkStatus();
}

void Association::Reject(Rejection rejection) {
  T_ASC_RejectParameters parameters = {ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
                                       ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED};
  if (rejection == Rejection::kCalledAeUnknown)
    parameters.reason = ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED;
  if (rejection == Rejection::kTemporary) {
    parameters = {ASC_RESULT_REJECTEDTRANSIENT, ASC_SOURCE_SERVICEPROVIDER_PRESENTATION_RELATED,
                  ASC_REASON_SP_PRES_LOCALLIMITEXCEEDED};
  }
  ASC_rejectAssociation(dcmtk_->association, &parameters);
  connection_->AwaitClose();
  ended_ = true;
}

absl::StatusOr<std::unique_ptr<Association>> Association::Request(
    const ScuOptions& options, const std::vector<PresentationContext>& contexts) {
  ConfigureDcmtk();
  if (options.host.empty() || options.host.find(':') != std::string::npos || options.port == 0) {
    return absl::InvalidArgumentError("a host name or IPv4 address and a port are needed");
  }
  if (!ValidAeTitle(options.calling_ae) || !ValidAeTitle(options.called_ae)) {
    return absl::InvalidArgumentError("AE title is not valid");
  }
  std::shared_ptr<TlsContext> tls;
  if (options.tls) {
    TJ_ASSIGN_OR_RETURN(tls, TlsContext::Create(*options.tls, false));
  }
  std::unique_ptr<Association> self(new Association);
  self->is_requester_ = true;
  Dcmtk& dcmtk = *self->dcmtk_;
  ConnectionLimits limits;
  limits.pdu_bytes_max = static_cast<size_t>(options.pdu_bytes_max);
  limits.acse_timeout = limits.pdu_timeout = limits.idle_timeout =
      ToSteady(options.response_timeout);
  const int seconds =
      std::max(1, static_cast<int>(std::ceil(absl::ToDoubleSeconds(options.response_timeout))));
  dcmConnectionTimeout.set(
      std::max(1, static_cast<int>(std::ceil(absl::ToDoubleSeconds(options.connect_timeout)))));
  {
    const std::lock_guard<std::mutex> globals(GlobalsMutex());
    if (ASC_initializeNetwork(NET_REQUESTOR, 0, seconds, &dcmtk.network).bad()) {
      return base::Unavailable("ASSOCIATION_LOST", "network cannot be set up");
    }
  }
  auto layer = std::make_unique<RequestLayer>(options, tls, limits);
  RequestLayer& made = *layer;
  dcmtk.layer = std::move(layer);
  ASC_setTransportLayer(dcmtk.network, dcmtk.layer.get(), 0);
  TJ_CHECK(ASC_createAssociationParameters(&dcmtk.parameters, options.pdu_bytes_max).good());
  SetImplementation(*dcmtk.parameters);
  ASC_setAPTitles(dcmtk.parameters, options.calling_ae.c_str(), options.called_ae.c_str(), nullptr);
  const std::string peer = options.host + ":" + std::to_string(options.port);
  ASC_setPresentationAddresses(dcmtk.parameters, "localhost", peer.c_str());
  TJ_TRY(AddContexts(dcmtk.parameters, contexts));
  const OFCondition condition = ASC_requestAssociation(
      dcmtk.network, dcmtk.parameters, &dcmtk.association, nullptr, nullptr, DUL_NOBLOCK, seconds);
  self->connection_ = made.connection;
  if (condition.bad()) {
    self->ended_ = true;
    if (condition == DUL_ASSOCIATIONREJECTED) {
      return base::Error(absl::StatusCode::kPermissionDenied, "ASSOCIATION_REJECTED", "",
                         "association rejected by the peer");
    }
    return self->Failure("no association: peer not reached or no answer");
  }
  self->connection_->SetEstablished();
  self->ReadAcceptedContexts();
  return self;
}

void Association::ReadAcceptedContexts() {
  T_ASC_Parameters* const parameters = dcmtk_->association->params;
  for (int i = 0; i < ASC_countPresentationContexts(parameters); ++i) {
    T_ASC_PresentationContext context;
    if (ASC_getPresentationContext(parameters, i, &context).bad()) continue;
    if (context.resultReason != ASC_P_ACCEPTANCE) continue;
    contexts_.push_back(
        {context.presentationContextID, context.abstractSyntax, context.acceptedTransferSyntax});
  }
}

Association::~Association() {
  if (!connection_ || ended_) return;
  if (connection_->failed()) {
    connection_->Abort(0);
  } else if (is_requester_) {
    ASC_releaseAssociation(dcmtk_->association);
  } else {
    connection_->Abort(0);
  }
}

const AcceptedContext* Association::FindContext(uint8_t id) const {
  for (const AcceptedContext& context : contexts_) {
    if (context.id == id) return &context;
  }
  return nullptr;
}

// Data PDUs are taken as the Connection has checked them, in place; DCMTK, which would copy each one
// twice, sees only what ends an association.
absl::StatusOr<DataValue> Association::NextPdv() {
  if (data_.empty()) {
    const std::optional<std::string_view> data = connection_->TakeData();
    if (!data) return End();
    data_ = *data;
  }
  return TakeDataValue(data_);
}

absl::Status Association::End() {
  const OFCondition condition =
      DUL_ReadPDVs(&dcmtk_->association->DULassociation, nullptr, DUL_BLOCK, 0);
  if (condition == DUL_PEERREQUESTEDRELEASE) {
    ended_ = true;
    ASC_acknowledgeRelease(dcmtk_->association);
    connection_->AwaitClose();
    return absl::CancelledError("released by the peer");
  }
  if (condition == DUL_PEERABORTEDASSOCIATION) {
    ended_ = true;
    return absl::AbortedError("aborted by the peer");
  }
  return Failure("no PDU");
}

size_t Association::chunk_size() const {
  return static_cast<size_t>(dcmtk_->association->sendPDVLength);
}

absl::Status Association::Write(uint8_t context_id, bool is_command, bool is_last,
                                std::string_view bytes) {
  DUL_PDV pdv = {};
  pdv.fragmentLength = bytes.size();
  pdv.presentationContextID = context_id;
  pdv.pdvType = is_command ? DUL_COMMANDPDV : DUL_DATASETPDV;
  pdv.lastPDV = is_last;
  pdv.data = const_cast<char*>(bytes.data());
  DUL_PDVLIST list = {};
  list.count = 1;
  list.pdv = &pdv;
  if (DUL_WritePDVs(&dcmtk_->association->DULassociation, &list).bad())
    return Failure("PDV cannot be sent");
  return absl::OkStatus();
}

}  // namespace tongjian::dicom
