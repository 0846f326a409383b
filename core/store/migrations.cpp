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

} // namespace

const std::vector<Migration> &projectMigrations()
{
    static const std::vector<Migration> Migrations{{1, Version1, {}}};
    return Migrations;
}

} // namespace attune
