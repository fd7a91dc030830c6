// SIGINT and SIGTERM, taken by waiting for them and never by a handler.
#pragma once

namespace tongjian::program {

// Blocks them in this thread and all it will start; SIGPIPE is ignored. To be called first in main.
void BlockSignals();

// Returns when one of them has come.
void WaitForSignal();

}  // namespace tongjian::program
