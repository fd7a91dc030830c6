// How far a long work is, on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace tongjian::program {

// One line on standard error, written over and over; nothing where that is no terminal. Not safe
// for concurrent use.
class Progress {
 public:
  Progress();
  ~Progress();  // Clears the line.

  void Show(const char* step, int64_t files, int64_t bytes);

 private:
  const bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

// "3.4 GiB".
std::string SizeText(int64_t bytes);

}  // namespace tongjian::program
