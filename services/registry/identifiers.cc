#include "services/registry/identifiers.h"

#include <algorithm>

#include "services/registry/days.h"

namespace tongjian::registry {
namespace {

constexpr size_t kResidentSize = 18;
constexpr int kResidentWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
constexpr std::string_view kResidentChecks = "10X98765432";

constexpr size_t kCreditSize = 18;
constexpr int kCreditWeights[] = {1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28};
constexpr std::string_view kCreditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<ResidentNumber> ReadResidentNumber(std::string_view number) {
  if (number.size() != kResidentSize) return std::nullopt;
  const std::string_view digits = number.substr(0, kResidentSize - 1);
  if (!std::all_of(digits.begin(), digits.end(), IsDigit)) return std::nullopt;
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) sum += (digits[i] - '0') * kResidentWeights[i];
  const char last = number.back() == 'x' ? 'X' : number.back();
  if (kResidentChecks[sum % 11] != last) return std::nullopt;
  ResidentNumber result;
  result.birth_date = std::string(digits.substr(6, 4)) + "-" + std::string(digits.substr(10, 2)) +
                      "-" + std::string(digits.substr(12, 2));
  if (!IsDay(result.birth_date)) return std::nullopt;
  result.male = (digits[16] - '0') % 2 == 1;
  return result;
}

bool IsCreditCode(std::string_view code) {
  if (code.size() != kCreditSize) return false;
  int sum = 0;
  for (size_t i = 0; i < kCreditSize - 1; ++i) {
    const size_t value = kCreditAlphabet.find(code[i]);
    if (value == std::string_view::npos) return false;
    sum += static_cast<int>(value) * kCreditWeights[i];
  }
  return kCreditAlphabet[(31 - sum % 31) % 31] == code.back();
}

bool IsRecordId(std::string_view id) {
  if (id.empty() || id.size() > 64 || id.front() == '-' || id.back() == '-') return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || IsDigit(c) || c == '-'; });
}

bool IsAeTitle(std::string_view title) {
  if (title.empty() || title.size() > 16 || title.front() == ' ' || title.back() == ' ')
    return false;
  return std::all_of(title.begin(), title.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
}

}  // namespace tongjian::registry
