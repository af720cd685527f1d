-- The head of the audit log only moves on, whatever its name: a log that is reopened keeps what it has, and goes on from there.

CREATE OR REPLACE FUNCTION audit_head_grow() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.tree_size < OLD.tree_size OR (NEW.tree_size = OLD.tree_size AND NEW.root_hash <> OLD.root_hash) THEN
        RAISE EXCEPTION 'the head of the audit log does not go back' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
