-- Positions are given once. Whoever could give them again could let tokens outlive what ended them.
CREATE TRIGGER change_head_keep BEFORE UPDATE ON change_head WHEN NEW.rev < OLD.rev
BEGIN
    SELECT RAISE(ABORT, 'the change feed does not go back');
END;
