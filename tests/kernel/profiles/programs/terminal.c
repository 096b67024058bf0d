/* Asks and sets the terminal on descriptor 0, then tries to type into it. Prints what came of it. */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int main(void) {
  struct termios mode;
  struct winsize size;
  int asked = tcgetattr(0, &mode);
  mode.c_lflag &= ~(tcflag_t)ECHO;
  int set = tcsetattr(0, TCSANOW, &mode);
  int sized = ioctl(0, TIOCGWINSZ, &size);
  int typed = ioctl(0, TIOCSTI, "x");
  printf("asked %d set %d sized %d typed %d errno %d\n", asked, set, sized, typed, errno);
  return 0;
}
