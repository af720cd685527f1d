-- The audit log: events that are only ever added, and the tables of the tree over them.
--
-- An event and its pending row share a transaction. One integrator at a time takes pending rows, adds leaves, removes the
-- pending rows and moves the head by a compare-and-swap. Nothing here can be changed or removed, but for the content of
-- events whose leaves lie below the minimum index that a logged prune event has recorded. Whoever goes round the
-- triggers (who can drop them) is found by the tree.

-- The key is that of PostgreSQL, which partitions by time: the time is the one that the UUIDv7 carries, so an id has one
-- time and the pair is as unique as the id.
CREATE TABLE audit_events (
    id       BLOB NOT NULL CHECK (length(id) = 16),
    time     TEXT NOT NULL CHECK (time GLOB '????-??-??T*+00:00'),
    action   TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    outcome  TEXT NOT NULL CHECK (outcome IN ('success', 'denied', 'failure')),
    actor_id BLOB CHECK (length(actor_id) = 16),
    agent_id BLOB CHECK (length(agent_id) = 16),
    owner    TEXT CHECK (length(owner) BETWEEN 1 AND 128),
    -- The canonical JSON (RFC 8785) of the whole event: what is stored is what is hashed. The other columns repeat what
    -- it says, for queries.
    content  BLOB NOT NULL CHECK (length(content) BETWEEN 2 AND 8192),
    PRIMARY KEY (id, time)
) STRICT;

-- Each way to narrow a list, in the order of the pages. Every index is written for every event, so: success is what most
-- events are, and what is not is a small index; who gets a token does it to itself, so the events whose actor is not the
-- agent are a small one too, and the others are found by the agent.
CREATE INDEX audit_events_owner_idx ON audit_events (owner, id);
CREATE INDEX audit_events_agent_idx ON audit_events (agent_id, id);
CREATE INDEX audit_events_actor_idx ON audit_events (actor_id, id) WHERE actor_id IS DISTINCT FROM agent_id;
CREATE INDEX audit_events_action_idx ON audit_events (action, id);
CREATE INDEX audit_events_outcome_idx ON audit_events (outcome, id) WHERE outcome <> 'success';

-- Events that are not in the tree yet.
CREATE TABLE audit_pending (
    event_id BLOB NOT NULL PRIMARY KEY CHECK (length(event_id) = 16)
) STRICT, WITHOUT ROWID;

-- The hashes (RFC 6962 §2.1) of the events in the tree. They outlive the events.
CREATE TABLE audit_leaves (
    leaf_index INTEGER NOT NULL PRIMARY KEY CHECK (leaf_index >= 0),
    event_id   BLOB    NOT NULL CHECK (length(event_id) = 16),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE UNIQUE INDEX audit_leaves_event_key ON audit_leaves (event_id);

-- One row: the size and the root of the tree. Moved by compare-and-swap on the size.
CREATE TABLE audit_head (
    singleton  INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    tree_size  INTEGER NOT NULL CHECK (tree_size >= 0),
    root_hash  BLOB    NOT NULL CHECK (length(root_hash) = 32),
    -- NULL until the first event is in the tree.
    updated_at TEXT    CHECK (updated_at GLOB '????-??-??T*+00:00'),
    -- The name of the log, once it has one (C2SP tlog-checkpoint).
    origin     TEXT    CHECK (length(origin) BETWEEN 1 AND 255)
) STRICT;
-- The root of the empty tree is the hash of nothing (SHA-256).
INSERT INTO audit_head (singleton, tree_size, root_hash)
VALUES (1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

-- One row: events whose leaves lie below the minimum index may be removed.
CREATE TABLE audit_retention (
    singleton     INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    minimum_index INTEGER NOT NULL CHECK (minimum_index >= 0),
    -- The event that recorded it; it must be in the tree.
    event_id      BLOB    CHECK (length(event_id) = 16),
    CHECK ((event_id IS NULL) = (minimum_index = 0))
) STRICT;
INSERT INTO audit_retention (singleton, minimum_index) VALUES (1, 0);

-- No event without its pending row, whoever adds it.
CREATE TRIGGER audit_events_pend AFTER INSERT ON audit_events
BEGIN
    INSERT INTO audit_pending (event_id) VALUES (NEW.id);
END;

-- INSERT OR REPLACE would remove the old row without asking the triggers for DELETE, so what is there already is passed
-- over before SQLite gets that far.
CREATE TRIGGER audit_events_keep_first BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events e WHERE e.id = NEW.id AND e.time = NEW.time)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER audit_events_keep_updated BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;

CREATE TRIGGER audit_events_keep_deleted BEFORE DELETE ON audit_events
WHEN NOT EXISTS (
    SELECT 1 FROM audit_leaves l, audit_retention r
    WHERE l.event_id = OLD.id AND l.leaf_index < r.minimum_index
)
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;

CREATE TRIGGER audit_leaves_keep_first BEFORE INSERT ON audit_leaves
WHEN EXISTS (SELECT 1 FROM audit_leaves l WHERE l.leaf_index = NEW.leaf_index OR l.event_id = NEW.event_id)
BEGIN
    SELECT RAISE(ABORT, 'audit_leaves keeps what it has');
END;

CREATE TRIGGER audit_leaves_keep_updated BEFORE UPDATE ON audit_leaves
BEGIN
    SELECT RAISE(ABORT, 'audit_leaves keeps what it has');
END;

CREATE TRIGGER audit_leaves_keep_deleted BEFORE DELETE ON audit_leaves
BEGIN
    SELECT RAISE(ABORT, 'audit_leaves keeps what it has');
END;

CREATE TRIGGER audit_head_keep_first BEFORE INSERT ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'audit_head keeps what it has');
END;

CREATE TRIGGER audit_head_keep_deleted BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'audit_head keeps what it has');
END;

-- A log only grows; another log has another origin.
CREATE TRIGGER audit_head_grow BEFORE UPDATE ON audit_head
WHEN NEW.tree_size < OLD.tree_size AND NEW.origin IS OLD.origin
BEGIN
    SELECT RAISE(ABORT, 'the head of the audit log does not go back');
END;

CREATE TRIGGER audit_retention_keep_first BEFORE INSERT ON audit_retention
BEGIN
    SELECT RAISE(ABORT, 'audit_retention keeps what it has');
END;

CREATE TRIGGER audit_retention_keep_deleted BEFORE DELETE ON audit_retention
BEGIN
    SELECT RAISE(ABORT, 'audit_retention keeps what it has');
END;

-- The minimum index only rises, by word of an event that is in the tree, and never past it.
CREATE TRIGGER audit_retention_rise BEFORE UPDATE ON audit_retention
WHEN NEW.minimum_index < OLD.minimum_index OR NOT EXISTS (
    SELECT 1 FROM audit_leaves WHERE event_id = NEW.event_id AND leaf_index >= NEW.minimum_index
)
BEGIN
    SELECT RAISE(ABORT, 'the minimum index rises by word of an event in the tree');
END;
