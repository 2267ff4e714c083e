"""Who is compared: the programs, and how each is run."""
import dataclasses
import subprocess

from runs import HERE, PYTHON, Program, compile_all, left_out

# How many threads nib is run with; as many cores are needed.
NIB_THREADS = (1, 2)

# Without it glibc returns large temporaries to the system at every step, which is no merit of nib's.
TUNED_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TRIM_THRESHOLD_": "2000000000",
    "MALLOC_TOP_PAD_": "100000000",
}


def openblas(threads=1):
    """OpenBLAS 0.3.21 does not know newer CPUs, and takes kernels for much older ones there."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        kernels = {"OPENBLAS_CORETYPE": "SkylakeX"} if "avx512f" in file.read() else {}
    return kernels | {"OPENBLAS_NUM_THREADS": str(threads)}


@dataclasses.dataclass
class Contestant:
    name: str
    command: list
    program: Program = None
    jobs: str = "AB"
    environment: dict = dataclasses.field(default_factory=dict)
    threads: int = 1
    against: str = None  # the contestant that it is compared with

    def build_values(self):
        if self.program is None:
            return {}
        return {"compile_seconds": self.program.compile_seconds, "stripped_bytes": [self.program.stripped_bytes]}


def of_program(name, program, **options):
    return Contestant(name, [str(program.path)], program, **options)


def eigen_program(folder, name, *flags):
    return Program(folder, name, "with_eigen.cpp", flags=["-O3", *flags, "-isystem", "/usr/include/eigen3"])


def keep_built(contestants, cores, rounds):
    """Compiles the programs of all contestants, and returns the contestants that can run."""
    programs = {entry.program.name: entry.program for entry in contestants if entry.program is not None}
    built = compile_all(programs.values(), cores, rounds)
    return [entry for entry in contestants if entry.program is None or entry.program.name in built]


def others(folder, cores):
    """nib, and other people's libraries."""
    nib = Program(folder, "nib", "with_nib.cpp")
    entries = []
    for threads in NIB_THREADS:
        name = "nib" if threads == 1 else f"nib, {threads} threads"
        if threads <= len(cores):
            entries.append(of_program(name, nib, threads=threads, against=None if threads == 1 else "nib"))
        else:
            left_out(name, f"--core names {len(cores)} core")
    eigen = eigen_program(folder, "eigen", "-march=native")
    keeps_subnormals = eigen_program(folder, "eigen_subnormals", "-march=native", "-DKEEP_SUBNORMALS")
    libtorch = Program(folder, "libtorch", "with_libtorch.cpp",
                       flags=["-O3", "-isystem", "/usr/include/torch/csrc/api/include"],
                       libraries=["-ltorch", "-ltorch_cpu", "-lc10"])
    dlib = Program(folder, "dlib", "with_dlib.cpp", flags=["-O3", "-march=native"], libraries=["-ldlib", "-lopenblas"])
    blas = TUNED_MALLOC | openblas()
    entries += [
        of_program("Eigen, -march=native", eigen, environment=TUNED_MALLOC, against="nib"),
        of_program("the same with subnormal numbers", keeps_subnormals, jobs="A", environment=TUNED_MALLOC, against="nib"),
        of_program("libtorch", libtorch, environment=blas, against="nib"),
        of_program("dlib, -march=native", dlib, environment=blas, against="nib"),
    ]
    if subprocess.run([PYTHON, "-c", "import torch, numpy"], capture_output=True).returncode == 0:
        torch = [PYTHON, str(HERE / "with_torch.py")]
        entries.append(Contestant("PyTorch, one tensor", torch + ["tensor"], environment=blas, against="nib"))
        entries.append(Contestant("PyTorch, DataLoader", torch + ["dataloader"], jobs="A", environment=blas,
                                  against="nib"))
    else:
        left_out("PyTorch", "not installed (python3-torch)")
    return entries


def builds(folder, _cores):
    """The same program of nib's, other compilers and flags."""
    entries = []
    for compiler, *flags in [("g++", "-O3"), ("g++", "-O2"), ("g++", "-O3", "-march=native"), ("clang++", "-O3"),
                             ("clang++", "-O2")]:
        name = " ".join([compiler, *flags])
        program = Program(folder, f"nib {name}", "with_nib.cpp", compiler=compiler, flags=flags)
        entries.append(of_program(name, program, against=None if not entries else entries[0].name))
    return entries


def levels(folder, _cores):
    """One build of nib at each instruction set, and Eigen built for that set."""
    nib = Program(folder, "nib", "with_nib.cpp")
    entries = []
    for level, flags in [("sse2", []), ("avx2", ["-mavx2", "-mfma"]), ("avx512", ["-march=native"])]:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            if (level if level != "avx512" else "avx512f") not in file.read():
                left_out(level, "this CPU has none")
                continue
        own = f"nib, NIB_CPU={level}"
        entries.append(of_program(own, nib, environment={"NIB_CPU": level}))
        eigen = eigen_program(folder, f"eigen {level}", *flags)
        entries.append(of_program(" ".join(["Eigen", *flags]), eigen, environment=TUNED_MALLOC, against=own))
    return entries
