#include "common/dicom/pdu_check.h"

#include <bitset>

#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

constexpr size_t kContextsMax = 128;
constexpr size_t kTransferSyntaxesMax = 128;
constexpr uint32_t kPeerPduMin = 128;

absl::Status Bad(std::string_view what) {
  return base::Error(absl::StatusCode::kInvalidArgument, "DICOM_PDU_INVALID", "", what);
}

uint32_t Big(std::string_view bytes, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i)
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

struct Item {
  uint32_t type = 0;
  std::string_view value;
};

// Takes one item (type, reserved byte, 16-bit length) off the front.
absl::StatusOr<Item> TakeItem(std::string_view& rest) {
  if (rest.size() < 4) return Bad("item without a head");
  const size_t length = Big(rest, 2, 2);
  if (rest.size() - 4 < length) return Bad("item longer than its parent");
  const Item item{Big(rest, 0, 1), rest.substr(4, length)};
  rest.remove_prefix(4 + length);
  return item;
}

absl::StatusOr<std::string> UidOf(std::string_view value) {
  const std::string_view uid = TrimPadding(value);
  // Anything else than a UID is refused context by context; its size must never matter to anyone.
  if (value.size() > 64 || uid.find('\0') != std::string_view::npos)
    return Bad("UID longer than 64 characters");
  return std::string(uid);
}

absl::StatusOr<ProposedContext> ContextOf(std::string_view value) {
  if (value.size() < 4) return Bad("presentation context without an id");
  ProposedContext context;
  context.id = static_cast<uint8_t>(Big(value, 0, 1));
  value.remove_prefix(4);
  while (!value.empty()) {
    TJ_ASSIGN_OR_RETURN(const Item item, TakeItem(value));
    TJ_ASSIGN_OR_RETURN(std::string uid, UidOf(item.value));
    if (item.type == 0x30 && context.abstract_syntax.empty()) {
      context.abstract_syntax = std::move(uid);
    } else if (item.type == 0x40) {
      context.transfer_syntaxes.push_back(std::move(uid));
    } else {
      return Bad("unexpected sub-item in a presentation context");
    }
  }
  if (context.transfer_syntaxes.size() > kTransferSyntaxesMax)
    return Bad("too many transfer syntaxes");
  if (context.transfer_syntaxes.empty()) return Bad("presentation context without transfer syntax");
  return context;
}

// A field with its 16-bit length taken off the front.
absl::Status TakeField(std::string_view& rest) {
  if (rest.size() < 2 || rest.size() - 2 < Big(rest, 0, 2))
    return Bad("field longer than its sub-item");
  rest.remove_prefix(2 + Big(rest, 0, 2));
  return absl::OkStatus();
}

absl::Status CheckUserItem(const Item& item) {
  std::string_view rest = item.value;
  switch (item.type) {
    case 0x51: {
      if (rest.size() != 4) return Bad("maximum length sub-item of a wrong size");
      const uint32_t size = Big(rest, 0, 4);
      return size != 0 && size < kPeerPduMin ? Bad("maximum length too small") : absl::OkStatus();
    }
    case 0x52:
      return UidOf(rest).status();
    case 0x53:
      return rest.size() == 4 ? absl::OkStatus() : Bad("window sub-item of a wrong size");
    case 0x54:
      TJ_TRY(TakeField(rest));
      return rest.size() == 2 && item.value.size() <= 68 ? absl::OkStatus()
                                                         : Bad("role sub-item of a wrong size");
    case 0x55:
      return rest.size() <= 16 ? absl::OkStatus() : Bad("version name longer than 16");
    case 0x56:
      return TakeField(rest);
    case 0x57: {
      TJ_TRY(TakeField(rest));
      TJ_TRY(TakeField(rest));
      std::string_view related = rest;
      TJ_TRY(TakeField(related));
      std::string_view list = rest.substr(2, Big(rest, 0, 2));
      while (!list.empty()) TJ_TRY(TakeField(list));
      return absl::OkStatus();
    }
    case 0x58:
      if (rest.size() < 2) return Bad("identity sub-item too short");
      rest.remove_prefix(2);
      TJ_TRY(TakeField(rest));
      return TakeField(rest);
    case 0x59:
      return TakeField(rest);
    default:
      return absl::OkStatus();
  }
}

// Notes the roles that the requester of `request` wants.
absl::Status CheckUserInformation(std::string_view value, AssociateRequest& request) {
  for (std::string_view rest = value; !rest.empty();) {
    TJ_ASSIGN_OR_RETURN(const Item item, TakeItem(rest));
    TJ_TRY(CheckUserItem(item));
    if (item.type != 0x54) continue;
    const std::string_view uid = TrimPadding(item.value.substr(2, Big(item.value, 0, 2)));
    const bool scp = item.value.back() == 1;
    for (ProposedContext& context : request.contexts) {
      if (context.abstract_syntax == uid) context.scp_role = scp;
    }
  }
  return absl::OkStatus();
}

// Presentation context of an accept: id, reserved, result, reserved, one transfer syntax.
absl::Status CheckResult(std::string_view value) {
  if (value.size() < 4) return Bad("presentation context without a result");
  value.remove_prefix(4);
  while (!value.empty()) {
    TJ_ASSIGN_OR_RETURN(const Item item, TakeItem(value));
    if (item.type != 0x40) return Bad("unexpected sub-item in a presentation context");
    TJ_TRY(UidOf(item.value).status());
  }
  return absl::OkStatus();
}

constexpr size_t kFixedSize = 68;  // Version, titles and reserved bytes before the items.

absl::StatusOr<AssociateRequest> CheckAssociate(std::string_view body, bool is_request) {
  if (body.size() < kFixedSize) return Bad("associate PDU too short");
  // DCMTK would reject it and lose memory with it.
  if ((Big(body, 0, 2) & 1) == 0) return Bad("protocol version not supported");
  AssociateRequest request;
  request.called_ae = TrimPadding(body.substr(4, 16));
  request.calling_ae = TrimPadding(body.substr(20, 16));
  std::string_view rest = body.substr(kFixedSize);
  std::bitset<256> seen;
  bool has_application = false;
  bool has_user_information = false;
  while (!rest.empty()) {
    TJ_ASSIGN_OR_RETURN(const Item item, TakeItem(rest));
    if (item.type == 0x10) {
      const bool is_uid = ValidUid(TrimPadding(item.value)) && item.value.front() > ' ';
      if (has_application || !is_uid) return Bad("application context");
      has_application = true;
    } else if (item.type == 0x20 && is_request) {
      TJ_ASSIGN_OR_RETURN(ProposedContext context, ContextOf(item.value));
      if (context.id % 2 == 0 || seen[context.id])
        return Bad("presentation context id even or repeated");
      seen.set(context.id);
      request.contexts.push_back(std::move(context));
      if (request.contexts.size() > kContextsMax) return Bad("too many presentation contexts");
    } else if (item.type == 0x21 && !is_request) {
      TJ_TRY(CheckResult(item.value));
    } else if (item.type == 0x50 && !has_user_information) {
      has_user_information = true;
      TJ_TRY(CheckUserInformation(item.value, request));
    } else {
      return Bad("unexpected item");
    }
  }
  if (!has_application) return Bad("no application context");
  return request;
}

}  // namespace

absl::StatusOr<PduHead> CheckPduHead(std::string_view six_bytes, size_t data_bytes_max) {
  const uint32_t type = Big(six_bytes, 0, 1);
  const uint32_t length = Big(six_bytes, 2, 4);
  if (type < 1 || type > 7) return Bad("unknown PDU type " + std::to_string(type));
  const PduHead head{static_cast<PduType>(type), length};
  const bool is_associate =
      head.type == PduType::kAssociateRequest || head.type == PduType::kAssociateAccept;
  const size_t most = head.type == PduType::kData ? data_bytes_max
                      : is_associate              ? kAssociatePduMax
                                                  : 4;
  if (length > most || (most == 4 && length != 4)) {
    return Bad("PDU of " + std::to_string(length) + " bytes, allowed are " + std::to_string(most));
  }
  return head;
}

absl::StatusOr<AssociateRequest> CheckAssociateRequest(std::string_view body) {
  TJ_ASSIGN_OR_RETURN(AssociateRequest request, CheckAssociate(body, true));
  if (request.contexts.empty()) return Bad("no presentation context");
  return request;
}

absl::Status CheckAssociateAccept(std::string_view body) {
  return CheckAssociate(body, false).status();
}

std::string ReduceAssociate(std::string_view body) {
  constexpr std::string_view kKept = "\x51\x52\x54\x55";  // Size, class, roles, version.
  std::string reduced(body.substr(0, kFixedSize));
  for (const size_t at : {size_t{4}, size_t{20}}) {
    if (!ValidAeTitle(TrimPadding(body.substr(at, 16))) || body[at] == '\0')
      reduced.replace(at, 16, "INVALID         ");
  }
  for (std::string_view rest = body.substr(kFixedSize); !rest.empty();) {
    const size_t length = 4 + Big(rest, 2, 2);
    const size_t head = reduced.size();
    if (Big(rest, 0, 1) != 0x50) {
      reduced.append(rest.substr(0, length));
    } else {
      reduced.append(rest.substr(0, 4));
      for (std::string_view user = rest.substr(4, length - 4); !user.empty();) {
        const size_t size = 4 + Big(user, 2, 2);
        if (kKept.find(user.front()) != std::string_view::npos)
          reduced.append(user.substr(0, size));
        user.remove_prefix(size);
      }
      const size_t left = reduced.size() - head - 4;
      reduced[head + 2] = static_cast<char>(left >> 8);
      reduced[head + 3] = static_cast<char>(left & 0xFF);
    }
    rest.remove_prefix(length);
  }
  return reduced;
}

absl::Status CheckData(std::string_view body) {
  if (body.empty()) return Bad("data PDU without a PDV");
  while (!body.empty()) {
    if (body.size() < 6) return Bad("PDV without a head");
    const uint32_t length = Big(body, 0, 4);
    if (length < 2 || length > body.size() - 4) return Bad("PDV length " + std::to_string(length));
    body.remove_prefix(4 + size_t{length});
  }
  return absl::OkStatus();
}

DataValue TakeDataValue(std::string_view& body) {
  const size_t length = Big(body, 0, 4);
  const uint32_t control = Big(body, 5, 1);
  const DataValue value = {static_cast<uint8_t>(Big(body, 4, 1)), (control & 1) != 0,
                           (control & 2) != 0, body.substr(6, length - 2)};
  body.remove_prefix(4 + length);
  return value;
}

}  // namespace tongjian::dicom
