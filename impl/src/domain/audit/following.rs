//! Following a log from outside: each checkpoint that it shows must continue the last one that was kept.

use std::fmt;
use std::time::Duration;

use crate::crypto::{NoteFlaw, NoteVerifier};
use crate::domain::log::proof::consistency_verify;
use crate::domain::log::{Checkpoint, Hash, Plan};

/// Why a log is not to be believed any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// What it shows as its checkpoint was not signed by its key.
    Unsigned(NoteFlaw),
    /// It is shorter than it was.
    RolledBack {
        /// How many events the kept checkpoint has.
        kept: u64,
        /// How many it has now.
        size: u64,
    },
    /// It has another past than it had: two checkpoints that its key has signed contradict each other.
    Forked {
        /// How many events the kept checkpoint has.
        kept: u64,
        /// How many it has now.
        size: u64,
    },
    /// For so long it has shown nothing new that could be verified.
    Stale(Duration),
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(flaw) => {
                write!(f, "what the log shows as its checkpoint is not its key's: {flaw}")
            }
            Self::RolledBack { kept, size } => {
                write!(f, "the log was rolled back: it has {size} events, and had {kept}")
            }
            Self::Forked { kept, size } => write!(
                f,
                "the log was forked: its checkpoint of {size} events does not continue the one of {kept} that was kept, and \
                 both are signed"
            ),
            Self::Stale(long) => {
                write!(f, "the log has shown nothing new that verifies for {} seconds", long.as_secs())
            }
        }
    }
}

/// What is to be asked of a log after it has shown a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is the checkpoint that is kept already.
    Nothing,
    /// Nothing: it is the first that is seen.
    First,
    /// The hashes of this proof.
    Prove(Plan),
}

/// The checkpoint of a note, and what shows that it continues the kept one.
pub fn look(
    kept: Option<&Checkpoint>,
    note: &str,
    verifier: &NoteVerifier,
) -> Result<(Checkpoint, Next), Alarm> {
    let seen = Checkpoint::verify(note, verifier).map_err(Alarm::Unsigned)?;
    let Some(kept) = kept else { return Ok((seen, Next::First)) };
    let (before, size) = (kept.size, seen.size);
    let Some(plan) = Plan::consistency(before, size) else {
        return Err(Alarm::RolledBack { kept: before, size });
    };
    if before == size {
        return match kept.root == seen.root {
            true => Ok((seen, Next::Nothing)),
            false => Err(Alarm::Forked { kept: before, size }),
        };
    }
    Ok((seen, Next::Prove(plan)))
}

/// Judges the hashes that were asked for.
pub fn prove(kept: &Checkpoint, seen: &Checkpoint, hashes: &[Hash]) -> Result<(), Alarm> {
    match consistency_verify(kept.size, &kept.root, seen.size, &seen.root, hashes) {
        true => Ok(()),
        false => Err(Alarm::Forked { kept: kept.size, size: seen.size }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::NoteSigner;
    use crate::crypto::merkle::leaf_hash;
    use crate::domain::log::Frontier;

    fn checkpoint(leaves: &[&[u8]]) -> Checkpoint {
        let mut frontier = Frontier::empty();
        for leaf in leaves {
            frontier.append(leaf_hash(leaf), |_, _| {});
        }
        Checkpoint { origin: "example.com/audit".into(), size: frontier.size(), root: frontier.root() }
    }

    #[test]
    fn a_log_may_grow_and_do_nothing_else() {
        let signer = NoteSigner::from_pkcs8("example.com/audit", &NoteSigner::generate().unwrap()).unwrap();
        let other = NoteSigner::from_pkcs8("example.com/audit", &NoteSigner::generate().unwrap()).unwrap();
        let (two, three) = (checkpoint(&[b"a", b"b"]), checkpoint(&[b"a", b"b", b"c"]));
        let look = |kept: Option<&Checkpoint>, seen: &Checkpoint| {
            look(kept, &seen.sign(&signer).unwrap(), signer.verifier())
        };
        assert_eq!(look(None, &two), Ok((two.clone(), Next::First)));
        assert_eq!(look(Some(&two), &two), Ok((two.clone(), Next::Nothing)));
        let plan = Plan::consistency(2, 3).unwrap();
        assert_eq!(look(Some(&two), &three), Ok((three.clone(), Next::Prove(plan))));
        assert_eq!(prove(&two, &three, &[leaf_hash(b"c")]), Ok(()));

        assert_eq!(look(Some(&three), &two), Err(Alarm::RolledBack { kept: 3, size: 2 }));
        let another = checkpoint(&[b"a", b"x"]);
        assert_eq!(look(Some(&two), &another), Err(Alarm::Forked { kept: 2, size: 2 }));
        let grown = checkpoint(&[b"a", b"x", b"c"]);
        assert_eq!(prove(&two, &grown, &[leaf_hash(b"c")]), Err(Alarm::Forked { kept: 2, size: 3 }));
        let foreign = three.sign(&other).unwrap();
        assert_eq!(
            super::look(Some(&two), &foreign, signer.verifier()),
            Err(Alarm::Unsigned(NoteFlaw::Unsigned))
        );
    }
}
