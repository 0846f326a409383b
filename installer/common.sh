# shellcheck shell=bash
# Sourced by setup, run and test: where things live, words to the user, timed phases.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }

die()
{
    printf 'attune: %s\n' "$*" >&2
    exit 1
}

# Prints the comment at the head of the script as its help.
printHelp() { sed -n '2,/^$/ { /^$/d; s/^# \{0,1\}//; p }' "$0"; }

# The same rule as attune::cacheFolder() in core/base/files.h, but absolute, because the scripts change folder.
findCacheFolder()
{
    if [ -n "${ATTUNE_CACHE:-}" ]; then
        realpath -ms -- "$ATTUNE_CACHE"
    elif [ -n "${XDG_CACHE_HOME:-}" ]; then
        realpath -ms -- "$XDG_CACHE_HOME/attune"
    elif [ -n "${HOME:-}" ]; then
        realpath -ms -- "$HOME/.cache/attune"
    else
        die "HOME is not set, so there is no cache folder: set ATTUNE_CACHE to a folder that may grow to 2 GB."
    fi
}

cache=$(findCacheFolder)
export ATTUNE_CACHE=$cache # so that CMake and the program look in the same place
if [ -n "${LIBTORCH_ROOT:-}" ]; then
    LIBTORCH_ROOT=$(realpath -ms -- "$LIBTORCH_ROOT")
    export LIBTORCH_ROOT
fi

# Compilers, tests and ccache write temporary files: into the checkout and the cache, nowhere else.
keepFilesInside()
{
    mkdir -p "$checkout/build/tmp" || die "Cannot write to $checkout/build: check the folder's permissions."
    export TMPDIR=$checkout/build/tmp
    if [ -z "${CCACHE_DIR:-}" ]; then
        export CCACHE_DIR=$cache/ccache CCACHE_TEMPDIR=$cache/ccache/tmp
    fi
}

# phase NAME COMMAND...: runs the command, prints the time it took, and ends the script with its status where it fails.
phase()
{
    local name=$1 begin=${EPOCHREALTIME//[.,]/} status=0 tenths
    shift
    "$@" || status=$?
    tenths=$(((${EPOCHREALTIME//[.,]/} - begin + 50000) / 100000))
    if [ "$status" -ne 0 ]; then
        say "-- $name failed after $((tenths / 10)).$((tenths % 10)) s"
        exit "$status"
    fi
    say "-- $name: $((tenths / 10)).$((tenths % 10)) s"
}

# -U: a build folder may remember the torch folder of an earlier cache or LIBTORCH_ROOT.
configure() { cmake --preset release -U 'AttuneTorch_*' --log-level=WARNING; }

# As many compilers at once as there are processors and memory (a file that includes ATen takes about 1.5 GB).
compilerCount()
{
    local processors memory
    processors=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo)
    if [ "$memory" -lt 1 ]; then memory=1; fi
    echo $((memory < processors ? memory : processors))
}
