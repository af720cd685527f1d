-- Positions are given once. Whoever could give them again could let tokens outlive what ended them, and may be no more than
-- the server's own role.
CREATE FUNCTION change_head_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the change feed does not go back' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER change_head_keep BEFORE UPDATE ON change_head
    FOR EACH ROW WHEN (NEW.rev < OLD.rev) EXECUTE FUNCTION change_head_keep();
