//! The marker of the first operator in SQL.

use chrono::{DateTime, Utc};

use super::{SqlStore, SqlUnit};
use crate::domain::agents::AgentId;
use crate::store::StoreFault;
use crate::store::bootstrap::{BootstrapReads, BootstrapWrites};

queries! {
    /// The first operator.
    BOOTSTRAP_GET = "SELECT operator_id FROM bootstrap";
    /// The claim, unless it is taken; an open claim of somebody else is waited for.
    BOOTSTRAP_CLAIM =
        "INSERT INTO bootstrap (singleton, operator_id, at) VALUES (1, $1, $2) ON CONFLICT (singleton) DO NOTHING";
    /// Another operator, in the place of the one that is expected there.
    BOOTSTRAP_REPLACE = "UPDATE bootstrap SET operator_id = $2, at = $3 WHERE operator_id = $1";
}

on_both! {
    impl BootstrapReads for SqlStore<Db> {
        async fn bootstrap_get(&self) -> Result<Option<AgentId>, StoreFault> {
            Ok(sqlx::query_scalar(BOOTSTRAP_GET).fetch_optional(&self.readers).await?.map(AgentId))
        }
    }

    impl BootstrapWrites for SqlUnit<Db> {
        async fn bootstrap_claim(
            &mut self,
            operator: AgentId,
            at: DateTime<Utc>,
        ) -> Result<bool, StoreFault> {
            let done = sqlx::query(BOOTSTRAP_CLAIM).bind(operator.0).bind(at).execute(&mut *self.tx).await?;
            Ok(done.rows_affected() == 1)
        }

        async fn bootstrap_replace(
            &mut self,
            before: AgentId,
            operator: AgentId,
            at: DateTime<Utc>,
        ) -> Result<bool, StoreFault> {
            let replace = sqlx::query(BOOTSTRAP_REPLACE).bind(before.0).bind(operator.0).bind(at);
            Ok(replace.execute(&mut *self.tx).await?.rows_affected() == 1)
        }
    }
}
