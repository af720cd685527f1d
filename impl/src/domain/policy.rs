//! Capabilities and scopes: the ceiling, the two kinds that never mix, and what it means to hold one.

use std::fmt;

/// A capability or a scope: `resource:action`, as the specification's `Capability` bounds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Capability(pub String);

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
