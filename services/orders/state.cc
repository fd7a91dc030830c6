#include "services/orders/state.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/base/check.h"

namespace tongjian::orders {
namespace {

using enum Action;
using enum State;

struct ActionRow {
  Action action;
  std::string_view name;
  Target target;
};

constexpr Target To(State state) { return {Leads::kTo, state}; }
constexpr Target kStay = {Leads::kStays, kNone};
constexpr Target kGoOn = {Leads::kOnward, kNone};

// In the order of the enumeration.
constexpr std::array kActionRows = {
    ActionRow{kSubmit, "submit", To(kSubmitted)},
    ActionRow{kModify, "modify", kStay},
    ActionRow{kCancel, "cancel", To(kCancelled)},
    ActionRow{kRecognize, "recognize", To(kRecognized)},
    ActionRow{kPay, "pay", kStay},
    ActionRow{kReturn, "return", To(kReturnedForInformation)},
    ActionRow{kAnswer, "answer", kGoOn},
    ActionRow{kHold, "hold", To(kHeld)},
    ActionRow{kRelease, "release", kGoOn},
    ActionRow{kRedirect, "redirect", kGoOn},
    ActionRow{kDecline, "decline", To(kDeclined)},
    ActionRow{kEscalate, "escalate", To(kEscalated)},
    ActionRow{kHandOver, "hand over", To(kHandedOver)},
    ActionRow{kRecapture, "recapture", To(kRecaptureRequested)},
    ActionRow{kBind, "bind", kStay},
    ActionRow{kGiveUp, "give up", To(kCancelled)},
    ActionRow{kCollect, "collected", To(kCollected)},
    ActionRow{kSend, "sent", To(kInTransit)},
    ActionRow{kReceive, "received", To(kReceived)},
    ActionRow{kReject, "rejected", To(kRejected)},
    ActionRow{kAcquire, "acquired", To(kAcquired)},
    ActionRow{kArchive, "archived", To(kArchivedVerified)},
    ActionRow{kQueue, "queued", To(kQueued)},
    ActionRow{kClaim, "claimed", To(kClaimed)},
    ActionRow{kPreliminary, "preliminary", To(kReadPreliminary)},
    ActionRow{kSign, "signed", To(kSigned)},
    ActionRow{kAmend, "amended", To(kSigned)},
    ActionRow{kReopen, "reopened", To(kQueued)},
    ActionRow{kLose, "evidence moved away", To(kSubmitted)},
    ActionRow{kDeliver, "delivered", To(kDelivered)},
    ActionRow{kView, "viewed", To(kViewed)},
};

constexpr uint32_t kWords = kUrgencyFields | kClinicalFields | kBillingFields;

constexpr Action kDraftDo[] = {kSubmit, kModify, kCancel, kRecognize, kPay};

constexpr Action kSubmittedDo[] = {kModify, kCancel,   kRecognize, kPay,  kReturn,
                                   kHold,   kRedirect, kDecline,   kBind, kGiveUp};
constexpr Action kSubmittedNews[] = {kCollect, kReceive,     kAcquire, kArchive, kQueue,
                                     kClaim,   kPreliminary, kSign,    kDeliver, kView};

constexpr Action kSpecimenDo[] = {kModify, kCancel, kPay, kReturn, kHold, kRedirect};
constexpr Action kCollectedNews[] = {kSend, kReceive, kReject};
constexpr Action kInTransitNews[] = {kReceive, kReject};
constexpr Action kReceivedDo[] = {kModify,   kCancel,  kPay,      kReturn,  kHold,
                                  kRedirect, kDecline, kEscalate, kHandOver};
constexpr Action kReceivedNews[] = {kReject, kQueue, kClaim, kPreliminary, kSign, kDeliver, kView};
constexpr Action kRejectedDo[] = {kModify, kCancel, kPay};
constexpr Action kRejectedNews[] = {kCollect, kReceive};

constexpr Action kEvidenceDo[] = {kModify,  kCancel,   kPay,      kReturn,    kHold, kRedirect,
                                  kDecline, kEscalate, kHandOver, kRecapture, kBind, kGiveUp};
constexpr Action kAcquiredNews[] = {kLose,        kArchive, kQueue,   kClaim,
                                    kPreliminary, kSign,    kDeliver, kView};
constexpr Action kArchivedNews[] = {kLose, kQueue, kClaim, kPreliminary, kSign, kDeliver, kView};
constexpr Action kQueuedNews[] = {kLose, kClaim, kPreliminary, kSign, kAmend, kDeliver, kView};

constexpr Action kClaimedDo[] = {kModify,  kCancel,   kPay,      kReturn,    kHold,  kRedirect,
                                 kDecline, kEscalate, kHandOver, kRecapture, kGiveUp};
constexpr Action kClaimedNews[] = {kLose, kQueue, kPreliminary, kSign, kAmend, kDeliver, kView};
constexpr Action kPreliminaryDo[] = {kModify,  kPay,      kReturn,   kHold,      kRedirect,
                                     kDecline, kEscalate, kHandOver, kRecapture, kGiveUp};
constexpr Action kPreliminaryNews[] = {kLose, kSign, kAmend, kDeliver, kView};

constexpr Action kDoneDo[] = {kPay, kGiveUp};
constexpr Action kSignedNews[] = {kReopen, kDeliver, kView};
constexpr Action kDeliveredNews[] = {kAmend, kReopen, kView};
constexpr Action kViewedNews[] = {kAmend, kReopen};

constexpr Action kEndDo[] = {kPay};

constexpr Action kRecaptureDo[] = {kModify, kCancel, kPay, kRelease, kBind, kGiveUp};
constexpr Action kRecaptureNews[] = {kAcquire, kSign};
constexpr Action kHeldDo[] = {kModify,  kCancel,   kRecognize, kPay,
                              kRelease, kRedirect, kBind,      kGiveUp};
constexpr Action kHeldNews[] = {kSign};
constexpr Action kReturnedDo[] = {kModify, kCancel,  kRecognize, kPay,
                                  kAnswer, kRelease, kBind,      kGiveUp};
constexpr Action kReturnedNews[] = {kSign};
constexpr Action kWhileWaiting[] = {kCollect, kSend,  kReceive, kAcquire,
                                    kArchive, kQueue, kClaim,   kPreliminary};
constexpr Action kDeclinedDo[] = {kModify, kCancel, kPay, kHold, kRedirect, kGiveUp};
constexpr Action kDeclinedNews[] = {kSign};
constexpr Action kWhileDeclined[] = {kAcquire, kArchive};
constexpr Action kMovingDo[] = {kModify,  kCancel,   kPay,      kReturn,    kHold,  kRedirect,
                                kDecline, kEscalate, kHandOver, kRecapture, kGiveUp};
constexpr Action kMovingNews[] = {kQueue, kClaim, kPreliminary, kSign, kDeliver, kView};

constexpr std::span<const Action> kNothing = {};

constexpr StateRow kRows[] = {
    {kDraft, kAllFields, kDraftDo, kNothing, kNothing},
    {kSubmitted, kAllFields, kSubmittedDo, kSubmittedNews, kNothing},
    {kCollected, kWords, kSpecimenDo, kCollectedNews, kNothing},
    {kInTransit, kWords, kSpecimenDo, kInTransitNews, kNothing},
    {kReceived, kWords, kReceivedDo, kReceivedNews, kNothing},
    {kRejected, kWords, kRejectedDo, kRejectedNews, kNothing},
    {kAcquired, kWords, kEvidenceDo, kAcquiredNews, kNothing},
    {kArchivedVerified, kWords, kEvidenceDo, kArchivedNews, kNothing},
    {kQueued, kWords, kEvidenceDo, kQueuedNews, kNothing},
    {kClaimed, kClinicalFields | kBillingFields, kClaimedDo, kClaimedNews, kNothing},
    {kReadPreliminary, kClinicalFields | kBillingFields, kPreliminaryDo, kPreliminaryNews,
     kNothing},
    {kSigned, kNoFields, kDoneDo, kSignedNews, kNothing},
    {kDelivered, kNoFields, kDoneDo, kDeliveredNews, kNothing},
    {kViewed, kNoFields, kDoneDo, kViewedNews, kNothing},
    {kCancelled, kNoFields, kEndDo, kNothing, kNothing},
    {kRecognized, kNoFields, kEndDo, kNothing, kNothing},
    {kRecaptureRequested, kWords | kScheduleFields, kRecaptureDo, kRecaptureNews, kNothing},
    {kHeld, kWords, kHeldDo, kHeldNews, kWhileWaiting},
    {kReturnedForInformation, kWords | kPatientFields, kReturnedDo, kReturnedNews, kWhileWaiting},
    {kDeclined, kWords, kDeclinedDo, kDeclinedNews, kWhileDeclined},
    {kEscalated, kWords, kMovingDo, kMovingNews, kNothing},
    {kHandedOver, kWords, kMovingDo, kMovingNews, kNothing},
};
static_assert(std::size(kRows) == kStates);

constexpr std::string_view kStateNames[] = {"NONE",
                                            "DRAFT",
                                            "SUBMITTED",
                                            "COLLECTED",
                                            "IN_TRANSIT",
                                            "RECEIVED",
                                            "REJECTED",
                                            "ACQUIRED",
                                            "ARCHIVED_VERIFIED",
                                            "QUEUED",
                                            "CLAIMED",
                                            "READ_PRELIMINARY",
                                            "SIGNED",
                                            "DELIVERED",
                                            "VIEWED",
                                            "CANCELLED",
                                            "RECOGNIZED",
                                            "RECAPTURE_REQUESTED",
                                            "HELD",
                                            "RETURNED_FOR_INFORMATION",
                                            "DECLINED",
                                            "ESCALATED",
                                            "HANDED_OVER"};
static_assert(std::size(kStateNames) == kStates + 1);

const StateRow& RowOf(State state) {
  TJ_CHECK(state >= kDraft && static_cast<int>(state) <= kStates);
  return kRows[static_cast<int>(state) - 1];
}

bool Holds(std::span<const Action> actions, Action action) {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

// Where an order goes on from `state`: whoever had it has given it back.
State AfterInterruption(State state) {
  return state == kClaimed || state == kReadPreliminary ? kQueued : state;
}

void Enter(Order& order, Action action) {
  const Target target = TargetOf(action);
  State next = order.state;
  if (target.leads == Leads::kTo) next = target.state;
  if (target.leads == Leads::kOnward) {
    next = Waiting(order.state) && order.resume_state != kNone ? order.resume_state
                                                               : AfterInterruption(order.state);
  }
  if (Waiting(next) && !Waiting(order.state)) order.resume_state = AfterInterruption(order.state);
  if (!Waiting(next)) order.resume_state = kNone;
  order.state = next;
}

std::string Allowed(const StateRow& row) {
  std::string text;
  for (const Action action : row.actions)
    text += (text.empty() ? "" : ", ") + std::string(Name(action));
  return text.empty() ? "nothing" : text;
}

}  // namespace

std::span<const StateRow> StateTable() { return kRows; }

std::string_view Name(State state) { return kStateNames[static_cast<int>(state)]; }

std::string_view Name(Action action) {
  const ActionRow& row = kActionRows[static_cast<int>(action)];
  TJ_CHECK(row.action == action);
  return row.name;
}

std::string_view FieldNames(uint32_t field) {
  switch (field) {
    case kPatientFields:
      return "patient";
    case kExamFields:
      return "items";
    case kScheduleFields:
      return "schedule";
    case kUrgencyFields:
      return "urgency";
    case kClinicalFields:
      return "clinical";
    case kBillingFields:
      return "billing";
    default:
      return "";
  }
}

Target TargetOf(Action action) { return kActionRows[static_cast<int>(action)].target; }

bool Allows(State state, Action action) {
  const StateRow& row = RowOf(state);
  return Holds(row.actions, action) || Holds(row.news, action) || Holds(row.later, action);
}

bool MayChange(State state, uint32_t fields) { return (RowOf(state).fields & fields) == fields; }

bool Terminal(State state) { return state == kCancelled || state == kRecognized; }

bool Waiting(State state) { return state >= kRecaptureRequested; }

absl::Status Move(Order& order, Action action) {
  const StateRow& row = RowOf(order.state);
  if (!Holds(row.actions, action)) {
    return base::Conflict("STATE_NOT_ALLOWED", "an order in state " +
                                                   std::string(Name(order.state)) +
                                                   " does not allow " + std::string(Name(action)) +
                                                   ", only: " + Allowed(row));
  }
  Enter(order, action);
  return absl::OkStatus();
}

bool MoveByNews(Order& order, Action action) {
  const StateRow& row = RowOf(order.state);
  if (Holds(row.later, action)) {
    const State then = AfterInterruption(TargetOf(action).state);
    if (then <= order.resume_state)
      return false;  // Up to SIGNED the numbers are the order of progress.
    order.resume_state = then;
    return true;
  }
  if (!Holds(row.news, action) && !Holds(row.actions, action)) return false;
  Enter(order, action);
  return true;
}

bool NeedsDesk(const Order& order) {
  if (order.state == kHeld || order.state == kDeclined) return true;
  if (order.state == kDraft || Terminal(order.state) ||
      (order.state >= kSigned && order.state <= kViewed))
    return false;
  return order.routing.center_id.empty();
}

bool OnWorklist(const Order& order, const Item& item) {
  if (item.modality.empty() || Provisional(order)) return false;
  const bool paid = order.payment != Payment::kPending && order.payment != Payment::kRefunded;
  if (!paid && !GoesFirst(order)) return false;
  if (order.state == kRecaptureRequested) return true;
  // What the device has done is done, though its images may still be on their way.
  if (item.exam == Exam::kCompleted) return false;
  if (order.state == kAcquired) return item.study_instance_uids.empty();
  return order.state == kSubmitted;
}

bool IsLoad(State state) { return state >= kAcquired && state <= kReadPreliminary; }

}  // namespace tongjian::orders
