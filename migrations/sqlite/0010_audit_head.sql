-- The head of the audit log only moves on, whatever its name: a log that is reopened keeps what it has, and goes on from there.

DROP TRIGGER audit_head_grow;
CREATE TRIGGER audit_head_grow BEFORE UPDATE ON audit_head
WHEN NEW.tree_size < OLD.tree_size OR (NEW.tree_size = OLD.tree_size AND NEW.root_hash <> OLD.root_hash)
BEGIN
    SELECT RAISE(ABORT, 'the head of the audit log does not go back');
END;
