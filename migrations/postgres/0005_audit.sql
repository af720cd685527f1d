-- The audit log: events that are only ever added, and the tables of the tree over them.
--
-- An event and its pending row share a transaction. One integrator at a time takes pending rows, adds leaves, removes the
-- pending rows and moves the head by a compare-and-swap. Nothing here can be changed or removed, but for the content of
-- events whose leaves lie below the minimum index that a logged prune event has recorded. Whoever goes round the
-- triggers (a superuser, the owner of the tables) is found by the tree.

-- The functions below run with the schema that this migration runs in and nothing before it: a temporary table of the
-- caller must not stand in for one of ours.
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- By month, so that what has expired can be dropped by the file. The key needs the partitioning column: the time is the
-- one that the UUIDv7 carries, so an id has one time and the pair is as unique as the id.
CREATE TABLE audit_events (
    id       uuid        NOT NULL,
    time     timestamptz NOT NULL,
    action   text        NOT NULL CHECK (char_length(action) BETWEEN 1 AND 64),
    outcome  text        NOT NULL CHECK (outcome IN ('success', 'denied', 'failure')),
    actor_id uuid,
    agent_id uuid,
    owner    text        CHECK (char_length(owner) BETWEEN 1 AND 128),
    -- The canonical JSON (RFC 8785) of the whole event: what is stored is what is hashed. The other columns repeat what
    -- it says, for queries.
    content  bytea       NOT NULL CHECK (octet_length(content) BETWEEN 2 AND 8192),
    PRIMARY KEY (id, time)
) PARTITION BY RANGE (time);

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
    event_id uuid PRIMARY KEY
);

-- The hashes (RFC 6962 §2.1) of the events in the tree. They outlive the events.
CREATE TABLE audit_leaves (
    leaf_index bigint PRIMARY KEY CHECK (leaf_index >= 0),
    event_id   uuid   NOT NULL,
    hash       bytea  NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE UNIQUE INDEX audit_leaves_event_key ON audit_leaves (event_id);

-- One row: the size and the root of the tree. Moved by compare-and-swap on the size.
CREATE TABLE audit_head (
    singleton  bigint      PRIMARY KEY CHECK (singleton = 1),
    tree_size  bigint      NOT NULL CHECK (tree_size >= 0),
    root_hash  bytea       NOT NULL CHECK (octet_length(root_hash) = 32),
    -- NULL until the first event is in the tree.
    updated_at timestamptz,
    -- The name of the log, once it has one (C2SP tlog-checkpoint).
    origin     text        CHECK (char_length(origin) BETWEEN 1 AND 255)
);
-- The root of the empty tree is the hash of nothing.
INSERT INTO audit_head (singleton, tree_size, root_hash) VALUES (1, 0, sha256(''));

-- One row: events whose leaves lie below the minimum index may be removed.
CREATE TABLE audit_retention (
    singleton     bigint PRIMARY KEY CHECK (singleton = 1),
    minimum_index bigint NOT NULL CHECK (minimum_index >= 0),
    -- The event that recorded it; it must be in the tree.
    event_id      uuid,
    CHECK ((event_id IS NULL) = (minimum_index = 0))
);
INSERT INTO audit_retention (singleton, minimum_index) VALUES (1, 0);

-- No event without its pending row, whoever adds it.
CREATE FUNCTION audit_events_pend() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO audit_pending (event_id) SELECT id FROM added;
    RETURN NULL;
END $$;

CREATE TRIGGER audit_events_pend AFTER INSERT ON audit_events
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION audit_events_pend();

CREATE FUNCTION audit_events_keep() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
        IF EXISTS (
            SELECT 1 FROM audit_leaves l, audit_retention r
            WHERE l.event_id = OLD.id AND l.leaf_index < r.minimum_index
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'restrict_violation';
END $$;

-- Triggers for rows on the parent are inherited by every partition, made now or later; those for TRUNCATE are not, so
-- audit_partitions_ensure gives each partition its own.
CREATE TRIGGER audit_events_keep_rows BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_events_keep();
CREATE TRIGGER audit_events_keep_all BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_keep();

CREATE FUNCTION audit_rows_keep() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps what it has', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_leaves_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_keep();
CREATE TRIGGER audit_head_keep BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_keep();
CREATE TRIGGER audit_retention_keep BEFORE DELETE OR TRUNCATE ON audit_retention
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_keep();

-- A log only grows; another log has another origin.
CREATE FUNCTION audit_head_grow() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.tree_size < OLD.tree_size AND NEW.origin IS NOT DISTINCT FROM OLD.origin THEN
        RAISE EXCEPTION 'the head of the audit log does not go back' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_head_grow BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_head_grow();

-- The minimum index only rises, by word of an event that is in the tree, and never past it.
CREATE FUNCTION audit_retention_rise() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.minimum_index < OLD.minimum_index OR NOT EXISTS (
        SELECT 1 FROM audit_leaves WHERE event_id = NEW.event_id AND leaf_index >= NEW.minimum_index
    ) THEN
        RAISE EXCEPTION 'the minimum index rises by word of an event in the tree' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_retention_rise BEFORE UPDATE ON audit_retention
    FOR EACH ROW EXECUTE FUNCTION audit_retention_rise();

-- What no month has been made for. Rows here cost time, not correctness.
CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;
CREATE TRIGGER audit_events_keep_all BEFORE TRUNCATE ON audit_events_default
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_keep();

-- Makes the partitions of this month and of so many months ahead; answers how many it made. It belongs to the owner of
-- the tables and runs as the owner: whoever is granted it can make partitions and nothing else.
CREATE FUNCTION audit_partitions_ensure(months_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    this_month CONSTANT timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    starts timestamptz;
    ends timestamptz;
    name text;
    made integer := 0;
BEGIN
    IF months_ahead NOT BETWEEN 0 AND 120 THEN
        RAISE EXCEPTION 'months_ahead is from 0 to 120' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Two nodes that start together make each partition once.
    PERFORM pg_advisory_xact_lock(hashtext('audit_partitions_ensure'));
    FOR month IN 0..months_ahead LOOP
        starts := (this_month + make_interval(months => month)) AT TIME ZONE 'UTC';
        ends := (this_month + make_interval(months => month + 1)) AT TIME ZONE 'UTC';
        name := to_char(starts AT TIME ZONE 'UTC', '"audit_events_"YYYY"_"MM');
        CONTINUE WHEN to_regclass(quote_ident(name)) IS NOT NULL;
        -- A month whose first events have gone to the default partition stays there: they cannot be moved.
        CONTINUE WHEN EXISTS (SELECT 1 FROM audit_events_default d WHERE d.time >= starts AND d.time < ends);
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF audit_events FOR VALUES FROM (%L) TO (%L)', name, starts, ends);
        EXECUTE format(
            'CREATE TRIGGER audit_events_keep_all BEFORE TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION audit_events_keep()', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

REVOKE ALL ON FUNCTION audit_partitions_ensure(integer) FROM PUBLIC;

SELECT audit_partitions_ensure(12);
