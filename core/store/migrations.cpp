#include "core/store/row_writer.h"
#include "core/store/schema.h"

namespace attune {

namespace {

// Times are ISO 8601 in UTC. Lists and settings are JSON text. Enumerations are the numbers of core/data/example.h
// and core/store/project.h.
constexpr const char *Version1 = R"sql(
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Import order is the order of ids. Equal rows are refused on import, but may come about by editing.
CREATE TABLE examples (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    messages TEXT NOT NULL,
    part INTEGER,
    state INTEGER NOT NULL DEFAULT 0,
    rating INTEGER NOT NULL DEFAULT 0,
    tags TEXT NOT NULL DEFAULT '[]',
    notes TEXT NOT NULL DEFAULT '',
    content_hash TEXT NOT NULL,
    origin_file TEXT NOT NULL DEFAULT '',
    origin_line INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT
);
CREATE INDEX examples_by_hash ON examples (content_hash);

CREATE TABLE example_history (
    id INTEGER PRIMARY KEY,
    example INTEGER NOT NULL REFERENCES examples (id) ON DELETE CASCADE,
    changed_at TEXT NOT NULL,
    field TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE INDEX example_history_by_example ON example_history (example);

-- What a run saw: contents and parts, not labels. Equal contents are kept once, for all snapshots.
CREATE TABLE row_versions (
    id INTEGER PRIMARY KEY,
    content_hash TEXT NOT NULL UNIQUE,
    messages TEXT NOT NULL
);
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE
);
CREATE TABLE snapshot_members (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    example INTEGER NOT NULL,
    version INTEGER NOT NULL REFERENCES row_versions (id),
    part INTEGER,
    PRIMARY KEY (snapshot, ordinal)
) WITHOUT ROWID;

-- holder tells a process from a later one with the same pid.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    snapshot INTEGER REFERENCES snapshots (id),
    settings TEXT NOT NULL,
    model TEXT NOT NULL,
    model_path TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    machine TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    pid INTEGER NOT NULL DEFAULT 0,
    holder TEXT NOT NULL DEFAULT '',
    heartbeat REAL NOT NULL DEFAULT 0
);

-- A value that is not a number (a loss that blew up) is NULL.
CREATE TABLE metrics (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    value REAL,
    PRIMARY KEY (run, step, name)
) WITHOUT ROWID;

CREATE TABLE run_log (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    logged_at TEXT NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX run_log_by_run ON run_log (run);

-- checksum is XXH3 (64 bits) of the chunk's data.
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    size INTEGER NOT NULL
);
CREATE TABLE blob_chunks (
    blob INTEGER NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (blob, ordinal)
);

CREATE TABLE checkpoints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    validation_loss REAL,
    best INTEGER NOT NULL DEFAULT 0,
    adapter INTEGER NOT NULL REFERENCES blobs (id),
    state INTEGER REFERENCES blobs (id),
    created_at TEXT NOT NULL
);
CREATE INDEX checkpoints_by_run ON checkpoints (run);
CREATE INDEX checkpoints_by_adapter ON checkpoints (adapter);
CREATE INDEX checkpoints_by_state ON checkpoints (state);

CREATE TABLE prompt_templates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE test_sets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    prompts TEXT NOT NULL,
    created_at TEXT NOT NULL
);

-- run is NULL for the base model.
CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER REFERENCES runs (id) ON DELETE CASCADE,
    checkpoint TEXT NOT NULL DEFAULT '',
    part INTEGER NOT NULL,
    test_set INTEGER REFERENCES test_sets (id),
    summary TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX evaluations_by_run ON evaluations (run);
CREATE TABLE evaluation_examples (
    evaluation INTEGER NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    example INTEGER NOT NULL,
    answer TEXT NOT NULL,
    scores TEXT NOT NULL,
    PRIMARY KEY (evaluation, ordinal)
) WITHOUT ROWID;

CREATE TABLE comparisons (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    prompt TEXT NOT NULL,
    answers TEXT NOT NULL,
    sampling TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL
);
CREATE TABLE votes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    comparison INTEGER NOT NULL REFERENCES comparisons (id) ON DELETE CASCADE,
    choice TEXT NOT NULL,
    blind INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
);
CREATE INDEX votes_by_comparison ON votes (comparison);
)sql";

// What the Data workspace needs: an index of the rows that lists, counts and searches 100,000 of them in no time, and
// the journal that undo walks.
constexpr const char *Version2 = R"sql(
-- The index: all of it follows from the tables examples, token_counts and row_problems, and RowIndex alone writes it.
-- row_facts has a line for each row that is not deleted; it is narrow, since lists and counts walk all of it.
CREATE TABLE source_files (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE row_facts (
    id INTEGER PRIMARY KEY REFERENCES examples (id) ON DELETE CASCADE,
    part INTEGER,
    state INTEGER NOT NULL,
    rating INTEGER NOT NULL,
    turns INTEGER NOT NULL,
    tokens INTEGER,
    trained INTEGER,
    problems INTEGER NOT NULL,
    file INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    system INTEGER NOT NULL
);
CREATE TABLE row_heads (
    id INTEGER PRIMARY KEY REFERENCES examples (id) ON DELETE CASCADE,
    prompt TEXT NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX row_heads_by_prompt ON row_heads (substr(prompt, 1, 48) COLLATE NOCASE);
CREATE INDEX row_heads_by_answer ON row_heads (substr(answer, 1, 48) COLLATE NOCASE);
CREATE TABLE row_tags (
    tag TEXT NOT NULL,
    example INTEGER NOT NULL REFERENCES examples (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, example)
) WITHOUT ROWID;
CREATE INDEX row_tags_by_example ON row_tags (example);
-- Words of all rows, deleted ones too, so that undoing an import costs nothing here. The index of first letters is for
-- the first key that someone types: a beginning of two letters or more has so few words that an index of those only
-- makes the file larger and an import slower (measured: three times as slow with '2 3', and no search gains).
CREATE VIRTUAL TABLE row_words USING fts5 (
    prompt, answer, content = '', columnsize = 0, tokenize = "unicode61 remove_diacritics 2", prefix = '1'
);

-- A count belongs to a text, so that an edit taken back has its count again.
CREATE TABLE token_counts (
    content_hash TEXT PRIMARY KEY,
    tokens INTEGER NOT NULL,
    trained INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE row_problems (
    id INTEGER PRIMARY KEY,
    example INTEGER NOT NULL REFERENCES examples (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    detail TEXT NOT NULL,
    other INTEGER NOT NULL,
    group_id INTEGER NOT NULL
);
CREATE INDEX row_problems_by_example ON row_problems (example);
CREATE INDEX row_problems_by_kind ON row_problems (kind);

-- before and after hold what the step changed in a row, as JSON. Steps that were undone are the newest ones; the next
-- change removes them.
CREATE TABLE edit_steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT NOT NULL,
    merge_key TEXT NOT NULL DEFAULT '',
    made_at REAL NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE edit_rows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    step INTEGER NOT NULL REFERENCES edit_steps (id) ON DELETE CASCADE,
    example INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    UNIQUE (step, example)
);
CREATE INDEX edit_rows_by_example ON edit_rows (example);

-- The history of schema 1 knew changes of parts and states only; equal ones of one second were one command.
INSERT INTO edit_steps (label, merge_key, made_at)
    SELECT CASE field WHEN 'part' THEN 'Moved to ' ELSE 'State set to ' END || after, field || ' ' || after,
           coalesce(unixepoch(changed_at), 0)
    FROM example_history WHERE field IN ('part', 'state') GROUP BY changed_at, field, after ORDER BY min(id);
INSERT INTO edit_rows (step, example, before, after)
    SELECT edit_steps.id, example, changes.was, changes.became FROM (
        SELECT min(id) AS id, example, field || ' ' || after AS merge_key, coalesce(unixepoch(changed_at), 0) AS made_at,
            json_object(substr(field, 1, 1), CASE before WHEN 'train' THEN 0 WHEN 'validation' THEN 1 WHEN 'test' THEN 2
                WHEN 'to label' THEN 0 WHEN 'approved' THEN 1 WHEN 'flagged' THEN 2 WHEN 'rejected' THEN 3 END) AS was,
            json_object(substr(field, 1, 1), CASE after WHEN 'train' THEN 0 WHEN 'validation' THEN 1 WHEN 'test' THEN 2
                WHEN 'to label' THEN 0 WHEN 'approved' THEN 1 WHEN 'flagged' THEN 2 WHEN 'rejected' THEN 3 END) AS became
        FROM example_history WHERE field IN ('part', 'state') GROUP BY example, changed_at, field, after
    ) AS changes JOIN edit_steps USING (merge_key, made_at) ORDER BY edit_steps.id, changes.id;
UPDATE edit_steps SET merge_key = '';
DROP TABLE example_history;

-- 'rows' grows with every change of rows, labels, counts or problems: what other connections watch.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('rows', 0);

CREATE TABLE saved_views (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    query TEXT NOT NULL
);
CREATE TABLE transcripts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL
);
)sql";

// Imports in short transactions. In an index of all rows, those that nobody sees yet would be spread over all its
// pages.
constexpr const char *Version3 = R"sql(
DROP INDEX examples_by_hash;
CREATE INDEX examples_by_hash ON examples (content_hash) WHERE deleted_at IS NULL;

-- An import that is under way, and the process that does it; core/store/imported_rows.h says how.
CREATE TABLE imports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT NOT NULL,
    step INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    holder TEXT NOT NULL,
    heartbeat REAL NOT NULL
);
CREATE TABLE import_rows (
    id INTEGER PRIMARY KEY REFERENCES examples (id) ON DELETE CASCADE,
    import INTEGER NOT NULL,
    turns INTEGER NOT NULL,
    file INTEGER NOT NULL,
    system INTEGER NOT NULL,
    prompt TEXT NOT NULL,
    answer TEXT NOT NULL
);

-- Rows that came into being with a step, by their numbers: before it, they were deleted ones.
CREATE TABLE edit_ranges (
    id INTEGER PRIMARY KEY,
    step INTEGER NOT NULL REFERENCES edit_steps (id) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);
CREATE INDEX edit_ranges_by_step ON edit_ranges (step);
)sql";

} // namespace

const std::vector<Migration> &projectMigrations()
{
    static const std::vector<Migration> Migrations{
        {1, Version1, {}}, {2, Version2, rebuildRowIndex}, {3, Version3, {}}};
    return Migrations;
}

} // namespace attune
