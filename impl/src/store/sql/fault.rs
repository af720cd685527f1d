//! From sqlx's errors to ours.

use sqlx::Error;
use sqlx::migrate::MigrateError;

use super::{postgres, sqlite};
use crate::store::StoreFault;

/// What is the network's, the pool's or the server's state is [`StoreFault::Unavailable`]; what is wrong with a statement
/// is [`StoreFault::Refused`]. The text is the database's own message, without its details (which quote rows) and
/// without the URL.
impl From<Error> for StoreFault {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => {
                let text = error.message().to_owned();
                if postgres::is_unavailable(&*error) || sqlite::is_unavailable(&*error) {
                    Self::Unavailable(text)
                } else {
                    Self::Refused(text)
                }
            }
            Error::Io(_)
            | Error::Tls(_)
            // What comes back is no PostgreSQL's: something in between took the connection and ended it.
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::BeginFailed => Self::Unavailable(error.to_string()),
            Error::Configuration(_) => Self::Refused("the database URL cannot be understood".to_owned()),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<MigrateError> for StoreFault {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => error.into(),
            MigrateError::ExecuteMigration(error, version) => match Self::from(error) {
                Self::Refused(text) => Self::Refused(format!("migration {version}: {text}")),
                other => other,
            },
            other => Self::Refused(other.to_string()),
        }
    }
}
