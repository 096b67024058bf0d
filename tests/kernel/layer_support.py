# Layer support: what the cases of kernel layers ask of the machine.
#
# In: nothing. Out: cases skipped by name where the kernel lacks something.
# Neighbours: layer_cases.py, listening_cases.py.
import ctypes

from harness import Skipped


def needs_landlock(version):
    abi = ctypes.CDLL(None).syscall(444, None, 0, 1)
    if abi < version:
        raise Skipped("Landlock ABI %d, here is %d" % (version, max(abi, 0)))
