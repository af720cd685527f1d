-- The tree over the audit events, above its leaves, and what the log says of itself.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- The hashes of complete subtrees of 256^level leaves (RFC 6962 §2.1), which is what tiles above the lowest consist of
-- (C2SP tlog-tiles): with them and the leaves a proof reads few rows, however many events there are.
CREATE TABLE audit_nodes (
    level      bigint NOT NULL CHECK (level BETWEEN 1 AND 7),
    node_index bigint NOT NULL CHECK (node_index >= 0),
    hash       bytea  NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, node_index)
);
CREATE TRIGGER audit_nodes_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_keep();

-- The key of each log, by the log's name: whoever holds the name and the public part can check every checkpoint.
CREATE TABLE audit_keys (
    origin             text        PRIMARY KEY CHECK (char_length(origin) BETWEEN 1 AND 255),
    -- The public part as tools take it (C2SP signed-note).
    verifier           text        NOT NULL CHECK (char_length(verifier) BETWEEN 1 AND 512),
    private_key_sealed bytea       NOT NULL CHECK (octet_length(private_key_sealed) BETWEEN 1 AND 4096),
    created_at         timestamptz NOT NULL
);
CREATE TRIGGER audit_keys_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_keys
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_keep();

-- The last checkpoint of each log (C2SP tlog-checkpoint), which every node serves.
CREATE TABLE audit_checkpoints (
    origin    text        PRIMARY KEY REFERENCES audit_keys (origin),
    tree_size bigint      NOT NULL CHECK (tree_size >= 0),
    note      text        NOT NULL CHECK (char_length(note) BETWEEN 1 AND 4096),
    signed_at timestamptz NOT NULL
);
CREATE TRIGGER audit_checkpoints_keep BEFORE DELETE OR TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_keep();

CREATE FUNCTION audit_checkpoints_grow() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.tree_size <= OLD.tree_size OR NEW.origin <> OLD.origin THEN
        RAISE EXCEPTION 'the checkpoint of an audit log does not go back' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_checkpoints_grow BEFORE UPDATE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION audit_checkpoints_grow();
