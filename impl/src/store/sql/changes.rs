//! The change feed in SQL.

use chrono::{DateTime, Utc};
use sqlx::{Database, Row};
use uuid::Uuid;

use super::query::Fields;
use super::{SqlStore, SqlUnit};
use crate::domain::agents::AgentId;
use crate::domain::changes::{Change, ChangeKind, ChangesPage, Rev};
use crate::domain::credentials::CredentialId;
use crate::store::StoreFault;
use crate::store::changes::{ChangeReads, ChangeWrites};

/// Why a database that follows another one is none to work with.
const FOLLOWS: &str = "it is a standby and may be behind; DATABASE_URL must lead to the primary";

const AGENT_CHANGED: &str = "agent_changed";
const AGENT_TOKENS_ENDED: &str = "agent_tokens_ended";
const CREDENTIAL_CHANGED: &str = "credential_changed";
const TOKEN_REVOKED: &str = "token_revoked";
const KEYS_CHANGED: &str = "keys_changed";

/// Changes and the head in one snapshot; with nothing to tell, the head alone. What is before it says whether the database
/// follows another one.
macro_rules! changes_after {
    () => {
        " AS follows, h.rev AS head, c.rev, c.kind, c.agent_id, c.credential_id, c.token_id, c.expires_at, c.at \
         FROM change_head h LEFT JOIN (SELECT rev, kind, agent_id, credential_id, token_id, expires_at, at \
         FROM changes WHERE rev > $1 AND at >= $2 ORDER BY rev LIMIT $3) c ON TRUE ORDER BY c.rev"
    };
}

pub(super) use changes_after;

queries! {
    /// Whether all tokens of an agent were ended after a position, or one of them was.
    TOKEN_ENDED =
        "SELECT EXISTS (SELECT 1 FROM changes WHERE agent_id = $1 AND kind = 'agent_tokens_ended' AND rev > $2) \
         OR EXISTS (SELECT 1 FROM token_revocations WHERE jti = $3)";
    /// How many live tokens were ended one by one since all of them were.
    TOKEN_REVOCATIONS_COUNT =
        "SELECT COUNT(*) FROM (SELECT 1 FROM changes WHERE agent_id = $1 AND kind = 'token_revoked' AND expires_at > $2 \
         AND rev > COALESCE((SELECT MAX(rev) FROM changes WHERE agent_id = $1 AND kind = 'agent_tokens_ended'), 0) \
         LIMIT $3) revoked";
    /// Takes away changes from the oldest on; time and position may differ by how long a transaction takes.
    CHANGES_FORGET =
        "DELETE FROM changes WHERE at < $1 AND rev IN (SELECT rev FROM changes ORDER BY rev LIMIT $2)";
    /// Takes away ended tokens that would be over anyway.
    TOKEN_REVOCATIONS_FORGET =
        "DELETE FROM token_revocations WHERE jti IN (SELECT jti FROM token_revocations WHERE expires_at < $1 LIMIT $2)";
    /// The last position given.
    CHANGE_HEAD_GET = "SELECT rev FROM change_head WHERE singleton = 1";
    /// Takes positions and holds the feed until the transaction ends.
    CHANGE_HEAD_ADVANCE = "UPDATE change_head SET rev = rev + $1 WHERE singleton = 1 RETURNING rev";
    /// A change at a position that has been taken.
    CHANGE_INSERT =
        "INSERT INTO changes (rev, kind, agent_id, credential_id, token_id, expires_at, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A dead token; what is dead already stays as it is.
    TOKEN_REVOCATION_INSERT =
        "INSERT INTO token_revocations (jti, expires_at, rev) VALUES ($1, $2, $3) ON CONFLICT (jti) DO NOTHING";
}

/// A change as its columns.
#[derive(Default)]
struct Columns {
    kind: &'static str,
    agent_id: Option<Uuid>,
    credential_id: Option<Uuid>,
    token_id: Option<Uuid>,
    expires_at: Option<DateTime<Utc>>,
}

impl From<&ChangeKind> for Columns {
    fn from(kind: &ChangeKind) -> Self {
        let of = |kind, agent_id: &AgentId| Self { kind, agent_id: Some(agent_id.0), ..Self::default() };
        match kind {
            ChangeKind::AgentChanged(agent_id) => of(AGENT_CHANGED, agent_id),
            ChangeKind::AgentTokensEnded(agent_id) => of(AGENT_TOKENS_ENDED, agent_id),
            ChangeKind::CredentialChanged(agent_id, credential_id) => {
                Self { credential_id: Some(credential_id.0), ..of(CREDENTIAL_CHANGED, agent_id) }
            }
            ChangeKind::TokenRevoked { agent_id, token_id, expires_at } => Self {
                token_id: Some(*token_id),
                expires_at: Some(*expires_at),
                ..of(TOKEN_REVOKED, agent_id)
            },
            ChangeKind::KeysChanged => Self { kind: KEYS_CHANGED, ..Self::default() },
        }
    }
}

on_both! {
    impl ChangeReads for SqlStore<Db> {
        async fn changes_after(
            &self,
            after: Rev,
            since: DateTime<Utc>,
            limit: u32,
        ) -> Result<ChangesPage, StoreFault> {
            let rows = sqlx::query(dialect::CHANGES_AFTER)
                .bind(after.0)
                .bind(since)
                .bind(i64::from(limit))
                .fetch_all(&self.readers)
                .await?;
            let Some(first) = rows.first() else {
                return Err(StoreFault::Corrupt {
                    table: "change_head",
                    column: "singleton",
                    id: "1".to_owned(),
                    problem: "the row is missing".to_owned(),
                });
            };
            // What a standby does not have yet may end tokens: whoever reads there does not know, and would take it for knowledge.
            if first.try_get("follows")? {
                return Err(StoreFault::Unavailable(FOLLOWS.into()));
            }
            let head = Rev(first.try_get("head")?);
            let changes =
                rows.iter().filter_map(|row| change_of(row).transpose()).collect::<Result<Vec<_>, _>>()?;
            // A page with room left has reached the head; what follows a full one is unknown.
            let complete_to = match changes.last() {
                _ if changes.len() < limit as usize => head,
                Some(last) => last.rev,
                None => after.min(head),
            };
            Ok(ChangesPage { changes, complete_to, at_head: complete_to >= head })
        }

        async fn token_ended(&self, agent_id: AgentId, token_id: Uuid, rev: Rev) -> Result<bool, StoreFault> {
            Ok(sqlx::query_scalar(TOKEN_ENDED)
                .bind(agent_id.0)
                .bind(rev.0)
                .bind(token_id)
                .fetch_one(&self.readers)
                .await?)
        }
    }

    impl ChangeWrites for SqlUnit<Db> {
        async fn token_revocations_count(
            &mut self,
            agent_id: AgentId,
            now: DateTime<Utc>,
            most: u32,
        ) -> Result<u32, StoreFault> {
            let count: i64 = sqlx::query_scalar(TOKEN_REVOCATIONS_COUNT)
                .bind(agent_id.0)
                .bind(now)
                .bind(i64::from(most))
                .fetch_one(&mut *self.tx)
                .await?;
            Ok(u32::try_from(count).unwrap_or(most))
        }

        async fn changes_forget(&mut self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
            let mut gone = 0;
            for forget in [CHANGES_FORGET, TOKEN_REVOCATIONS_FORGET] {
                let done = sqlx::query(forget).bind(before).bind(i64::from(limit)).execute(&mut *self.tx).await?;
                gone += done.rows_affected();
            }
            Ok(gone)
        }
    }

    /// The change of a row of [`CHANGES_AFTER`]; `None` if the row brings the head alone.
    fn change_of(row: &<Db as Database>::Row) -> Result<Option<Change>, StoreFault> {
        let fields = Fields::new::<i64>(row, "changes", "", "rev");
        let Some(rev) = fields.get("rev")? else { return Ok(None) };
        let agent_id = || fields.get("agent_id").map(AgentId);
        let kind = match fields.get("kind")? {
            AGENT_CHANGED => ChangeKind::AgentChanged(agent_id()?),
            AGENT_TOKENS_ENDED => ChangeKind::AgentTokensEnded(agent_id()?),
            CREDENTIAL_CHANGED => {
                ChangeKind::CredentialChanged(agent_id()?, CredentialId(fields.get("credential_id")?))
            }
            TOKEN_REVOKED => ChangeKind::TokenRevoked {
                agent_id: agent_id()?,
                token_id: fields.get("token_id")?,
                expires_at: fields.get("expires_at")?,
            },
            KEYS_CHANGED => ChangeKind::KeysChanged,
            other => return Err(fields.corrupt("kind", format!("{other:?} is not among its values"))),
        };
        Ok(Some(Change { rev: Rev(rev), kind, at: fields.get("at")? }))
    }

    impl SqlUnit<Db> {
        /// Gives each change the next position; from here on other writers of the feed wait until the transaction ends.
        /// Answers the last position given, or the head if there is no change.
        pub(in crate::store::sql) async fn changes_append(
            &mut self,
            kinds: &[ChangeKind],
            at: DateTime<Utc>,
        ) -> Result<Rev, StoreFault> {
            if kinds.is_empty() {
                return Ok(Rev(sqlx::query_scalar(CHANGE_HEAD_GET).fetch_one(&mut *self.tx).await?));
            }
            let count = i64::try_from(kinds.len()).unwrap_or(i64::MAX);
            let last: i64 =
                sqlx::query_scalar(CHANGE_HEAD_ADVANCE).bind(count).fetch_one(&mut *self.tx).await?;
            for (rev, kind) in (last - count + 1..).zip(kinds) {
                let columns = Columns::from(kind);
                sqlx::query(CHANGE_INSERT)
                    .bind(rev)
                    .bind(columns.kind)
                    .bind(columns.agent_id)
                    .bind(columns.credential_id)
                    .bind(columns.token_id)
                    .bind(columns.expires_at)
                    .bind(at)
                    .execute(&mut *self.tx)
                    .await?;
                if columns.token_id.is_some() {
                    sqlx::query(TOKEN_REVOCATION_INSERT)
                        .bind(columns.token_id)
                        .bind(columns.expires_at)
                        .bind(rev)
                        .execute(&mut *self.tx)
                        .await?;
                }
            }
            Ok(Rev(last))
        }
    }
}
