//! A module for each tag of the specification.

pub mod agents;

pub mod audit;

pub mod credentials;

pub mod discovery;

pub mod documentation;

pub mod health;

pub mod tokens;
