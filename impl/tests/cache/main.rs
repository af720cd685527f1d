//! What nodes share through Redis, on a real one: kept, sealed, and never in the way.
//!
//! The tests share the Redis of `TEST_REDIS_URL`, each under a name of its own; those that harm a Redis start their own.

mod clients;
mod limits;
#[path = "../../../contract-tests/src/redis.rs"]
mod redis_server;
mod world;
