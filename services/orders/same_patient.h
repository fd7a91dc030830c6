// Whether two descriptions of a patient can be one person's: pure rules, those of imaging's
// matching.
#pragma once

#include "services/orders/order.h"

namespace tongjian::orders {

enum class Likeness {
  kSame,
  kOther,
  kUnknown,  // One of them gives nothing to compare.
};

// The facility's own number decides first: equal ones are one person's, unless the names are of one
// script and differ (then an equal birth date must speak for a typing error), or of two scripts and
// the birth dates differ. Else the folded names decide, unless the birth dates contradict. Pinyin
// is never held against characters: there the birth dates must be equal and the sexes not
// contradict.
Likeness Compare(const Patient& a, const Patient& b);

}  // namespace tongjian::orders
