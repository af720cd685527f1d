-- The end of what audit events say: denied first, removed a week later, and never the hashes.

SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- Up to where content has been removed.
ALTER TABLE audit_retention ADD COLUMN erased_index bigint NOT NULL DEFAULT 0
    CHECK (erased_index BETWEEN 0 AND minimum_index);

-- Every minimum index that there was, with the event that recorded it: the time of the event (its id's) is when the week
-- began. Whatever raises the minimum index adds to it; nobody else can.
CREATE TABLE audit_prunes (
    minimum_index bigint PRIMARY KEY CHECK (minimum_index > 0),
    event_id      uuid   NOT NULL
);
INSERT INTO audit_prunes (minimum_index, event_id)
SELECT minimum_index, event_id FROM audit_retention WHERE minimum_index > 0;

CREATE TRIGGER audit_prunes_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_prunes
    FOR EACH STATEMENT EXECUTE FUNCTION audit_rows_keep();

CREATE FUNCTION audit_prunes_match() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM audit_retention r WHERE r.minimum_index = NEW.minimum_index AND r.event_id = NEW.event_id
    ) THEN
        RAISE EXCEPTION 'audit_prunes keeps what it has' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_prunes_match BEFORE INSERT ON audit_prunes
    FOR EACH ROW EXECUTE FUNCTION audit_prunes_match();

-- The minimum index only rises, by word of an event in the tree that says so, that lies behind all that it ends and is
-- newer than all of it: so nothing is removed before it is a week old, whatever the time that the event claims.
CREATE OR REPLACE FUNCTION audit_retention_rise() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NEW.erased_index < OLD.erased_index THEN
        RAISE EXCEPTION 'audit_retention keeps what it has' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.minimum_index = OLD.minimum_index AND NEW.event_id IS NOT DISTINCT FROM OLD.event_id THEN
        RETURN NEW;
    END IF;
    IF NEW.minimum_index <= OLD.minimum_index OR NOT EXISTS (
        SELECT 1 FROM audit_leaves l JOIN audit_events e ON e.id = l.event_id
        WHERE l.event_id = NEW.event_id AND l.leaf_index >= NEW.minimum_index AND e.action = 'audit.pruned'
        AND convert_from(e.content, 'UTF8')::jsonb #> '{data,minimumIndex}' = to_jsonb(NEW.minimum_index)
    ) OR EXISTS (
        SELECT 1 FROM audit_leaves l
        WHERE l.leaf_index >= OLD.minimum_index AND l.leaf_index < NEW.minimum_index AND l.event_id >= NEW.event_id
    ) THEN
        RAISE EXCEPTION 'the minimum index rises by word of an event in the tree' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION audit_retention_risen() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO audit_prunes (minimum_index, event_id) VALUES (NEW.minimum_index, NEW.event_id);
    RETURN NULL;
END $$;

CREATE TRIGGER audit_retention_risen AFTER UPDATE ON audit_retention
    FOR EACH ROW WHEN (NEW.minimum_index > OLD.minimum_index) EXECUTE FUNCTION audit_retention_risen();

-- The time that a UUIDv7 carries (RFC 9562 §5.7).
CREATE FUNCTION audit_time_of(id uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT SET search_path FROM CURRENT AS $$
    SELECT to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
$$;

-- The index below which content may be removed: what was denied a week ago.
CREATE FUNCTION audit_erasable_index() RETURNS bigint
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT COALESCE((
        SELECT p.minimum_index FROM audit_prunes p
        WHERE audit_time_of(p.event_id) <= now() - interval '7 days' ORDER BY p.minimum_index DESC LIMIT 1
    ), 0)
$$;

CREATE OR REPLACE FUNCTION audit_events_keep() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
        IF EXISTS (
            SELECT 1 FROM audit_leaves l WHERE l.event_id = OLD.id AND l.leaf_index < audit_erasable_index()
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'restrict_violation';
END $$;

-- Removes the content of the next so many leaves, as far as it may be; answers how many leaves it went past. It belongs to
-- the owner of the tables and runs as the owner: whoever is granted it can end what a logged event has ended, and nothing
-- else.
CREATE FUNCTION audit_erase(leaves integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    starts bigint;
    ends bigint;
    ids uuid[];
BEGIN
    IF leaves NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'leaves is from 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT erased_index INTO starts FROM audit_retention WHERE singleton = 1 FOR UPDATE;
    ends := least(starts + leaves, audit_erasable_index());
    IF ends <= starts THEN
        RETURN 0;
    END IF;
    ids := ARRAY(
        SELECT event_id FROM audit_leaves WHERE leaf_index >= starts AND leaf_index < ends ORDER BY event_id
    );
    -- The span of times names the partitions.
    DELETE FROM audit_events
    WHERE id = ANY (ids) AND time >= audit_time_of(ids[1]) AND time <= audit_time_of(ids[cardinality(ids)]);
    UPDATE audit_retention SET erased_index = ends WHERE singleton = 1;
    RETURN ends - starts;
END $$;

REVOKE ALL ON FUNCTION audit_erase(integer) FROM PUBLIC;

-- Drops the months that lie wholly before the last removed content and are empty; answers how many. A month that somebody
-- works with is left for another time rather than waited for: whoever waits for such a lock holds up every writer. It
-- belongs to the owner of the tables, as audit_erase does.
CREATE FUNCTION audit_partitions_drop() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '200ms' AS $$
DECLARE
    erased_to timestamptz;
    month record;
    filled boolean;
    dropped integer := 0;
BEGIN
    SELECT audit_time_of(l.event_id) INTO erased_to
    FROM audit_retention r JOIN audit_leaves l ON l.leaf_index = r.erased_index - 1 WHERE r.singleton = 1;
    FOR month IN
        SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'audit_events'::regclass
        -- In this order: other names are no months, and conditions side by side may be tried in any order.
        AND CASE WHEN c.relname ~ '^audit_events_[0-9]{4}_[0-9]{2}$' THEN
            (to_timestamp(right(c.relname, 7), 'YYYY_MM')::timestamp + interval '1 month') AT TIME ZONE 'UTC' <= erased_to
            ELSE false END
        ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', month.name) INTO filled;
        CONTINUE WHEN filled;
        BEGIN
            LOCK TABLE ONLY audit_events IN ACCESS EXCLUSIVE MODE;
            EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', month.name) INTO filled;
            IF NOT filled THEN
                EXECUTE format('DROP TABLE %I', month.name);
                dropped := dropped + 1;
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    RETURN dropped;
END $$;

REVOKE ALL ON FUNCTION audit_partitions_drop() FROM PUBLIC;
