//! The specification as an executable claim: every answer of the real server is checked against `openapi.yaml`.
//!
//! The harness reads `openapi.yaml` itself and uses no generated types, so that a fault of the generator cannot hide.
//!
//! - [`spec`] is the document as the harness understands it;
//! - [`check`] compares one answer with it;
//! - [`coverage`] remembers which answers were seen and compares them with all that are declared;
//! - [`events`] compares the audit events that requests leave with the table in the documentation;
//! - [`redis`] is a Redis to be harmed, [`between`] what stands between a server and its PostgreSQL, and [`disk`] a disk to
//!   be filled;
//! - [`load`] is what clients do meanwhile, and what was answered to them;
//! - [`server`] starts the real binary on a fresh database, and [`ground`] is there before anything has started;
//! - [`world`] is such a server as a test sees it, and [`actor`] is who sends requests there;
//! - [`secret`] knows what secrets and tokens look like, and makes secrets that nobody was given;
//! - [`line`] is a connection whose answers are timed;
//! - [`log`] is the audit log as commands judge it, and as somebody with the owner's rights can spoil it;
//! - [`recording`] turns an answer into the text that a snapshot keeps;
//! - [`operations`] has a good request for every operation.
//!
//! The program for QA does the same on any deployment: [`deployment`] is such a deployment, [`scenarios`] is the table of
//! what is done there, [`run`] does it, and [`report`] writes down what came of it.

pub mod actor;
pub mod between;
pub mod check;
pub mod coverage;
pub mod deployment;
pub mod disk;
pub mod events;
pub mod ground;
pub mod line;
pub mod load;
pub mod log;
pub mod operations;
pub mod recording;
pub mod redis;
pub mod report;
pub mod run;
pub mod scenarios;
pub mod secret;
pub mod server;
pub mod spec;
pub mod world;

/// Makes a test of each function on PostgreSQL with Redis alone, where the sentence is about PostgreSQL.
///
/// Each function takes a [`world::Case`].
#[macro_export]
macro_rules! on_postgres {
    ($($name:ident),+ $(,)?) => {
        mod on_postgres {
            $(#[test]
            fn $name() {
                super::$name($crate::world::Case::new($crate::server::Database::Postgres, module_path!(), stringify!($name)));
            })+
        }
    };
}

/// Makes a test of each function, once on SQLite alone and once on PostgreSQL with Redis, with the same recorded answers
/// for both.
///
/// Each function takes a [`world::Case`].
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name($crate::world::Case::new($crate::server::Database::Sqlite, module_path!(), stringify!($name)));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name($crate::world::Case::new($crate::server::Database::Postgres, module_path!(), stringify!($name)));
            })+
        }
    };
}
