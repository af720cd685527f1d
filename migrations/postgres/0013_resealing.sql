-- The private part of an audit log's key is sealed anew when the master key is replaced. Nothing else about a key changes, and
-- none goes; the server's own role may not change any (deploy/postgresql/roles.sql).

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

DROP TRIGGER audit_keys_keep ON audit_keys;
CREATE TRIGGER audit_keys_keep BEFORE DELETE OR TRUNCATE ON audit_keys
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_keep();

CREATE FUNCTION audit_keys_reseal() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (NEW.origin, NEW.verifier, NEW.created_at) IS DISTINCT FROM (OLD.origin, OLD.verifier, OLD.created_at) THEN
        RAISE EXCEPTION 'audit_keys keeps what it has' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_keys_reseal BEFORE UPDATE ON audit_keys
    FOR EACH ROW EXECUTE FUNCTION audit_keys_reseal();
