// Programmer errors end the process, in release builds too: a wrong assumption about a patient's data must not go on.
#pragma once

namespace tongjian::base {

[[noreturn]] void CheckFailed(const char* file, int line, const char* expression);

}  // namespace tongjian::base

#define TJ_CHECK(expression)                                               \
  do {                                                                     \
    if (!(expression)) [[unlikely]]                                        \
      ::tongjian::base::CheckFailed(__FILE__, __LINE__, #expression);      \
  } while (false)
