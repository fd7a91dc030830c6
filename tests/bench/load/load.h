// Clients that measure, and the bare server beside which calls are measured. Each prints one line
// of JSON.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace tongjian::bench {

// "--name value" pairs; a name may come several times.
using Arguments = std::multimap<std::string, std::string>;

std::string Get(const Arguments& arguments, const std::string& name);
double GetNumber(const Arguments& arguments, const std::string& name);

// The value below which `share` (0 to 1) of `values` lie; sorts them. 0 of none.
double Quantile(std::vector<double>& values, double share);

// A gRPC server that answers CreateOrder with the order it got and does nothing else, over mutual
// TLS. --files PREFIX of its certificate and key, --ca FILE. Prints its port, and runs until it is
// ended.
int RunEcho(const Arguments& arguments);

// Clients that create orders, one behind the other on a connection each, for --seconds. --address,
// --ca, and for each group of clients --group "PREFIX of certificate and
// key,facility,clients,orders a second of the whole group or 0 for as many as go". With --count
// each client ends after so many orders. Prints of each group how many came back, how many failed,
// and the milliseconds they took (p50, p99).
int RunOrders(const Arguments& arguments);

// One client that associates, asks a modality worklist for one accession number and releases,
// --count times. --port,
// --called, --calling, --accession. Prints the milliseconds of each time and how many entries came.
int RunWorklist(const Arguments& arguments);

}  // namespace tongjian::bench
