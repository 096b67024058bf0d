// Attempts at the terminal that the program was started from.
//
// In: descriptor 0 is the controlling terminal, and somebody outside has it open. Out: attack.h.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "attack.h"
#include "support.h"

namespace seclude::attacks {
namespace {

bool type(const World&) { return ioctl(0, TIOCSTI, "\n") == 0; }
bool type_by_path(const World&) {
  const int terminal = open("/dev/tty", O_RDWR);
  return terminal >= 0 && ioctl(terminal, TIOCSTI, "\n") == 0;
}
bool resize(const World&) {
  const winsize size = {77, 77, 0, 0};
  return ioctl(0, TIOCSWINSZ, &size) == 0;
}
bool open_by_path(const World&) { return made(open("/dev/tty", O_RDWR)); }
bool steal(const World&) {
  // Where it is the session's already, taking it is taking it from the others.
  return ioctl(0, TIOCSCTTY, 1) == 0;
}
bool hang_up(const World&) {
  signal(SIGHUP, SIG_IGN);
  return vhangup() == 0;
}
bool hang_up_by_ioctl(const World&) {
  signal(SIGHUP, SIG_IGN);
  constexpr unsigned long vhangup_command = 0x5437;
  return ioctl(0, vhangup_command) == 0;
}
bool change_discipline(const World&) {
  const int slip = 1;
  return ioctl(0, TIOCSETD, &slip) == 0;
}
bool change_modes(const World&) {
  termios modes;
  if (tcgetattr(0, &modes) != 0) return false;
  modes.c_lflag &= static_cast<tcflag_t>(~ECHO);
  return tcsetattr(0, TCSANOW, &modes) == 0;
}
bool lock_modes(const World&) {
  termios modes = {};
  return ioctl(0, TIOCSLCKTRMIOS, &modes) == 0;
}
bool exclude_others(const World&) { return ioctl(0, TIOCEXCL) == 0; }
bool give_away(const World&) {
  signal(SIGHUP, SIG_IGN);
  signal(SIGCONT, SIG_IGN);
  return ioctl(0, TIOCNOTTY) == 0;
}

constexpr Attempt attempts[] = {
    {"type", "type into it (TIOCSTI), as if somebody sat there", type, Effect::Terminal,
     by_default | by_launch, at_terminal | of_root},
    {"type-by-path", "type into /dev/tty", type_by_path, Effect::Terminal, by_default | by_launch,
     at_terminal | of_root},
    {"open-terminal", "open /dev/tty, whatever its descriptors are", open_by_path, Effect::Word,
     by_paths, at_terminal},
    {"resize", "change its size, which signals whoever listens", resize, Effect::Terminal, 0,
     at_terminal},
    {"steal-terminal", "take it for its own session", steal, Effect::Word, 0, at_terminal},
    {"hang-up", "hang it up (`vhangup`)", hang_up, Effect::Word, by_default | by_launch,
     at_terminal | of_root},
    {"hang-up-by-ioctl", "hang it up (TIOCVHANGUP)", hang_up_by_ioctl, Effect::Word, by_launch,
     at_terminal | of_root},
    {"line-discipline", "give it another line discipline", change_discipline, Effect::Word, 0,
     at_terminal | of_root | if_present},
    {"change-modes", "turn its echo off", change_modes, Effect::Terminal, 0, at_terminal},
    {"lock-modes", "lock its modes", lock_modes, Effect::Word, by_launch, at_terminal | of_root},
    {"exclude-others", "let nobody open it any more", exclude_others, Effect::Terminal, 0,
     at_terminal},
    {"give-away", "leave its session without a terminal", give_away, Effect::Word, 0, at_terminal},
};

}  // namespace

Table terminal_attempts() { return attempts; }

}  // namespace seclude::attacks
