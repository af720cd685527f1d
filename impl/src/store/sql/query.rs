//! The little that all queries share: naming them, compiling a body for both databases, filters, and reading rows.

use std::fmt::Display;

use sqlx::error::Error;
use sqlx::query::Query;
use sqlx::{ColumnIndex, Decode, Encode, QueryBuilder, Row, Type};
use uuid::Uuid;

use crate::store::StoreFault;

/// Compiles items once for PostgreSQL and once for SQLite. In them `Db` is the database and `dialect` the module of what
/// is its own.
macro_rules! on_both {
    ($($item:item)*) => {
        mod on_postgres {
            #[allow(unused_imports, reason = "not every body needs everything around it")]
            use super::*;
            #[allow(unused_imports, reason = "not every noun has something of its own")]
            use crate::store::sql::postgres as dialect;
            type Db = sqlx::Postgres;
            $($item)*
        }
        mod on_sqlite {
            #[allow(unused_imports, reason = "not every body needs everything around it")]
            use super::*;
            #[allow(unused_imports, reason = "not every noun has something of its own")]
            use crate::store::sql::sqlite as dialect;
            type Db = sqlx::Sqlite;
            $($item)*
        }
    };
}

/// Names queries, and collects the names so that a test can prepare every one of them.
macro_rules! queries {
    ($($(#[$about:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$about])* pub(in crate::store::sql) const $name: &str = $sql;)*
        pub(in crate::store::sql) const QUERIES: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// A list in the making: a query, what it is narrowed to, and a page of it.
///
/// Only what is asked for becomes part of the statement (a constant with optional conditions would keep the planner from
/// the indexes). The texts are constants; whatever a caller says is bound.
pub(super) struct Listing<Db: sqlx::Database>(QueryBuilder<Db>);

impl<Db: sqlx::Database> Listing<Db> {
    /// Begins with a `SELECT` up to its `FROM` clause.
    pub(super) fn new(select: &'static str) -> Self {
        Self(QueryBuilder::new(select))
    }

    /// Adds a join, which must end where its value belongs, if there is a value. Joins come before conditions.
    pub(super) fn join<'t, T: Encode<'t, Db> + Type<Db>>(&mut self, join: &'static str, value: Option<T>) {
        if let Some(value) = value {
            self.0.push(" ").push(join).push(" ").push_bind(value);
        }
    }

    /// Ends the joins; conditions may follow.
    pub(super) fn narrow(&mut self) {
        self.0.push(" WHERE TRUE");
    }

    /// Adds a condition, which must end where its value belongs, if there is a value.
    pub(super) fn only<'t, T: Encode<'t, Db> + Type<Db>>(
        &mut self,
        condition: &'static str,
        value: Option<T>,
    ) {
        if let Some(value) = value {
            self.0.push(" AND ").push(condition).push(" ").push_bind(value);
        }
    }

    /// Adds a condition without a value.
    pub(super) fn only_if(&mut self, applies: bool, condition: &'static str) {
        if applies {
            self.0.push(" AND ").push(condition);
        }
    }

    /// Ends what is narrowed with an order and a limit.
    pub(super) fn page<'t>(&mut self, order: &'static str, limit: u32)
    where
        i64: Encode<'t, Db> + Type<Db>,
    {
        self.0.push(" ORDER BY ").push(order).push(" LIMIT ").push_bind(i64::from(limit));
    }

    /// Adds what holds several lists together.
    pub(super) fn text(&mut self, text: &'static str) {
        self.0.push(text);
    }

    /// The finished statement.
    pub(super) fn build(&mut self) -> Query<'_, Db, Db::Arguments> {
        self.0.build()
    }
}

/// The columns of one table in a row, read by name. What cannot be read is [`StoreFault::Corrupt`] with its place.
pub(super) struct Fields<'r, R: Row> {
    row: &'r R,
    table: &'static str,
    /// What the row puts before the column's name, because it holds the columns of other tables too.
    prefix: &'static str,
    id: String,
}

impl<'r, R: Row> Fields<'r, R>
where
    &'static str: ColumnIndex<R>,
{
    /// The columns of `table`, whose row is known by the column `key`.
    pub(super) fn new<K>(row: &'r R, table: &'static str, prefix: &'static str, key: &'static str) -> Self
    where
        K: Decode<'r, R::Database> + Type<R::Database> + Display,
    {
        // A key that cannot be read is told of when the key itself is read.
        let id = row.try_get::<K, _>(key).map_or_else(|_| "?".to_owned(), |id| id.to_string());
        Self { row, table, prefix, id }
    }

    /// The columns of `table`, whose row is known by the UUID in the column `key`.
    pub(super) fn of_uuid(row: &'r R, table: &'static str, prefix: &'static str, key: &'static str) -> Self
    where
        Uuid: Decode<'r, R::Database> + Type<R::Database>,
    {
        Self::new::<Uuid>(row, table, prefix, key)
    }

    /// The value of a column, the prefix included.
    pub(super) fn get<T>(&self, column: &'static str) -> Result<T, StoreFault>
    where
        T: Decode<'r, R::Database> + Type<R::Database>,
    {
        match self.row.try_get(column) {
            Ok(value) => Ok(value),
            Err(Error::ColumnDecode { source, .. }) => Err(self.corrupt(column, source)),
            Err(other) => Err(other.into()),
        }
    }

    /// The value of a column that holds the name of a value.
    pub(super) fn named<T>(
        &self,
        column: &'static str,
        from_name: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreFault>
    where
        &'r str: Decode<'r, R::Database> + Type<R::Database>,
    {
        let name: &'r str = self.get(column)?;
        from_name(name).ok_or_else(|| self.corrupt(column, format!("{name:?} is not among its values")))
    }

    /// The fault of a column whose value cannot be.
    pub(super) fn corrupt(&self, column: &'static str, problem: impl Display) -> StoreFault {
        StoreFault::Corrupt {
            table: self.table,
            column: column.strip_prefix(self.prefix).unwrap_or(column),
            id: self.id.clone(),
            problem: problem.to_string(),
        }
    }
}
