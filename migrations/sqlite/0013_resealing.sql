-- The private part of an audit log's key is sealed anew when the master key is replaced. Nothing else about a key changes, and
-- none goes.

DROP TRIGGER audit_keys_keep_updated;

CREATE TRIGGER audit_keys_keep_updated BEFORE UPDATE ON audit_keys
WHEN NEW.origin <> OLD.origin OR NEW.verifier <> OLD.verifier OR NEW.created_at <> OLD.created_at
BEGIN
    SELECT RAISE(ABORT, 'audit_keys keeps what it has');
END;
