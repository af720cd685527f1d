//! What the memory promises about the audit log.

use std::future::Future;

use uuid::Uuid;

use super::StoreFault;
use crate::domain::agents::Owner;
use crate::domain::audit::{AuditFilter, AuditRow};

/// Reading the audit log.
pub trait AuditReads {
    /// The event of that id, if its content is still there and, with `within` set, it stands behind that owner's wall.
    fn audit_get(
        &self,
        id: Uuid,
        within: Option<&Owner>,
    ) -> impl Future<Output = Result<Option<AuditRow>, StoreFault>> + Send;

    /// Events that pass the filter, newest first (by descending id), those after `after` (exclusive), at most `limit`.
    fn audit_list(
        &self,
        filter: &AuditFilter,
        after: Option<Uuid>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AuditRow>, StoreFault>> + Send;
}

/// Writing the audit log; there is no changing and no removing.
pub trait AuditWrites {
    /// Adds events, each with its pending row. An event whose id is there already is passed over, so that a batch whose
    /// commit had an unknown outcome can be written again. An event whose time is not the one that its id carries is
    /// refused: of such ids the database could not tell that they are there already.
    fn audit_append(&mut self, rows: &[AuditRow]) -> impl Future<Output = Result<(), StoreFault>> + Send;
}
