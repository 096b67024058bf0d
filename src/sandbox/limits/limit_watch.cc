// Limit watch: see limit_watch.h.
#include "sandbox/limits/limit_watch.h"

#include <algorithm>
#include <csignal>

#include "kernel/processors.h"

namespace seclude::sandbox {
namespace {

using kernel::Waited;
using policy::Resource;

constexpr uint64_t shortest_look = 1'000'000;  // nanoseconds

bool ended_by(const Ending& ending, int signal) {
  const auto* signalled = std::get_if<Signalled>(&ending);
  return signalled != nullptr && signalled->signal == signal;
}

}  // namespace

LimitWatch::LimitWatch(Running& running) : running_(running) {
  if (running_.relay) running_.relay->let_go();
}

bool LimitWatch::idle() const {
  const bool alarm = running_.group && running_.group->alarm().descriptor >= 0;
  return !running_.time && !running_.relay && !alarm;
}

uint64_t LimitWatch::cpu_time() const {
  const uint64_t own = running_.process.cpu_time();
  return running_.group ? std::max(own, running_.group->cpu_time()) : own;
}

std::optional<uint64_t> LimitWatch::next_look() const {
  if (!running_.time) return std::nullopt;
  std::optional<uint64_t> next;
  if (running_.time->wall) next = running_.started + *running_.time->wall;
  if (running_.time->processor) next = std::min(next.value_or(UINT64_MAX), look_at_cpu_);
  return next;
}

std::optional<Resource> LimitWatch::look(const Waited& alarm) {
  if (alarm.ready && running_.group->alarm_rings()) return Resource::Memory;
  if (running_.relay && running_.relay->over()) return Resource::Output;
  if (!running_.time) return std::nullopt;
  const uint64_t time = kernel::now();
  if (running_.time->wall && time >= running_.started + *running_.time->wall) return Resource::Time;
  const auto limit = running_.time->processor;
  if (!limit || time < look_at_cpu_) return std::nullopt;
  const uint64_t used = cpu_time();
  if (used >= *limit) return Resource::CpuTime;
  // All processors together cannot use up the rest before.
  look_at_cpu_ = time + std::max(shortest_look, (*limit - used) / kernel::processors());
  return std::nullopt;
}

Result<std::optional<Resource>> LimitWatch::wait(const kernel::Fd* inbox,
                                                 std::optional<uint64_t> until, bool program) {
  for (;;) {
    if (running_.relay) running_.relay->pump();
    std::vector<Waited> items = {{program ? running_.process.pidfd().number() : -1},
                                 {inbox != nullptr ? inbox->number() : -1},
                                 running_.group ? running_.group->alarm() : Waited{}};
    if (running_.relay)
      for (const Waited& item : running_.relay->waiting()) items.push_back(item);
    if (const auto reached = look({})) return reached;
    const auto next = next_look();
    const auto first = next && until ? std::min(*next, *until) : next ? next : until;
    TRY_VOID(kernel::wait_for_any(items, first));
    if (const auto reached = look(items[2])) return reached;
    if (until && kernel::now() >= *until) return Resource::Time;
    if (items[0].ready || items[1].ready) return std::optional<Resource>();
  }
}

void LimitWatch::end_all() {
  (void)running_.process.signal(SIGKILL);
  if (running_.group) running_.group->end_all();
  if (running_.init) (void)running_.init->signal(SIGKILL);
}

void LimitWatch::pass_on_the_rest(kernel::SignalInbox* inbox) {
  if (!running_.relay) return;
  Relay& relay = *running_.relay;
  relay.end();
  for (relay.pump(); !relay.empty(); relay.pump()) {
    // Whoever is in front of a terminal does not have to wait for a reader that sleeps.
    while (const auto arrived = inbox != nullptr ? inbox->next() : std::nullopt)
      if (arrived->number != SIGCHLD && arrived->number != SIGCONT) return;
    std::vector<Waited> items = relay.waiting();
    if (inbox != nullptr) items.push_back({inbox->fd().number()});
    if (!kernel::wait_for_any(items, std::nullopt)) return;
  }
}

Ending LimitWatch::judge(Ending ending, const kernel::ResourceUse& use,
                         std::optional<Resource> by_us) const {
  const bool killed = ended_by(ending, SIGKILL);
  if (killed && by_us == Resource::Time) return TimeLimit{};
  if (killed && by_us) return OverLimit{*by_us};
  // Whatever the program makes of it that one of its processes is gone, or its output cut.
  if (running_.group && running_.group->killed_for_memory()) return OverLimit{Resource::Memory};
  if (running_.relay && running_.relay->over()) return OverLimit{Resource::Output};
  if (running_.limits_files && ended_by(ending, SIGXFSZ)) return OverLimit{Resource::FileSize};
  // The kernel's own limit, which is a little higher, was there first: the launcher was stopped.
  const auto limit = running_.time ? running_.time->processor : std::nullopt;
  if (limit && (killed || ended_by(ending, SIGXCPU)) && use.user + use.system >= *limit)
    return OverLimit{Resource::CpuTime};
  return ending;
}

void LimitWatch::complete(Usage& usage) const {
  if (!running_.group) return;
  const kernel::GroupUse use = running_.group->use();
  usage.user = std::max(usage.user, use.user.value_or(0));
  usage.system = std::max(usage.system, use.system.value_or(0));
  if (use.peak_memory) {
    usage.peak_memory = *use.peak_memory;
    usage.peak_memory_exact = true;
  }
  usage.read = use.read;
  usage.written = use.written;
}

bool LimitWatch::refused_tasks() const { return running_.group && running_.group->refused_tasks(); }

}  // namespace seclude::sandbox
