//! The only home of jsonwebtoken, bcrypt and random numbers: digests, secrets, sealing, signatures.
//!
//! One back end, AWS-LC, does all of it, jsonwebtoken included; [`install`] says so explicitly.

pub mod entropy;
pub mod hashing;
pub mod jwt;
pub mod master;
pub mod merkle;
pub mod note;
pub mod secret;

pub use entropy::Entropy;
pub use hashing::{HashFault, HashPool};
pub use jwt::install;
pub use master::{MasterKey, Seal, digest};
pub use merkle::Hash;
pub use note::{NoteFlaw, NoteSigner, NoteVerifier};
pub use secret::{ClientSecret, SecretText};

/// The crypto back end or something that was sealed failed. Never holds key material.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum CryptoFault {
    /// The master key is not 32 bytes in base64url.
    #[error("the master key must be 32 bytes, written as 43 characters of base64url")]
    MasterKeyMalformed,
    /// What was sealed does not open: another master key, another place, or altered bytes.
    #[error("what was sealed as {0} does not open")]
    DoesNotOpen(String),
    /// A key is not one of its algorithm.
    #[error("the key {0} cannot be used: {1}")]
    KeyUnusable(String, &'static str),
    /// A primitive failed.
    #[error("{0} failed")]
    Failed(&'static str),
}
