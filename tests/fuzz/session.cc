#include "tests/fuzz/session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "common/base/check.h"
#include "common/dicom/match.h"
#include "common/dicom/session.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

// One end of a connection whose other end has gone: always readable, for whoever polls it.
int DeadSocket() {
  static const int dead = [] {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    TJ_CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
    TJ_CHECK(listen(listener, 1) == 0);
    TJ_CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const int peer = socket(AF_INET, SOCK_STREAM, 0);
    TJ_CHECK(connect(peer, reinterpret_cast<sockaddr*>(&address), size) == 0);
    const int end = accept(listener, nullptr, nullptr);
    TJ_CHECK(end >= 0);
    close(peer);
    close(listener);
    return end;
  }();
  return dead;
}

class MemoryStream final : public ByteStream {
 public:
  MemoryStream(std::string_view received, size_t part, std::string& sent)
      : received_(received), part_(part), sent_(sent) {}

  int fd() const override { return DeadSocket(); }
  IoResult Read(char* buffer, size_t size) override {
    const size_t take = std::min({size, part_, received_.size()});
    std::memcpy(buffer, received_.data(), take);
    received_.remove_prefix(take);
    return {static_cast<ssize_t>(take), 0};
  }
  IoResult Write(const char* data, size_t size) override {
    sent_.append(data, size);
    return {static_cast<ssize_t>(size), 0};
  }
  IoResult Handshake() override { return {1, 0}; }
  bool HasPending() const override { return !received_.empty(); }
  std::string PeerCertificatePem() const override { return ""; }
  void Shutdown() override {}

 private:
  std::string_view received_;
  const size_t part_;
  std::string& sent_;
};

// Takes objects and looks at them again as what they claim to be: files that may be stored.
class CheckingStore final : public StoreHandler {
 public:
  class Sink final : public StoreSink {
   public:
    absl::Status Append(std::string_view bytes) override {
      bytes_.append(bytes);
      return absl::OkStatus();
    }
    absl::Status Finish(const Header& header) override {
      TJ_CHECK(CheckStorable(header, "", "").ok());
      FileScanner scanner;
      TJ_CHECK(scanner.Push(bytes_).ok());
      TJ_CHECK(scanner.Finish().ok());
      TJ_CHECK(scanner.header().Text(tags::kSopInstanceUid) == header.Text(tags::kSopInstanceUid));
      return absl::OkStatus();
    }
    void Abandon() override { bytes_.clear(); }

   private:
    std::string bytes_;
  };
  absl::StatusOr<std::unique_ptr<StoreSink>> Begin(const AssociationInfo&,
                                                   const StoreRequest& request) override {
    TJ_CHECK(ValidUid(request.sop_class_uid) && ValidUid(request.sop_instance_uid));
    return std::make_unique<Sink>();
  }
};

Dataset Entry() {
  Dataset entry;
  entry.Set(tags::kPatientName, "王^小东");
  entry.Set(tags::kPatientId, "1001");
  entry.Set(tags::kStudyInstanceUid, "1.2.3");
  entry.Set(tags::kStudyDate, "20260105");
  return entry;
}

class OneStudy final : public FindHandler, public MoveHandler {
 public:
  absl::Status Find(const AssociationInfo&, const FindRequest& request,
                    FindResponder& responder) override {
    const Dataset entry = Entry();
    if (!Matches(request.identifier, entry)) return absl::OkStatus();
    return responder.Send(Project(request.identifier, entry));
  }
  absl::StatusOr<MovePlan> Plan(const AssociationInfo&, const MoveRequest& request) override {
    TJ_CHECK(request.destination_ae.size() <= 65536);
    return base::NotFound("destination");
  }
  void Moved(const AssociationInfo&, const MoveRequest&, const MoveCounts&) override {}
};

class Echo final : public NormalizedHandler {
 public:
  absl::StatusOr<NormalizedReply> Handle(const AssociationInfo&,
                                         const NormalizedRequest& request) override {
    return NormalizedReply{request.sop_instance_uid, request.attributes};
  }
};

std::string Big(size_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(number >> (8 * i) & 0xFF));
  return text;
}

std::string Item(char type, const std::string& value) {
  return std::string{type, 0} + Big(value.size(), 2) + value;
}

std::string Context(char id, std::string_view abstract, std::string_view syntax) {
  return Item(0x20, std::string{id, 0, 0, 0} + Item(0x30, std::string(abstract)) +
                        Item(0x40, std::string(syntax)));
}

}  // namespace

std::string ServeBytes(std::string_view received, size_t part) {
  static CheckingStore store;
  static OneStudy study;
  static Echo echo;
  static const Registry registry = [] {
    Registry made;
    made.store = &store;
    made.find[std::string(uids::kStudyRootFind)] = &study;
    made.move[std::string(uids::kStudyRootMove)] = &study;
    made.normalized[std::string(uids::kModalityPerformedProcedureStep)] = &echo;
    return made;
  }();
  static const ListenerOptions options = [] {
    ListenerOptions made;
    made.endpoints = {Endpoint{}};
    made.object_bytes_max = 1 << 20;
    return made;
  }();
  static const StopSignal stop;
  Counters counters;
  std::string sent;
  AssociationInfo info;
  info.id = "fuzz-1";
  RunSession({options, options.endpoints.front(), registry, counters, stop}, info,
             std::make_unique<MemoryStream>(received, part, sent));
  TJ_CHECK(counters.bytes_received <= static_cast<int64_t>(received.size()));
  return sent;
}

std::string FuzzAssociateRequest() {
  constexpr std::string_view kCt = "1.2.840.10008.5.1.4.1.1.2";
  std::string body = Big(0x00010000, 4) + "TONGJIAN        " + "FUZZ            ";
  body += std::string(32, '\0') + Item(0x10, "1.2.840.10008.3.1.1.1");
  body += Context(1, uids::kVerification, uids::kImplicitLittleEndian);
  body += Context(3, kCt, uids::kExplicitLittleEndian);
  body += Context(5, kCt, uids::kImplicitLittleEndian);
  body += Context(7, kCt, uids::kDeflatedLittleEndian);
  body += Context(9, uids::kStudyRootFind, uids::kExplicitLittleEndian);
  body += Context(11, uids::kStudyRootMove, uids::kImplicitLittleEndian);
  body += Context(13, uids::kModalityPerformedProcedureStep, uids::kImplicitLittleEndian);
  body += Item(0x50, Item(0x51, Big(131072, 4)) + Item(0x52, "1.2.3.4"));
  return std::string("\1\0", 2) + Big(body.size(), 4) + body;
}

}  // namespace tongjian::dicom
