#!/usr/bin/env bash
# The labelling loop in the real window, by keys and mouse alone: open the sample, import a table with columns of other
# names, mend its broken line, label twenty rows, merge two rows that are nearly the same, move max_length, undo all of
# it, redo all of it, and lose nothing to kill -9.
#   usage: tests/window/label.sh
set -euo pipefail
# shellcheck source=tests/window/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

Live="deleted_at IS NULL"
# Everything that a person can change of a row; two equal answers are equal projects.
Rows="SELECT id, state, rating, tags, notes, part, messages FROM examples WHERE $Live ORDER BY id"

digest() { ask "$Rows" | md5sum | cut -d' ' -f1; }
digestIs() { [ "$(digest)" = "$1" ]; }

# A table of sixteen mails. Line 15 has a field too many; the last two mails differ in one word.
extra=";this field is one too many"
writeTable()
{
    cat >"$1" <<CSV
ticket;what the customer wrote;our reply;topic;stars
101;The kettle came with a dent near the spout. Can you send another one?;We are sorry. A new kettle leaves our house today.;damage;4
102;Where is my parcel? It has been on its way since last Monday.;It waits at the post office in your street.;delivery;3
103;I would like to give the blue curtains back, they are too short.;"Please use the label in the box; the money follows.";return;5
104;Does the oven fit under a worktop of 82 centimetres?;It needs 84 centimetres, so it does not.;question;2
105;My invoice still shows the old address of our office.;Here is a corrected invoice.;invoice;5
106;The garden chairs arrived as three instead of four.;The fourth chair was sent this morning.;delivery;4
107;How do I get the limescale out of the coffee machine?;Run it twice with citric acid, then with water.;question;5
108;Please cancel the sofa, we found one nearby.;The order is cancelled and nothing is charged.;cancel;3
109;The lamp flickers whenever the fridge starts.;"Try another socket first; if it goes on, we change the lamp.";damage;1
110;Can the gift card be used in the shop at the station?;Yes, in every shop of ours.;question;5
111;You charged my card twice for the same rug.;One of the two payments was returned just now.;invoice;2
112;The manual of the drill is missing its pages about safety.;The whole manual is attached as a file.;damage;4
113;Your driver was so kind to carry the wardrobe upstairs.;Thank you, we have told him so.;praise;5
114;The hinge of the cabinet squeaks.;A drop of oil helps.;damage;3$extra
115;The zip of the tent jams on the left side. I tried soap and a candle, and still it jams every time I open it in the morning.;Please send us a photo of the zip, then a new tent is yours.;damage;4
116;The zip of the tent jams on the left side. I tried soap and a candle, and still it jams every time I open it in the evening.;Please send us a photo of the zip, then a new tent is yours.;damage;5
CSV
}

# labelRow N: the keys of the Nth row; each ends on the next one.
labelRow()
{
    case $(($1 % 5)) in
        1) keys a ;;
        2) keys x ;;
        3) keys f j ;;
        4) keys 4 a ;;
        0)
            keys t
            write "checked twice"
            keys Return Escape n
            write "Ask the courier."
            keys Escape 2 j
            ;;
    esac
}

needTools
startDisplay 1440x940
writeTable "$home/tickets.csv"

say "open the sample project"
startStudio --sample
project=$XDG_DATA_HOME/attune/samples/support-mail.attune
waitFor "the sample project" test -s "$project"
# shellcheck disable=SC2317 # waitFor calls it
hasRows() { [ "$(ask "SELECT count(*) FROM examples")" -gt 0 ]; }
waitFor "its rows" hasRows
sampled=$(ask "SELECT count(*) FROM examples")
expect "all $sampled sample rows are checked" "SELECT value LIKE '$sampled %' FROM settings WHERE key = 'health_checked'" 1
sleep 1
before=$(digest)
shot "sample"

say "import a table with columns of other names"
keys ctrl+i
sleep 0.6
shot "import-empty"
keys Return
waitFor "the file dialog" xdotool search --onlyvisible --name '^Import rows'
write "$home/tickets.csv"
shot "import-file"
keys Return
sleep 2
shot "import-columns"
keys alt+Right
sleep 0.6
shot "import-check"
keys Return
sleep 0.4
keys ctrl+End
for _ in $(seq ${#extra}); do xdotool key BackSpace; done
sleep 0.2
shot "import-fix"
keys alt+Return
sleep 1.5
shot "import-fixed"
keys ctrl+Return
expect "all 16 rows came in, the mended one too" "SELECT count(*) FROM examples WHERE $Live AND id > $sampled" 16
expect "the mended row is what was typed" \
    "SELECT json_extract(messages, '\$[1].content') FROM examples WHERE messages LIKE '%hinge of the cabinet%'" "A drop of oil helps."
expect "stars and topics came with them" \
    "SELECT count(*) FROM examples WHERE id > $sampled AND rating > 0 AND tags <> '[]'" 16
expect "the new rows are checked" "SELECT value LIKE '$((sampled + 16)) %' FROM settings WHERE key = 'health_checked'" 1
sleep 1
shot "imported"

say "label twenty rows without the mouse"
keys g g
for row in $(seq 20); do
    labelRow "$row"
    case $row in 1 | 3 | 5) shot "labelled-$row" ;; esac
done
expect "8 rows are approved" "SELECT count(*) FROM examples WHERE state = 1" 8
expect "4 rows are flagged" "SELECT count(*) FROM examples WHERE state = 2" 4
expect "4 rows are rejected" "SELECT count(*) FROM examples WHERE state = 3" 4
expect "4 rows have the tag" "SELECT count(*) FROM examples WHERE tags LIKE '%\"checked twice\"%'" 4
expect "4 rows have the note" "SELECT count(*) FROM examples WHERE notes = 'Ask the courier.'" 4
expect "8 of them are rated" "SELECT count(*) FROM examples WHERE id <= $sampled AND rating IN (2, 4)" 8
shot "labelled"

say "merge the two rows that are nearly the same"
act "Review near duplicates"
sleep 1
shot "near-duplicates"
keys m
expect "one row of the pair is left" "SELECT count(*) FROM examples WHERE $Live AND messages LIKE '%zip of the tent%'" 1
sleep 0.5
shot "merged"
keys Escape Escape
sleep 1 # the pair goes away, and a hand needs its time to reach the line

say "move the max_length line"
drag 666 817 450 817
expect "max_length is shorter" "SELECT CAST(value AS INTEGER) BETWEEN 100 AND 300 FROM settings WHERE key = 'max_length'" 1
sleep 1
shot "max-length"
keys slash
write "problem:cut"
sleep 1
keys Return
shot "cut-rows"
keys ctrl+shift+f
sleep 0.5

say "undo everything, redo everything"
after=$(digest)
steps=$(ask "SELECT count(*) FROM edit_steps")
say "  $steps steps"
for _ in $(seq $((steps + 2))); do keys ctrl+z; done
waitFor "the project to be as it was" digestIs "$before"
say "  held: every row is as it was before the import"
shot "undone"
for _ in $(seq $((steps + 2))); do keys ctrl+shift+z; done
waitFor "the project to be as it became" digestIs "$after"
say "  held: every row is as it was before the undo"
shot "redone"

say "type, and be killed a second later"
keys g g e
sleep 0.3
write " Typed before the end."
sleep 1
killStudio
[ "$(ask "SELECT count(*) FROM examples WHERE $Live AND messages LIKE '%Typed before the end.%'")" = 1 ] ||
    fail "what was typed a second before the kill is lost."
say "  held: what was typed is in the file"
[ "$(ask "PRAGMA integrity_check")" = ok ] || fail "the project is damaged."
after=$(digest)
startStudio "$project"
sleep 3
shot "reopened"
digestIs "$after" || fail "opening the project changed it."
keys ctrl+z
expect "what was typed can still be undone" "SELECT count(*) FROM examples WHERE messages LIKE '%Typed before the end.%'" 0
expect "and with it what was wrong with the row" "SELECT count(*) FROM row_problems WHERE example = 1" 0
shot "undone-after-reopening"
say "all held; the pictures are in $pictures"
