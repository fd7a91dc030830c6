// SIGINT and SIGTERM, taken by waiting for them and never by a handler.
#pragma once

namespace tongjian::program {

// Blocks them in this thread and all it will start: for a command that ends in order. The others
// are ended by them.
void BlockSignals();

// A reader that goes away is an error of write, not the end of the process. To be called first in
// main.
void IgnoreBrokenPipes();

// Returns when one of them has come.
void WaitForSignal();

}  // namespace tongjian::program
