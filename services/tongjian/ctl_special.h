// Commands of `tongjian ctl` that are more than one call.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/tongjian/ctl_session.h"

namespace tongjian::program {

// "login USER": asks for the password (or takes the first line of standard input where that is no
// terminal) and keeps the token.
absl::Status LogIn(const CtlOptions& options, const std::vector<std::string>& words);
// "studies fetch STUDY FOLDER": writes every instance to FOLDER/<number>.dcm, checked against its
// hash; progress on standard error.
absl::Status FetchStudy(const CtlOptions& options, const std::vector<std::string>& words);

}  // namespace tongjian::program
