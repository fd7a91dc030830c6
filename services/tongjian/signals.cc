#include "services/tongjian/signals.h"

#include <signal.h>

#include "common/base/check.h"

namespace tongjian::program {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

void BlockSignals() {
  const sigset_t signals = StopSignals();
  TJ_CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
}

void IgnoreBrokenPipes() { TJ_CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR); }

void WaitForSignal() {
  const sigset_t signals = StopSignals();
  int received = 0;
  TJ_CHECK(sigwait(&signals, &received) == 0);
}

}  // namespace tongjian::program
