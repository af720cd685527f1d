//! Statements that end. A database that falls silent, or a connection that was lost without a word, must not hold up whoever
//! waits for it for longer than a statement may take: the driver itself waits without an end.
//!
//! What is given up here is a fault like any other of the network. The connection goes with it: the pool asks each that comes
//! back whether it is still there, within a bound as well (`postgres::connect`).

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::error::Error;
use sqlx::{Database, Either, Execute, Executor, Pool, SqlStr, Transaction};
use tokio::time::{Sleep, sleep, timeout};

/// What a statement answers, row by row.
type Answers<'e, Db> =
    BoxStream<'e, Result<Either<<Db as Database>::QueryResult, <Db as Database>::Row>, Error>>;

fn too_late() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))
}

/// Waits so long at the most, where there is a bound.
pub(super) async fn within<T>(
    bound: Option<Duration>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match bound {
        Some(bound) => timeout(bound, work).await.unwrap_or_else(|_| Err(too_late())),
        None => work.await,
    }
}

/// The answers to one statement, all of which must have come in time.
struct InTime<'e, Db: Database> {
    answers: Answers<'e, Db>,
    end: Option<Pin<Box<Sleep>>>,
}

impl<Db: Database> Stream for InTime<'_, Db> {
    type Item = Result<Either<Db::QueryResult, Db::Row>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Poll::Ready(answer) = this.answers.as_mut().poll_next(context) {
            return Poll::Ready(answer);
        }
        let is_over = this.end.as_mut().is_some_and(|end| end.as_mut().poll(context).is_ready());
        if is_over { Poll::Ready(Some(Err(too_late()))) } else { Poll::Pending }
    }
}

fn in_time<Db: Database>(bound: Option<Duration>, answers: Answers<'_, Db>) -> Answers<'_, Db> {
    Box::pin(InTime::<Db> { answers, end: bound.map(|bound| Box::pin(sleep(bound))) })
}

/// Connections for single statements, each of which ends in time.
pub(super) struct Readers<Db: Database> {
    pub(super) pool: Pool<Db>,
    pub(super) bound: Option<Duration>,
}

impl<Db: Database> Clone for Readers<Db> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), bound: self.bound }
    }
}

/// Says nothing of where the database is.
impl<Db: Database> fmt::Debug for Readers<Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// An open transaction, whose statements and whose commit end in time; dropping it rolls it back.
pub(super) struct Tx<Db: Database>(Running<Db>);

/// What the statements of a transaction run on.
pub(super) struct Running<Db: Database> {
    tx: Transaction<'static, Db>,
    bound: Option<Duration>,
}

impl<Db: Database> Tx<Db> {
    pub(super) fn new(tx: Transaction<'static, Db>, bound: Option<Duration>) -> Self {
        Self(Running { tx, bound })
    }

    /// Commits. When it is given up, the outcome is unknown.
    pub(super) async fn commit(self) -> Result<(), Error> {
        within(self.0.bound, self.0.tx.commit()).await
    }

    /// The transaction itself, for what takes as long as it takes.
    pub(super) fn unbounded(&mut self) -> &mut Db::Connection {
        &mut self.0.tx
    }
}

impl<Db: Database> Deref for Tx<Db> {
    type Target = Running<Db>;

    fn deref(&self) -> &Running<Db> {
        &self.0
    }
}

impl<Db: Database> DerefMut for Tx<Db> {
    fn deref_mut(&mut self) -> &mut Running<Db> {
        &mut self.0
    }
}

impl<Db: Database> fmt::Debug for Running<Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// The two kinds of executors differ only in what they run on.
macro_rules! executor {
    ($executor:ty, $life:lifetime, |$this:ident| $on:expr) => {
        impl<$life, Db: Database> Executor<$life> for $executor
        where
            for<'c> &'c mut Db::Connection: Executor<'c, Database = Db>,
        {
            type Database = Db;

            fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Answers<'e, Db>
            where
                $life: 'e,
                E: 'q + Execute<'q, Db>,
            {
                let bound = self.bound;
                let $this = self;
                in_time::<Db>(bound, $on.fetch_many(query))
            }

            fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<Db::Row>, Error>>
            where
                $life: 'e,
                E: 'q + Execute<'q, Db>,
            {
                let bound = self.bound;
                let $this = self;
                Box::pin(within(bound, $on.fetch_optional(query)))
            }

            fn prepare_with<'e>(
                self,
                sql: SqlStr,
                parameters: &'e [Db::TypeInfo],
            ) -> BoxFuture<'e, Result<Db::Statement, Error>>
            where
                $life: 'e,
            {
                let bound = self.bound;
                let $this = self;
                Box::pin(within(bound, $on.prepare_with(sql, parameters)))
            }
        }
    };
}

executor!(&'p Readers<Db>, 'p, |this| (&this.pool));
executor!(&'t mut Running<Db>, 't, |this| (&mut *this.tx));
