//! The tree as it grows (RFC 6962 §2.1), by its frontier alone.

use std::ops::Range;

use crate::crypto::Hash;
use crate::crypto::merkle::{empty_root, node_hash};

/// A complete subtree: 2^`height` leaves, the first of which is `index` · 2^`height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// How far above the leaves its root is.
    pub height: u8,
    /// Which of that height it is, from the left.
    pub index: u64,
}

impl Node {
    /// The leaves below it.
    pub fn leaves(self) -> Range<u64> {
        self.index << self.height..(self.index + 1) << self.height
    }
}

/// The complete subtrees that leaves `range` consist of, from left to right. The range is that of a subtree: its
/// beginning is a multiple of the greatest power of two below its length, or of its length.
pub(super) fn complete_subtrees(range: Range<u64>) -> Vec<Node> {
    let Range { start: mut at, end } = range;
    let mut nodes = Vec::new();
    while at < end {
        let most = (end - at).ilog2();
        let height = if at == 0 { most } else { most.min(at.trailing_zeros()) };
        nodes.push(Node { height: height as u8, index: at >> height });
        at += 1 << height;
    }
    nodes
}

/// The root over complete subtrees of falling height, which is what a tree's right edge consists of.
pub(super) fn root_of(hashes: &[Hash]) -> Hash {
    let Some((last, rest)) = hashes.split_last() else { return empty_root() };
    rest.iter().rev().fold(*last, |right, left| node_hash(left, &right))
}

/// Where a tree of so many leaves (two at least) is split: the greatest power of two below (RFC 6962 §2.1).
pub(super) fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// All that is needed of a tree to append to it and to know its root: its size, and the roots of its complete subtrees,
/// the greatest first. At most 64 hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Default for Frontier {
    fn default() -> Self {
        Self::empty()
    }
}

impl Frontier {
    /// The frontier of the tree without leaves.
    pub fn empty() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// The frontier of a tree of this size, from the hashes of [`Frontier::nodes`]; nothing if they are not as many.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// The complete subtrees of a tree of this size, the greatest first.
    pub fn nodes(size: u64) -> Vec<Node> {
        complete_subtrees(0..size)
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        root_of(&self.peaks)
    }

    /// Appends a leaf by its hash, and tells of every subtree above the leaves that it completes, the lowest first.
    pub fn append(&mut self, leaf: Hash, mut completed: impl FnMut(Node, Hash)) {
        let (mut hash, mut node) = (leaf, Node { height: 0, index: self.size });
        while node.index & 1 == 1 {
            let left = self.peaks.pop().expect("as many peaks as the size has bits");
            hash = node_hash(&left, &hash);
            node = Node { height: node.height + 1, index: node.index >> 1 };
            completed(node, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::master::hex;
    use crate::crypto::merkle::leaf_hash;

    /// The root as the RFC defines it.
    pub fn defined_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                node_hash(&defined_root(left), &defined_root(right))
            }
        }
    }

    pub fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
    }

    #[test]
    fn the_roots_of_the_reference_tree_are_those_of_every_implementation() {
        let entries: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut frontier = Frontier::empty();
        assert_eq!(hex(&frontier.root()), roots[0]);
        for (entry, root) in entries.iter().zip(&roots[1..]) {
            frontier.append(leaf_hash(entry), |_, _| {});
            assert_eq!(hex(&frontier.root()), *root, "of {} leaves", frontier.size());
        }
    }

    proptest! {
        #[test]
        fn a_frontier_has_the_root_that_the_definition_has(size in 0_u64..600) {
            let leaves = leaves(size);
            let mut frontier = Frontier::empty();
            let mut told = Vec::new();
            for leaf in &leaves {
                frontier.append(*leaf, |node, hash| told.push((node, hash)));
            }
            prop_assert_eq!(frontier.root(), defined_root(&leaves));
            for (node, hash) in &told {
                let Range { start, end } = node.leaves();
                prop_assert_eq!(*hash, defined_root(&leaves[start as usize..end as usize]));
            }
            // Every complete subtree above the leaves is told of, once.
            let all: u64 = (1..64).map(|height| size >> height).sum();
            told.sort_unstable();
            told.dedup();
            prop_assert_eq!(told.len() as u64, all);
        }

        #[test]
        fn a_frontier_can_be_put_down_and_taken_up(before in 0_u64..300, after in 0_u64..300) {
            let leaves = leaves(before + after);
            let peaks = Frontier::nodes(before).into_iter().map(|node| {
                let Range { start, end } = node.leaves();
                defined_root(&leaves[start as usize..end as usize])
            });
            let mut frontier = Frontier::new(before, peaks.collect()).unwrap();
            prop_assert_eq!(frontier.root(), defined_root(&leaves[..before as usize]));
            for leaf in &leaves[before as usize..] {
                frontier.append(*leaf, |_, _| {});
            }
            prop_assert_eq!(frontier.root(), defined_root(&leaves));
        }
    }

    #[test]
    fn a_frontier_of_another_number_of_hashes_is_none() {
        assert_eq!(Frontier::new(3, vec![[0; 32]]), None);
        assert!(Frontier::new(3, vec![[0; 32]; 2]).is_some());
        assert_eq!(Frontier::nodes(u64::MAX >> 1).len(), 63);
    }
}
