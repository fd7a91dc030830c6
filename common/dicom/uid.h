// Unique identifiers and AE titles: what a peer may call itself and its objects, and the ones this
// system names.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tongjian::dicom {

namespace uids {
constexpr std::string_view kImplicitLittleEndian = "1.2.840.10008.1.2";
constexpr std::string_view kExplicitLittleEndian = "1.2.840.10008.1.2.1";
constexpr std::string_view kDeflatedLittleEndian = "1.2.840.10008.1.2.1.99";
constexpr std::string_view kExplicitBigEndian = "1.2.840.10008.1.2.2";
constexpr std::string_view kVerification = "1.2.840.10008.1.1";
constexpr std::string_view kStorageCommitment = "1.2.840.10008.1.20.1";
constexpr std::string_view kStorageCommitmentInstance = "1.2.840.10008.1.20.1.1";
constexpr std::string_view kModalityPerformedProcedureStep = "1.2.840.10008.3.1.2.3.3";
constexpr std::string_view kPatientRootFind = "1.2.840.10008.5.1.4.1.2.1.1";
constexpr std::string_view kPatientRootMove = "1.2.840.10008.5.1.4.1.2.1.2";
constexpr std::string_view kStudyRootFind = "1.2.840.10008.5.1.4.1.2.2.1";
constexpr std::string_view kStudyRootMove = "1.2.840.10008.5.1.4.1.2.2.2";
constexpr std::string_view kPatientRootGet = "1.2.840.10008.5.1.4.1.2.1.3";
constexpr std::string_view kStudyRootGet = "1.2.840.10008.5.1.4.1.2.2.3";
constexpr std::string_view kModalityWorklistFind = "1.2.840.10008.5.1.4.31";
// Ours, in files and associations.
constexpr std::string_view kImplementationClass = "2.25.308412966210938541721946613294070812213";
constexpr std::string_view kImplementationVersion = "TONGJIAN_010";
}  // namespace uids

// 1 to 64 characters of [0-9.], no empty component. Components with leading zeros are tolerated:
// devices make them.
bool ValidUid(std::string_view uid);
// INVALID_ARGUMENT naming `field`; the value itself is not in the message.
absl::Status CheckUid(std::string_view field, std::string_view uid);
// 1 to 16 characters of [A-Za-z0-9_@:-] and single inner spaces, after padding is taken off. Dots,
// slashes, shell characters, control characters and bytes above 0x7E are refused: an AE title must
// never mean something elsewhere.
bool ValidAeTitle(std::string_view title);
// Value padding (spaces, NUL) taken off both ends.
std::string_view TrimPadding(std::string_view value);
// A new UID below 2.25 (PS3.5 B.2) from 122 random bits.
std::string NewUid();

// True for the standard storage classes, known or still to come, and for private classes: whatever
// may be stored.
bool IsStorageClass(std::string_view uid);
// True for every transfer syntax but the three uncompressed ones and deflate: pixel data is in
// fragments.
bool IsEncapsulated(std::string_view transfer_syntax_uid);

}  // namespace tongjian::dicom
