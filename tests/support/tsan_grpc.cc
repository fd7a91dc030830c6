// Goal: the thread sanitizer sees what orders threads inside Debian's gRPC and abseil, which are
// built without it; otherwise it reports every message that crosses gRPC as a race. Method: linked
// into the test programs of the tsan preset, it stands before the entries of those libraries and
// tells the sanitizer which call happens before which. It orders no more than they do: the holders
// of one absl::Mutex, the start of a gRPC operation and its end, a message's writing and its
// reading.
#include <absl/synchronization/mutex.h>
#include <dlfcn.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <link.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <unordered_map>
#include <utility>
#include <vector>

extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);

namespace {

template <class Function>
Function Next(const char* symbol) {
  void* const found = dlsym(RTLD_NEXT, symbol);
  if (found == nullptr) abort();
  return reinterpret_cast<Function>(found);
}

using Functor = grpc_completion_queue_functor;
using Run = void (*)(Functor*, int);

// What each callback in flight really runs. The lock is one the sanitizer does not see: it must
// order nothing.
class Callbacks {
 public:
  void Put(Functor* functor, Run run) {
    Lock();
    runs_[functor] = run;
    lock_.clear(std::memory_order_release);
  }
  Run Get(Functor* functor) {
    Lock();
    const Run run = runs_.at(functor);
    lock_.clear(std::memory_order_release);
    return run;
  }

 private:
  void Lock() {
    while (lock_.test_and_set(std::memory_order_acquire)) {
    }
  }
  std::atomic_flag lock_ = ATOMIC_FLAG_INIT;
  std::unordered_map<Functor*, Run> runs_;
};

Callbacks& TheCallbacks() {
  static auto* const callbacks = new Callbacks;
  return *callbacks;
}

using Ranges = std::vector<std::pair<uintptr_t, uintptr_t>>;

int AddCode(dl_phdr_info* info, size_t, void* ranges) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0)
      static_cast<Ranges*>(ranges)->emplace_back(begin, begin + part.p_memsz);
  }
  return 0;
}

// A tag of a queue of callbacks begins with the address of a function, that of another queue with
// that of a table.
bool IsCode(uintptr_t address) {
  static const auto* const ranges = [] {
    auto* const found = new Ranges;
    dl_iterate_phdr(&AddCode, found);
    return found;
  }();
  for (const auto& [begin, end] : *ranges) {
    if (address >= begin && address < end) return true;
  }
  return false;
}

// The bytes of a message that is sent, before they are read.
void ReleaseMessage(const grpc_op& op) {
  if (op.op != GRPC_OP_SEND_MESSAGE) return;
  const grpc_byte_buffer* const message = op.data.send_message.send_message;
  if (message == nullptr || message->type != GRPC_BB_RAW) return;
  const grpc_slice_buffer& slices = message->data.raw.slice_buffer;
  for (size_t i = 0; i < slices.count; ++i) {
    if (slices.slices[i].refcount != nullptr)
      __tsan_release(GRPC_SLICE_START_PTR(slices.slices[i]));
  }
}

void RunInOrder(Functor* functor, int ok) {
  __tsan_acquire(functor);
  TheCallbacks().Get(functor)(functor, ok);
}

}  // namespace

void absl::Mutex::Lock() {
  static const auto next = Next<void (*)(void*)>("_ZN4absl7debian35Mutex4LockEv");
  next(this);
  __tsan_acquire(this);
}

void absl::Mutex::Unlock() {
  static const auto next = Next<void (*)(void*)>("_ZN4absl7debian35Mutex6UnlockEv");
  __tsan_release(this);
  next(this);
}

bool absl::Mutex::TryLock() {
  static const auto next = Next<bool (*)(void*)>("_ZN4absl7debian35Mutex7TryLockEv");
  if (!next(this)) return false;
  __tsan_acquire(this);
  return true;
}

void absl::CondVar::Wait(absl::Mutex* mutex) {
  static const auto next =
      Next<void (*)(void*, void*)>("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE");
  __tsan_release(mutex);
  next(this, mutex);
  __tsan_acquire(mutex);
}

bool absl::CondVar::WaitWithTimeout(absl::Mutex* mutex, absl::Duration timeout) {
  static const auto next = Next<bool (*)(void*, void*, absl::Duration)>(
      "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  __tsan_release(mutex);
  const bool timed_out = next(this, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

bool absl::CondVar::WaitWithDeadline(absl::Mutex* mutex, absl::Time deadline) {
  static const auto next = Next<bool (*)(void*, void*, absl::Time)>(
      "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  __tsan_release(mutex);
  const bool timed_out = next(this, mutex, deadline);
  __tsan_acquire(mutex);
  return timed_out;
}

extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t nops, void* tag,
                                      void* reserved) {
  static const auto next = Next<decltype(&grpc_call_start_batch)>("grpc_call_start_batch");
  for (size_t i = 0; i < nops; ++i) ReleaseMessage(ops[i]);
  if (tag != nullptr) {
    auto* const functor = static_cast<Functor*>(tag);
    const Run run = functor->functor_run;
    if (run != &RunInOrder && IsCode(reinterpret_cast<uintptr_t>(run))) {
      TheCallbacks().Put(functor, run);
      functor->functor_run = &RunInOrder;
    }
    __tsan_release(tag);
  }
  return next(call, ops, nops, tag, reserved);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                      void* reserved) {
  static const auto next =
      Next<decltype(&grpc_completion_queue_next)>("grpc_completion_queue_next");
  const grpc_event event = next(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE && event.tag != nullptr) __tsan_acquire(event.tag);
  return event;
}

grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                       gpr_timespec deadline, void* reserved) {
  static const auto next =
      Next<decltype(&grpc_completion_queue_pluck)>("grpc_completion_queue_pluck");
  const grpc_event event = next(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

int grpc_byte_buffer_reader_peek(grpc_byte_buffer_reader* reader, grpc_slice** slice) {
  static const auto next =
      Next<decltype(&grpc_byte_buffer_reader_peek)>("grpc_byte_buffer_reader_peek");
  if (next(reader, slice) == 0) return 0;
  if ((*slice)->refcount != nullptr) __tsan_acquire(GRPC_SLICE_START_PTR(**slice));
  return 1;
}

}  // extern "C"
