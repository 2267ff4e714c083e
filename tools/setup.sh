#!/bin/sh
# Installs what building nib's programs and tests needs and is missing: a C++20 compiler, CMake 3.25, Ninja, doctest and
# stb, through the system's package manager, as root or with sudo. Where nothing is missing it does nothing and needs no
# network. (Using the library needs a C++20 compiler alone.)
#
#   tools/setup.sh        for the presets
#   tools/setup.sh web    and for the drawing page: clang and a C++ library for WebAssembly, and Python
set -eu

say() { echo "setup: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

compiles() {
    command -v "${CXX:-c++}" >/dev/null 2>&1 &&
        printf '%s\n' "$1" | "${CXX:-c++}" -std=c++20 -fsyntax-only -x c++ - >/dev/null 2>&1
}

has_compiler() {
    compiles '#include <charconv>
        #include <concepts>
        #include <span>
        template <std::floating_point T> T parse(std::span<const char> s) {
            T value{};
            std::from_chars(s.data(), s.data() + s.size(), value);
            return value;
        }
        double f(std::span<const char> s) { return parse<double>(s); }'
}

has_cmake() {
    command -v cmake >/dev/null 2>&1 || return 1
    version=$(cmake --version | sed -n '1s/^cmake version \([0-9]*\.[0-9]*\).*/\1/p')
    case $version in
    [0-2].* | 3.? | 3.1? | 3.2[0-4] | '') return 1 ;;
    esac
}

has_ninja() { command -v ninja >/dev/null 2>&1; }

has_doctest() { compiles '#include <doctest/doctest.h>'; }

has_stb() {
    compiles '#include <stb_image.h>
        #include <stb_image_write.h>' ||
        compiles '#include <stb/stb_image.h>
            #include <stb/stb_image_write.h>'
}

# The clang that is there, or will be, and its library for wasm32-wasi; a program is linked, so that nothing is missing.
has_wasm() {
    program=$(mktemp) || return 1
    printf '#include <string>\nint main(int argc, char** argv) { return int(std::string(argv[argc - 1]).size()); }\n' |
        clang++ --target=wasm32-wasi -std=c++20 -x c++ - -o "$program" >/dev/null 2>&1
    status=$?
    rm -f "$program"
    return "$status"
}

has_python() { command -v python3 >/dev/null 2>&1; }

parts_needed="compiler cmake ninja doctest stb"
case ${1-} in
'') ;;
web) parts_needed="$parts_needed wasm python" ;;
*)
    echo "usage: tools/setup.sh [web]" >&2
    exit 2
    ;;
esac

# The parts that are missing, by the names below.
missing() {
    for part in $parts_needed; do
        "has_$part" || echo "$part"
    done
}

# Debian has the library for WebAssembly by clang's version.
debian_clang() { apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p'; }

# package PART: what the package manager calls it.
package() {
    case $manager-$1 in
    apt-get-wasm)
        version=$(debian_clang)
        if [ -z "$version" ]; then  # without lists of packages
            as_root apt-get update -q >&2
            version=$(debian_clang)
        fi
        echo "clang lld wasi-libc libc++-$version-dev-wasm32 libc++abi-$version-dev-wasm32 libclang-rt-$version-dev-wasm32"
        ;;
    pacman-wasm) echo clang lld wasi-libc wasi-libc++ wasi-libc++abi wasi-compiler-rt ;;
    *-wasm) fail "please install a clang++ that links programs for wasm32-wasi yourself" ;;
    apt-get-python | dnf-python) echo python3 ;;
    apt-get-compiler) echo g++ ;;
    dnf-compiler) echo gcc-c++ ;;
    pacman-compiler) echo gcc ;;
    apt-get-ninja | dnf-ninja) echo ninja-build ;;
    apt-get-doctest) echo doctest-dev ;;
    dnf-doctest) echo doctest-devel ;;
    apt-get-stb) echo libstb-dev ;;
    dnf-stb) echo stb_image-devel stb_image_write-devel ;;
    *) echo "$1" ;;
    esac
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "neither root nor sudo; install as root: $packages"
    fi
}

install_packages() {
    # The list of packages is meant to be split into words.
    # shellcheck disable=SC2086
    case $manager in
    apt-get)
        as_root apt-get update -q &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
        ;;
    dnf) as_root dnf install -y $packages ;;
    pacman) as_root pacman -S --needed --noconfirm $packages ;;
    esac
}

parts=$(missing)
[ -n "$parts" ] || exit 0

manager=
for candidate in apt-get dnf pacman; do
    if command -v "$candidate" >/dev/null 2>&1; then
        manager=$candidate
        break
    fi
done
[ -n "$manager" ] || fail "missing: $(echo "$parts" | tr '\n' ' ')- and there is no apt-get, dnf or pacman here:" \
    "please install a C++20 compiler, CMake 3.25 or newer, Ninja, doctest and stb yourself; for the drawing page a" \
    "clang++ that links programs for wasm32-wasi, and Python"

packages=
for part in $parts; do packages="$packages $(package "$part")" || exit 1; done
packages=${packages# }
say "installing with $manager: $packages"
install_packages >&2 || fail "$manager could not install: $packages"

parts=$(missing)
[ -z "$parts" ] || fail "still missing or too old after installing: $(echo "$parts" | tr '\n' ' ')" \
    "(needed: a C++20 compiler, CMake 3.25 or newer, Ninja, doctest, stb; for the drawing page clang for wasm32-wasi, Python)"
