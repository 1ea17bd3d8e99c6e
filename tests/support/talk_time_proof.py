"""The proof of talk time that the database itself runs: of every account, after every change."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session

from shared.database import Database
from shared.ids import AccountId

# What runs in the database after every change: nothing may commit, or go on, unless it adds up.
PROOF = """
CREATE FUNCTION prove_talk_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner text := CASE WHEN TG_OP = 'DELETE' THEN OLD.account_id ELSE NEW.account_id END;
    has_left int := (SELECT seconds_left FROM talk_time WHERE account_id = owner);
    holds int := (SELECT coalesce(sum(taken_seconds), 0) FROM reservation
                  WHERE account_id = owner AND status = 'open');
    proved int := (SELECT coalesce(sum(seconds), 0) FROM ledger_entry WHERE account_id = owner);
BEGIN
    IF has_left + holds <> proved THEN
        RAISE EXCEPTION '% has %, holds %, but its ledger says %', owner, has_left, holds, proved;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER proof AFTER INSERT OR UPDATE ON talk_time
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION prove_talk_time();
CREATE CONSTRAINT TRIGGER proof AFTER INSERT OR UPDATE OR DELETE ON reservation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION prove_talk_time();
CREATE CONSTRAINT TRIGGER proof AFTER INSERT OR UPDATE ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION prove_talk_time();
"""
PROVE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


def prove_every_change(database: Database) -> None:
    """Have the database refuse whatever does not add up."""
    database.transact_now(lambda session: session.execute(text(PROOF)))


def books_of_all(session: Session) -> dict[AccountId, tuple[int, int, int]]:
    """Return what every account has left, what its calls hold, and what its ledger adds up to."""
    rows = session.execute(
        text(
            "SELECT account_id, seconds_left, "
            "(SELECT coalesce(sum(taken_seconds), 0) FROM reservation "
            "  WHERE account_id = t.account_id AND status = 'open'), "
            "(SELECT coalesce(sum(seconds), 0) FROM ledger_entry WHERE account_id = t.account_id) "
            "FROM talk_time AS t"
        )
    )
    return {account_id: (left, held, ledger) for account_id, left, held, ledger in rows}
