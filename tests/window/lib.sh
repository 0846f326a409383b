# shellcheck shell=bash
# Sourced by the scripts of this folder: a display of our own, the studio in it, keys and clicks, pictures, and questions
# to the project file. They drive the program as a person does; what they check, they read from the file that it leaves.
# environment:
#   PICTURES   where the pictures go (default: build/window/<name of the script>)

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
studio=$checkout/build/release/bin/attune-studio
# shellcheck disable=SC2034 # of the scripts
attune=$checkout/build/release/bin/attune
script=$(basename "$0" .sh)
pictures=${PICTURES:-$checkout/build/window/$script}
home=$(mktemp -d)
project=
displayPid=
managerPid=
studioPid=
studioWith=() # NAME=VALUE for the studio alone
picture=0

say() { printf '%s\n' "$*"; }

fail()
{
    say "$script: $*" >&2
    [ -z "$displayPid" ] || shot "failed" || true
    exit 1
}

needTools()
{
    local tool
    for tool in Xvfb openbox xdotool import sqlite3; do
        command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install xvfb openbox xdotool imagemagick sqlite3"
    done
    [ -x "$studio" ] || fail "$studio is not built."
}

endEverything()
{
    [ -z "$studioPid" ] || kill -9 "$studioPid" 2>/dev/null || true
    [ -z "$managerPid" ] || kill "$managerPid" 2>/dev/null || true
    [ -z "$displayPid" ] || kill "$displayPid" 2>/dev/null || true
    rm -rf "$home"
}
trap endEverything EXIT

# startDisplay [WIDTHxHEIGHT]: Xvfb on a free number, with a window manager, and settings of its own for the studio.
startDisplay()
{
    mkdir -p "$pictures" "$home/runtime"
    chmod 700 "$home/runtime"
    rm -f "$pictures"/*.png
    export XDG_DATA_HOME=$home/data XDG_CONFIG_HOME=$home/config XDG_STATE_HOME=$home/state XDG_RUNTIME_DIR=$home/runtime
    export QT_QPA_PLATFORM=xcb
    unset WAYLAND_DISPLAY
    Xvfb -displayfd 3 -screen 0 "${1:-1440x940}x24" -nolisten tcp 3>"$home/display" >/dev/null 2>&1 &
    displayPid=$!
    waitFor "the display" test -s "$home/display"
    DISPLAY=:$(cat "$home/display")
    export DISPLAY
    waitFor "the window manager" startManager
}

# Without it no window is ever active, and its shortcuts do nothing.
startManager()
{
    if [ -z "$managerPid" ] || ! kill -0 "$managerPid" 2>/dev/null; then
        openbox >/dev/null 2>&1 &
        managerPid=$!
        sleep 0.5
    fi
    xdotool get_num_desktops # which it alone can answer
}

# startStudio ARGUMENT...: opens the window and waits until it has the keyboard.
startStudio()
{
    env "${studioWith[@]}" "$studio" "$@" 2>>"$home/studio.err" &
    studioPid=$!
    waitFor "the studio's window" windowShown
    window=$(xdotool search --onlyvisible --name 'Attune$' | tail -1)
    xdotool windowactivate --sync "$window" 2>/dev/null || true
    sleep 1
}

windowShown() { xdotool search --onlyvisible --name 'Attune$' >/dev/null 2>&1; }

killStudio() # as the kernel would: nothing can be tidied up
{
    kill -9 "$studioPid"
    wait "$studioPid" 2>/dev/null || true
    studioPid=
}

# waitFor WHAT COMMAND...: until the command succeeds, half a minute at most (WAIT=seconds for longer).
waitFor()
{
    local what=$1 left=$((${WAIT:-30} * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || fail "waited in vain for $what."
        if [ -n "$studioPid" ] && ! kill -0 "$studioPid" 2>/dev/null; then
            fail "the studio ended while waiting for $what: $(tail -3 "$home/studio.err")"
        fi
        sleep 0.2
    done
}

# The pause is a person's: the next key comes after the window has drawn the last one.
keys() { local key; for key in "$@"; do xdotool key --clearmodifiers "$key"; sleep 0.15; done; }
write() { xdotool type --delay 15 -- "$1"; sleep 0.2; }
click() { xdotool mousemove "$1" "$2" click "${3:-1}"; sleep 0.3; }
drag() { xdotool mousemove "$1" "$2" mousedown 1 mousemove --sync "$((($1 + $3) / 2))" "$((($2 + $4) / 2))" mousemove --sync "$3" "$4"; sleep 0.3; xdotool mouseup 1; sleep 0.3; }

# act NAME: an action by the palette.
act()
{
    keys ctrl+k
    write "$1"
    sleep 0.4
    keys Return
    sleep 0.3
}

shot()
{
    picture=$((picture + 1))
    import -window root "$pictures/$(printf '%02d' "$picture")-$1.png"
}

ask() { sqlite3 -readonly "$project" "$1"; }

# expect SENTENCE SQL VALUE: the project file says so, now or within half a minute.
expect()
{
    local what=$1 sql=$2 value=$3
    # shellcheck disable=SC2317 # waitFor calls it
    answers() { [ "$(ask "$sql")" = "$value" ]; }
    waitFor "$what (wanted $value, is $(ask "$sql" 2>&1))" answers
    say "  held: $what"
}
