-- The end of what audit events say: denied first, removed a week later, and never the hashes.

-- Up to where content has been removed.
ALTER TABLE audit_retention ADD COLUMN erased_index INTEGER NOT NULL DEFAULT 0
    CHECK (erased_index BETWEEN 0 AND minimum_index);

-- Every minimum index that there was, with the event that recorded it: the time of the event (its id's) is when the week
-- began. Whatever raises the minimum index adds to it; nobody else can.
CREATE TABLE audit_prunes (
    minimum_index INTEGER NOT NULL PRIMARY KEY CHECK (minimum_index > 0),
    event_id      BLOB    NOT NULL CHECK (length(event_id) = 16)
) STRICT;
INSERT INTO audit_prunes (minimum_index, event_id)
SELECT minimum_index, event_id FROM audit_retention WHERE minimum_index > 0;

CREATE TRIGGER audit_prunes_match BEFORE INSERT ON audit_prunes
WHEN NOT EXISTS (
    SELECT 1 FROM audit_retention r WHERE r.minimum_index = NEW.minimum_index AND r.event_id = NEW.event_id
) OR EXISTS (SELECT 1 FROM audit_prunes p WHERE p.minimum_index = NEW.minimum_index)
BEGIN
    SELECT RAISE(ABORT, 'audit_prunes keeps what it has');
END;

CREATE TRIGGER audit_prunes_keep_updated BEFORE UPDATE ON audit_prunes
BEGIN
    SELECT RAISE(ABORT, 'audit_prunes keeps what it has');
END;

CREATE TRIGGER audit_prunes_keep_deleted BEFORE DELETE ON audit_prunes
BEGIN
    SELECT RAISE(ABORT, 'audit_prunes keeps what it has');
END;

-- The minimum index only rises, by word of an event in the tree that says so, that lies behind all that it ends and is
-- newer than all of it: so nothing is removed before it is a week old, whatever the time that the event claims.
DROP TRIGGER audit_retention_rise;
CREATE TRIGGER audit_retention_rise BEFORE UPDATE ON audit_retention
WHEN (NEW.minimum_index <> OLD.minimum_index OR NEW.event_id IS NOT OLD.event_id) AND (
    NEW.minimum_index <= OLD.minimum_index
    OR NOT EXISTS (
        SELECT 1 FROM audit_leaves l JOIN audit_events e ON e.id = l.event_id
        WHERE l.event_id = NEW.event_id AND l.leaf_index >= NEW.minimum_index AND e.action = 'audit.pruned'
        AND json_extract(CAST(e.content AS TEXT), '$.data.minimumIndex') = NEW.minimum_index
    )
    OR EXISTS (
        SELECT 1 FROM audit_leaves l
        WHERE l.leaf_index >= OLD.minimum_index AND l.leaf_index < NEW.minimum_index AND l.event_id >= NEW.event_id
    )
)
BEGIN
    SELECT RAISE(ABORT, 'the minimum index rises by word of an event in the tree');
END;

CREATE TRIGGER audit_retention_keep_erased BEFORE UPDATE ON audit_retention WHEN NEW.erased_index < OLD.erased_index
BEGIN
    SELECT RAISE(ABORT, 'audit_retention keeps what it has');
END;

CREATE TRIGGER audit_retention_risen AFTER UPDATE ON audit_retention WHEN NEW.minimum_index > OLD.minimum_index
BEGIN
    INSERT INTO audit_prunes (minimum_index, event_id) VALUES (NEW.minimum_index, NEW.event_id);
END;

-- What was denied a week ago may be removed. The time that a UUIDv7 carries is its first 48 bits (RFC 9562 §5.7).
CREATE VIEW audit_erasable AS
SELECT COALESCE((
    SELECT p.minimum_index FROM audit_prunes p
    WHERE substr(hex(p.event_id), 1, 12) <= printf('%012X', unixepoch('now', '-7 days') * 1000)
    ORDER BY p.minimum_index DESC LIMIT 1
), 0) AS erasable_index;

DROP TRIGGER audit_events_keep_deleted;
CREATE TRIGGER audit_events_keep_deleted BEFORE DELETE ON audit_events
WHEN NOT EXISTS (
    SELECT 1 FROM audit_leaves l
    WHERE l.event_id = OLD.id AND l.leaf_index < (SELECT erasable_index FROM audit_erasable)
)
BEGIN
    SELECT RAISE(ABORT, 'audit events are append-only');
END;
