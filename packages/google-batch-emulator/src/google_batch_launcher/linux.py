"""Make system calls that Python 3.11 does not offer.

Sources: linux/sched.h, linux/mount.h, linux/prctl.h, linux/capability.h, asm-generic/unistd.h.
"""

import ctypes
import os
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUTS = 0x04000000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWPID = 0x20000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2

_SYS_MOUNT_SETATTR = 442
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36

_LAST_CAPABILITY = 40
# What Docker leaves to root in a container: chown, dac_override, fowner, fsetid, kill, setgid,
# setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
# Source: docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
_KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31})

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_namespaces(user: bool) -> None:
    """Make namespaces for mounts, processes and names; the next child is process 1 in them.

    Parameters
    ----------
    user
        Whether also for users: this user becomes root in it, and needs no rights outside.
    """
    uid, gid = os.geteuid(), os.getegid()
    flags = _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWPID
    _check(_libc.unshare(flags | (_CLONE_NEWUSER if user else 0)), "unshare")
    if user:
        Path("/proc/self/setgroups").write_text("deny", "ascii")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1", "ascii")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1", "ascii")
    # What is mounted from now on must not be seen outside.
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)


def mount(kind: str, target: Path, flags: int, data: str = "") -> None:
    """Mount a file system that has no device, such as proc or tmpfs."""
    _mount(kind, str(target), kind, flags, data)


def bind(source: Path, target: Path, read_only: bool = False) -> None:
    """Let a folder or file appear at another place, with everything mounted below it."""
    _mount(str(source), str(target), "", _MS_BIND | _MS_REC)
    if read_only:
        _make_read_only(str(target))


def layer(source: Path, target: Path, upper: Path, work: Path, user: bool) -> None:
    """Let a folder appear at another place, where what is written stays apart from it.

    Parameters
    ----------
    source
        The folder; it is never changed.
    target
        Where it appears.
    upper, work
        Empty folders of one file system, where the changes go.
    user
        Whether this is a namespace of users, which may not write trusted attributes.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    lower, over, aside = (_escaped(path) for path in (source, upper, work))
    data = f"lowerdir={lower},upperdir={over},workdir={aside}{',userxattr' if user else ''}"
    _mount("overlay", str(target), "overlay", MS_NODEV, data)


def _escaped(path: Path) -> str:
    """Write a path as the options of an overlay have it."""
    return "".join(f"\\{letter}" if letter in "\\:," else letter for letter in str(path))


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()
    )
    _check(result, f"mount {source} on {target}")


def _make_read_only(target: str) -> None:
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    done = _libc.syscall(
        _SYS_MOUNT_SETATTR,
        _AT_FDCWD,
        target.encode(),
        _AT_RECURSIVE,
        ctypes.byref(attributes),
        size,
    )
    if done == 0:
        return
    # Linux before 5.12: one mount at a time, with the flags that the source has and must keep.
    kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("none", target, "", _MS_REMOUNT | _MS_BIND | MS_RDONLY | kept)


def change_root(root: Path) -> None:
    """Make a folder, which must be a mount, the root; the old one is no longer reached."""
    os.chdir(root)
    # The old root is mounted over the new one, and then taken away.
    _check(_libc.pivot_root(b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount2")
    os.chdir("/")


def set_host_name(name: str) -> None:
    """Name the machine, as this namespace sees it."""
    _check(_libc.sethostname(name.encode(), len(name.encode())), "sethostname")


def die_with_parent(number: int) -> None:
    """Be sent a signal when the thread ends that started this process."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Become the parent of what descendants leave behind."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def drop_capabilities() -> None:
    """Leave to commands what root has in a container: they cannot change their mounts."""
    for capability in range(_LAST_CAPABILITY + 1):
        if capability not in _KEPT_CAPABILITIES:
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
