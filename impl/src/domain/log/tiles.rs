//! Tiles and entry bundles: how a log is cut into files (C2SP `tlog-tiles`).

use std::fmt;

use super::Node;
use super::tree::root_of;
use crate::crypto::Hash;

/// How many hashes or entries a full tile has.
pub const TILE_WIDTH: u16 = 256;

/// How many levels of the tree one level of tiles spans.
pub const TILE_HEIGHT: u8 = 8;

/// The most levels that tiles can have.
const LEVELS: u8 = 64;

/// The most bytes that an entry of a bundle may have: its length is two bytes.
pub const ENTRY_LIMIT: usize = u16::MAX as usize;

/// A tile of hashes: `width` nodes of height 8 · `level`, the first of which is `index` · 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// How many levels of tiles are below it.
    pub level: u8,
    /// Which of that level it is, from the left.
    pub index: u64,
    /// How many hashes it has, from 1 to 256.
    pub width: u16,
}

/// The place of a tile or an entry bundle within its level: its index and its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TilePlace {
    /// Which of its level it is, from the left.
    pub index: u64,
    /// How many hashes or entries it has, from 1 to 256.
    pub width: u16,
}

impl TilePlace {
    /// The place that a path names: groups of three digits, all but the last after an `x`, and for a partial tile `.p/` and
    /// its width. Nothing if it is not written as the format has it.
    pub fn parse(path: &str) -> Option<Self> {
        let (groups, width) = match path.split_once(".p/") {
            Some((groups, width)) => (groups, number(width)?),
            None => (path, u64::from(TILE_WIDTH)),
        };
        if width == 0 || width > u64::from(TILE_WIDTH) {
            return None;
        }
        let mut index = 0_u64;
        for group in groups.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let place = Self { index, width: width as u16 };
        // One place has one path: a group too many, a missing `x` or the width of a full tile makes none.
        (place.to_string() == path).then_some(place)
    }

    /// The first hash or entry in it; of a place that has an [`end`](Self::end) alone.
    pub fn start(self) -> u64 {
        self.index * u64::from(TILE_WIDTH)
    }

    /// Where its hashes or entries end (exclusive), or nothing if no log can be so long.
    pub fn end(self) -> Option<u64> {
        self.index.checked_mul(u64::from(TILE_WIDTH))?.checked_add(u64::from(self.width))
    }

    /// Whether it will never have more.
    pub fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }
}

impl fmt::Display for TilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups[1..].iter().rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", groups[0])?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// A whole number as the format writes it: without leading zeros.
fn number(text: &str) -> Option<u64> {
    let well_formed =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| well_formed)
}

impl Tile {
    /// The tile of a level and a path within it, as [`TilePlace::parse`] reads it.
    pub fn parse(level: u64, path: &str) -> Option<Self> {
        let level = u8::try_from(level).ok().filter(|level| *level < LEVELS)?;
        let TilePlace { index, width } = TilePlace::parse(path)?;
        Some(Self { level, index, width })
    }

    /// Where it is within its level.
    pub fn place(self) -> TilePlace {
        TilePlace { index: self.index, width: self.width }
    }

    /// Its path below the log's address.
    pub fn path(self) -> String {
        format!("tile/{}/{}", self.level, self.place())
    }

    /// How many hashes of this level a tree of so many leaves has.
    pub fn hashes_at(level: u8, size: u64) -> u64 {
        size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or_default()
    }

    /// Whether a tree of so many leaves has all of it.
    pub fn is_in(self, size: u64) -> bool {
        self.place().end().is_some_and(|end| end <= Self::hashes_at(self.level, size))
    }

    /// The tile that has what is needed to compute a node, as wide as a tree of so many leaves has it. The node must be in
    /// the tree.
    pub fn with(node: Node, size: u64) -> Self {
        let level = node.height / TILE_HEIGHT;
        let index = (node.index << (node.height % TILE_HEIGHT)) / u64::from(TILE_WIDTH);
        let width = Self::hashes_at(level, size) - index * u64::from(TILE_WIDTH);
        Self { level, index, width: width.min(u64::from(TILE_WIDTH)) as u16 }
    }

    /// The hash of a node, from the hashes of the tile that has it; nothing if they are too few.
    pub fn node_hash(hashes: &[Hash], node: Node) -> Option<Hash> {
        let height = node.height % TILE_HEIGHT;
        let start = ((node.index << height) % u64::from(TILE_WIDTH)) as usize;
        let mut level = hashes.get(start..start + (1 << height))?.to_vec();
        while level.len() > 1 {
            level = level.chunks_exact(2).map(root_of).collect();
        }
        level.first().copied()
    }
}

/// The path of an entry bundle below the log's address.
pub fn entries_path(place: TilePlace) -> String {
    format!("tile/entries/{place}")
}

/// The bytes of a tile.
pub fn hashes_write(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// The hashes of a tile's bytes; nothing if they are not whole.
pub fn hashes_read(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.to_vec())
}

/// Adds an entry to the bytes of a bundle; nothing, and nothing added, if it is over [`ENTRY_LIMIT`].
pub fn entry_write(entry: &[u8], bundle: &mut Vec<u8>) -> Option<()> {
    let length = u16::try_from(entry.len()).ok()?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Some(())
}

/// The entries of a bundle's bytes; nothing if they are not whole.
pub fn entries_read(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tree::tests::{defined_root, leaves};
    use super::*;

    #[test]
    fn paths_are_written_as_the_format_has_them() {
        let path = |level, index, width| Tile { level, index, width }.path();
        assert_eq!(path(0, 0, 256), "tile/0/000");
        assert_eq!(path(2, 999, 256), "tile/2/999");
        assert_eq!(path(0, 1000, 256), "tile/0/x001/000");
        assert_eq!(path(1, 1_234_067, 112), "tile/1/x001/x234/067.p/112");
        assert_eq!(entries_path(TilePlace { index: 273, width: 1 }), "tile/entries/273.p/1");
    }

    #[test]
    fn what_is_not_written_so_is_no_path() {
        for path in [
            "",
            "0",
            "00",
            "0000",
            "x000",
            "x000/000",
            "x000/001",
            "001/000",
            "x001/x000",
            "x001",
            "001.p/0",
            "001.p/256",
            "001.p/257",
            "001.p/01",
            "001.p/",
            "001.p",
            "001.p/+1",
            "x001//000",
            "/001",
            "001/",
            "-01",
            "001.p/1.p/1",
            "x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(TilePlace::parse(path), None, "{path:?}");
        }
        assert_eq!(Tile::parse(64, "000"), None);
        assert_eq!(Tile::parse(63, "000"), Some(Tile { level: 63, index: 0, width: 256 }));
    }

    proptest! {
        #[test]
        fn a_path_that_is_written_is_read(index: u64, width in 1_u16..=256) {
            let place = TilePlace { index, width };
            prop_assert_eq!(TilePlace::parse(&place.to_string()), Some(place));
        }

        #[test]
        fn what_is_read_as_a_path_is_written_so(path in "(x?[0-9]{3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
            if let Some(place) = TilePlace::parse(&path) {
                prop_assert_eq!(place.to_string(), path);
            }
        }

        #[test]
        fn a_node_is_computed_from_its_tile(height in 0_u8..8, index in 0_u64..40) {
            let node = Node { height, index };
            let range = node.leaves();
            let leaves = leaves(range.end);
            let tile = Tile::with(node, range.end);
            prop_assert!(tile.is_in(range.end));
            let (start, end) = (tile.place().start() as usize, tile.place().end().unwrap() as usize);
            let hash = Tile::node_hash(&leaves[start..end], node);
            prop_assert_eq!(hash, Some(defined_root(&leaves[range.start as usize..range.end as usize])));
        }

        #[test]
        fn bundles_and_tiles_are_read_as_written(
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            hashes in prop::collection::vec(any::<Hash>(), 0..20),
        ) {
            let mut bundle = Vec::new();
            for entry in &entries {
                entry_write(entry, &mut bundle).unwrap();
            }
            prop_assert_eq!(entries_read(&bundle).unwrap(), entries);
            prop_assert_eq!(hashes_read(&hashes_write(&hashes)), Some(hashes));
        }

        #[test]
        fn bytes_that_are_no_bundle_are_none(bytes: Vec<u8>) {
            if let Some(entries) = entries_read(&bytes) {
                prop_assert_eq!(entries.iter().map(|entry| entry.len() + 2).sum::<usize>(), bytes.len());
            }
            prop_assert_eq!(hashes_read(&bytes).is_some(), bytes.len() % 32 == 0);
        }
    }

    #[test]
    fn an_entry_that_has_no_room_for_its_length_is_not_written() {
        let mut bundle = Vec::new();
        assert_eq!(entry_write(&vec![0; ENTRY_LIMIT + 1], &mut bundle), None);
        assert!(bundle.is_empty());
        assert_eq!(entry_write(&vec![0; ENTRY_LIMIT], &mut bundle), Some(()));
    }
}
