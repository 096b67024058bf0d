// Figures: what a program costs on recorded calls.
//
// In: a program, the policy it stands for, recorded mixes. Out: instructions executed per call, the
// mean of the mixes' means, so that the program recorded longest does not decide.
// Neighbours: measure_filters.cc.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "filter/diagram.h"
#include "filter/program.h"
#include "reference.h"

namespace seclude::bench {

struct Means {
  double allowed = 0;  // per allowed call
  double unseen = 0;   // over gcc, python and redis, which the default weights were not made from
  double checked = 0;  // per allowed call whose arguments the policy looks at
};

Means means_of(const filter::Program& program, const PolicyFile& policy,
               const std::vector<Mix>& mixes);

// What no program falls below that looks at the architecture and, by a tree of == and >=, at the
// number before it looks at arguments: each mean on its own, however long the program is. Of
// arguments, only the words are counted that an answer must look at (bounds.h).
struct LeastMeans {
  double allowed = 0, checked = 0;
};
LeastMeans least_means(filter::Store& store, const filter::Runs& runs,
                       const filter::Program& program, const PolicyFile& policy,
                       const std::vector<Mix>& mixes);

// How often the mixes make each call, as `--weights` takes it: each mix counts alike.
std::map<std::string, double, std::less<>> weights_of(const std::vector<Mix>& mixes);

std::vector<Mix> read_mixes(const std::string& folder);

}  // namespace seclude::bench
