-- The tree over the audit events, above its leaves, and what the log says of itself.

-- The hashes of complete subtrees of 256^level leaves (RFC 6962 §2.1), which is what tiles above the lowest consist of
-- (C2SP tlog-tiles): with them and the leaves a proof reads few rows, however many events there are.
CREATE TABLE audit_nodes (
    level      INTEGER NOT NULL CHECK (level BETWEEN 1 AND 7),
    node_index INTEGER NOT NULL CHECK (node_index >= 0),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, node_index)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_nodes_keep_first BEFORE INSERT ON audit_nodes
WHEN EXISTS (SELECT 1 FROM audit_nodes n WHERE n.level = NEW.level AND n.node_index = NEW.node_index)
BEGIN
    SELECT RAISE(ABORT, 'audit_nodes keeps what it has');
END;

CREATE TRIGGER audit_nodes_keep_updated BEFORE UPDATE ON audit_nodes
BEGIN
    SELECT RAISE(ABORT, 'audit_nodes keeps what it has');
END;

CREATE TRIGGER audit_nodes_keep_deleted BEFORE DELETE ON audit_nodes
BEGIN
    SELECT RAISE(ABORT, 'audit_nodes keeps what it has');
END;

-- The key of each log, by the log's name: whoever holds the name and the public part can check every checkpoint.
CREATE TABLE audit_keys (
    origin             TEXT NOT NULL PRIMARY KEY CHECK (length(origin) BETWEEN 1 AND 255),
    -- The public part as tools take it (C2SP signed-note).
    verifier           TEXT NOT NULL CHECK (length(verifier) BETWEEN 1 AND 512),
    private_key_sealed BLOB NOT NULL CHECK (length(private_key_sealed) BETWEEN 1 AND 4096),
    created_at         TEXT NOT NULL CHECK (created_at GLOB '????-??-??T*+00:00')
) STRICT;

-- Passed over rather than refused, so that of two nodes that name the log together the second finds the first's key.
CREATE TRIGGER audit_keys_keep_first BEFORE INSERT ON audit_keys
WHEN EXISTS (SELECT 1 FROM audit_keys k WHERE k.origin = NEW.origin)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER audit_keys_keep_updated BEFORE UPDATE ON audit_keys
BEGIN
    SELECT RAISE(ABORT, 'audit_keys keeps what it has');
END;

CREATE TRIGGER audit_keys_keep_deleted BEFORE DELETE ON audit_keys
BEGIN
    SELECT RAISE(ABORT, 'audit_keys keeps what it has');
END;

-- The last checkpoint of each log (C2SP tlog-checkpoint), which every node serves.
CREATE TABLE audit_checkpoints (
    origin    TEXT    NOT NULL PRIMARY KEY REFERENCES audit_keys (origin),
    tree_size INTEGER NOT NULL CHECK (tree_size >= 0),
    note      TEXT    NOT NULL CHECK (length(note) BETWEEN 1 AND 4096),
    signed_at TEXT    NOT NULL CHECK (signed_at GLOB '????-??-??T*+00:00')
) STRICT;

-- INSERT OR REPLACE would remove the old row without asking the triggers for DELETE. What goes on is an update.
CREATE TRIGGER audit_checkpoints_keep_first BEFORE INSERT ON audit_checkpoints
WHEN EXISTS (SELECT 1 FROM audit_checkpoints c WHERE c.origin = NEW.origin)
BEGIN
    SELECT RAISE(ABORT, 'audit_checkpoints keeps what it has');
END;

CREATE TRIGGER audit_checkpoints_keep_deleted BEFORE DELETE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'audit_checkpoints keeps what it has');
END;

CREATE TRIGGER audit_checkpoints_grow BEFORE UPDATE ON audit_checkpoints
WHEN NEW.tree_size <= OLD.tree_size OR NEW.origin <> OLD.origin
BEGIN
    SELECT RAISE(ABORT, 'the checkpoint of an audit log does not go back');
END;
