//! `agentidp keys`: key material for operators.

use super::say;
use crate::app::Failure;
use crate::crypto::{Entropy, MasterKey};

/// Prints a new master key.
pub(super) fn master() -> Result<(), Failure> {
    say(MasterKey::generate(&Entropy::system()).expose());
    Ok(())
}
