"""Which area of the kernel a mail is about, by the lists that it went to. Pure."""

from __future__ import annotations

from collections.abc import Iterable

# Lists that everything goes to say nothing; of the others the one that is named first here decides.
_AREAS = {
    "nouveau": "nova / nouveau",
    "asahi": "asahi",
    "dri-devel": "graphics",
    "netdev": "networking",
    "linux-block": "block",
    "linux-nvme": "block",
    "linux-fsdevel": "file systems",
    "linux-erofs": "file systems",
    "linux-pci": "PCI and drivers",
    "linux-usb": "USB",
    "linux-pwm": "PWM",
    "linux-clk": "clocks",
    "linux-pm": "power, cpufreq",
    "linux-gpio": "GPIO",
    "linux-i2c": "I2C",
    "iommu": "DMA, IOMMU",
    "linux-mm": "memory",
    "lkmm": "locking, atomics",
    "rcu": "locking, atomics",
    "linux-modules": "modules",
    "linux-trace-kernel": "tracing",
    "kunit-dev": "tests",
    "linux-kselftest": "tests",
    "kasan-dev": "sanitizers",
    "linux-next": "linux-next",
    "linux-kbuild": "build",
    "llvm": "build",
    "ksummit": "kernel summit",
    "ksummit-discuss": "kernel summit",
    "tech-board-discuss": "kernel summit",
    "lsf-pc": "kernel summit",
    "linux-riscv": "RISC-V",
    "linux-arm-kernel": "Arm",
    "linux-mips": "MIPS",
    "linuxppc-dev": "PowerPC",
    "loongarch": "LoongArch",
    "linux-um": "UML",
    "linux-doc": "documentation",
    "workflows": "documentation",
}
CORE = "core and others"


def area(labels: Iterable[str]) -> str:
    """Return the area that a part's labels name."""
    lists = {label.removeprefix("list:") for label in labels if label.startswith("list:")}
    return next((name for list_, name in _AREAS.items() if list_ in lists), CORE)
