// What the gateway says to devices that would delete their images.
#pragma once

#include <vector>

#include "common/acquisition/commitments.h"
#include "services/edge/catalog.h"
#include "services/edge/spool_store.h"

namespace tongjian::edge {

class Link;

// Safe for concurrent use; what it is given must outlive it.
class ClinicCommitment {
 public:
  // `by_spool`: what is durable here counts, whether or not the hub has it.
  ClinicCommitment(store::Database& database, blob::Store& blobs, Spool& spool, Link& link,
                   const Catalog& catalog, bool by_spool)
      : database_(database),
        blobs_(blobs),
        spool_(spool),
        link_(link),
        catalog_(catalog),
        by_spool_(by_spool) {}

  // By the hub's word: UNAVAILABLE until everything that is asked for has gone there and it has
  // answered. What the hub refused, or cannot be read here, is 0110.
  absl::StatusOr<std::vector<dicom::CommitmentVerdict>> Judge(
      const acquisition::Commitment& commitment) const;
  // The device's port as the registry has it, at its address there or else the one it called from.
  absl::StatusOr<dicom::Destination> Locate(const acquisition::Commitment& commitment) const;

 private:
  absl::StatusOr<std::vector<dicom::CommitmentVerdict>> Here(
      const acquisition::Commitment& commitment, bool* on_the_way) const;
  absl::Status AskHub(const acquisition::Commitment& commitment,
                      std::vector<dicom::CommitmentVerdict>& verdicts) const;

  store::Database& database_;
  blob::Store& blobs_;
  Spool& spool_;
  Link& link_;
  const Catalog& catalog_;
  const bool by_spool_;
};

}  // namespace tongjian::edge
