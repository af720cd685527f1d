//! The oracles on the checked-in seeds, which cover both decisions of each parser, and on random changes of them.

use std::fs;
use std::path::{Path, PathBuf};

use oracles::{Decision, ORACLES};
use proptest::prelude::*;
use proptest::sample::Index;

fn seeds(of: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../seeds").join(of);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).expect("a seed"))).collect()
}

/// A seed says in its name what becomes of it: `taken-…` or `refused-…`; what is `found-…` was once decided wrongly.
#[test]
fn every_seed_is_decided_as_its_name_says() {
    for (name, judge) in ORACLES {
        let (mut taken, mut refused) = (0, 0);
        for (path, seed) in seeds(name) {
            let decision = judge(&seed);
            let file = path.file_name().expect("a name").to_string_lossy().into_owned();
            match file.split('-').next() {
                Some("taken") => {
                    taken += 1;
                    assert_eq!(decision, Decision::Accepted, "{name}/{file}");
                }
                Some("refused") => {
                    refused += 1;
                    assert_ne!(decision, Decision::Accepted, "{name}/{file}");
                }
                Some("found") => {}
                _ => panic!("{name}/{file}: a seed begins with taken-, refused- or found-"),
            }
        }
        assert!(taken > 0 && refused > 0, "{name}: {taken} taken, {refused} refused");
    }
}

#[derive(Clone, Debug)]
enum Change {
    Put(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Swap(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let telling = || prop_oneof![any::<u8>(), prop::sample::select(b"\0\"%&+-.:=?@[]_{}\\ 09afz/,".to_vec())];
    prop_oneof![
        (any::<Index>(), telling()).prop_map(|(at, byte)| Change::Put(at, byte)),
        (any::<Index>(), prop::collection::vec(telling(), 1..6))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<Index>(), 1..9_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<Index>(), 1..20_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Change::Swap(one, other)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            bytes.push(b'0');
        }
        let within = |index: &Index| index.index(bytes.len());
        match change {
            Change::Put(at, byte) => {
                let at = within(at);
                bytes[at] = *byte;
            }
            Change::Insert(at, more) => {
                let at = within(at);
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Remove(at, count) => {
                let at = within(at);
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
            Change::Repeat(at, count) => {
                let at = within(at);
                let piece = bytes[at..(at + count).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            Change::Swap(one, other) => {
                let (one, other) = (within(one), within(other));
                bytes.swap(one, other);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_a_seed_is_decided_wrongly(
        which in any::<Index>(),
        seed in any::<Index>(),
        changes in prop::collection::vec(change(), 0..6),
    ) {
        let (name, judge) = ORACLES[which.index(ORACLES.len())];
        let seeds = seeds(name);
        judge(&changed(seeds[seed.index(seeds.len())].1.clone(), &changes));
    }

    #[test]
    fn no_bytes_are_decided_wrongly(
        which in any::<Index>(),
        input in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "\\PC{0,80}".prop_map(String::into_bytes),
            "[ -~\\n]{0,120}".prop_map(String::into_bytes),
        ],
    ) {
        let (_, judge) = ORACLES[which.index(ORACLES.len())];
        judge(&input);
    }
}
