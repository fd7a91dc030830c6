// The ways of an order: which state allows what, and where that leads. README.md shows the same
// table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/base/status.h"
#include "services/orders/order.h"

namespace tongjian::orders {

// What people do and what news does. Reading's own returns are the same actions as the desk's.
enum class Action {
  kSubmit,
  kModify,
  kCancel,
  kRecognize,
  kPay,
  kReturn,
  kAnswer,
  kHold,
  kRelease,
  kRedirect,
  kDecline,
  kEscalate,
  kHandOver,
  kRecapture,
  kBind,    // Takes over a provisional order's evidence.
  kGiveUp,  // A provisional order whose evidence a HIS order took over.
  kCollect,
  kSend,
  kReceive,
  kReject,
  kAcquire,
  kArchive,
  kQueue,
  kClaim,
  kPreliminary,
  kSign,
  kAmend,
  kReopen,
  kLose,  // Its only study was moved to another order.
  kDeliver,
  kView,
};

// Groups of fields that change together.
enum Fields : uint32_t {
  kNoFields = 0,
  kPatientFields = 1,    // The patient's words.
  kExamFields = 2,       // Items, recording facility.
  kScheduleFields = 4,   // Scheduled time and AE title.
  kUrgencyFields = 8,    // Priority and patient class.
  kClinicalFields = 16,  // Clinical information, requester, encounter, recognition basis.
  kBillingFields = 32,   // Billing party, placer order number.
  kAllFields = 63,
};

// One row of the table. `later`: news that does not end the waiting but moves the state to go back
// to.
struct StateRow {
  State state;
  uint32_t fields;
  std::span<const Action> actions;
  std::span<const Action> news;
  std::span<const Action> later;
};
std::span<const StateRow> StateTable();

// The names as in the proto, without prefix: "QUEUED". Actions: "hand over".
std::string_view Name(State state);
std::string_view Name(Action action);
std::string_view FieldNames(uint32_t field);

// Where an action leads: a fixed state, or kNone where it stays, or goes on where it was (Onward).
enum class Leads { kTo, kStays, kOnward };
struct Target {
  Leads leads;
  State state;
};
Target TargetOf(Action action);

// Whether the table lets `state` take `action` (as people's action, news or later).
bool Allows(State state, Action action);
bool MayChange(State state, uint32_t fields);
// No way leads on: cancelled, recognized.
bool Terminal(State state);
// Waits for somebody's answer, with a state to go back to.
bool Waiting(State state);

// Moves the order by a person's action. FAILED_PRECONDITION (STATE_NOT_ALLOWED) names the state and
// what it allows.
absl::Status Move(Order& order, Action action);
// Moves it by news. False where the table ignores the news in this state: it comes late or twice.
bool MoveByNews(Order& order, Action action);

// Whether the desk must act: no center, declined, held.
bool NeedsDesk(const Order& order);
// Whether a device may find this item on its worklist now: submitted and paid for (or going first),
// not recorded yet and not said to be done by the device.
bool OnWorklist(const Order& order, const Item& item);
// Counts into its center's load: waiting to be read or being read.
bool IsLoad(State state);

}  // namespace tongjian::orders
