//! Proofs that a leaf is in a tree and that one tree continues another (RFC 6962 §2.1.1, §2.1.2).

use std::collections::BTreeSet;
use std::ops::Range;

use super::tiles::Tile;
use super::tree::{Node, complete_subtrees, root_of, split};
use crate::crypto::Hash;
use crate::crypto::merkle::node_hash;

/// What is to be computed of a tree: a list of hashes, each over some of its leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    size: u64,
    /// For each hash the complete subtrees under it, from left to right.
    hashes: Vec<Vec<Node>>,
}

impl Plan {
    /// The path of a leaf in a tree of that size (RFC 6962 §2.1.1), lowest first; nothing if the tree does not have it.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let (mut within, mut ranges) = (0..size, Vec::new());
        while within.end - within.start > 1 {
            let middle = within.start + split(within.end - within.start);
            let (left, right) = (within.start..middle, middle..within.end);
            let (on, beside) = if index < middle { (left, right) } else { (right, left) };
            ranges.push(beside);
            within = on;
        }
        Some(Self::over(size, ranges))
    }

    /// That a tree of one size continues a tree of another (RFC 6962 §2.1.2), lowest first; nothing if it is the smaller.
    /// Every tree continues the empty one and itself, for which no hashes are needed.
    pub fn consistency(from: u64, to: u64) -> Option<Self> {
        if from > to {
            return None;
        }
        if from == 0 {
            return Some(Self::over(to, Vec::new()));
        }
        let (mut within, mut ranges) = (0..to, Vec::new());
        while from < within.end {
            let middle = within.start + split(within.end - within.start);
            if from <= middle {
                ranges.push(middle..within.end);
                within.end = middle;
            } else {
                ranges.push(within.start..middle);
                within.start = middle;
            }
        }
        // The old tree as a whole is known to whoever asks; a part of it is not.
        if within.start > 0 {
            ranges.push(within);
        }
        Some(Self::over(to, ranges))
    }

    /// The frontier of a tree of that size ([`super::Frontier::new`]), the greatest subtree first.
    pub fn frontier(size: u64) -> Self {
        Self { size, hashes: complete_subtrees(0..size).into_iter().map(|node| vec![node]).collect() }
    }

    /// The root of a tree of that size: one hash.
    pub fn root(size: u64) -> Self {
        Self { size, hashes: vec![complete_subtrees(0..size)] }
    }

    fn over(size: u64, ranges: Vec<Range<u64>>) -> Self {
        Self { size, hashes: ranges.into_iter().rev().map(complete_subtrees).collect() }
    }

    /// The tiles that it takes, each once: at most two for each level of tiles.
    pub fn tiles(&self) -> BTreeSet<Tile> {
        self.hashes.iter().flatten().map(|node| Tile::with(*node, self.size)).collect()
    }

    /// The hashes, from the hashes of its tiles; or the tile that is missing or too narrow.
    pub fn compute<'t>(&self, tile: impl Fn(Tile) -> Option<&'t [Hash]>) -> Result<Vec<Hash>, Tile> {
        let hash = |node: &Node| {
            let place = Tile::with(*node, self.size);
            tile(place).and_then(|hashes| Tile::node_hash(hashes, *node)).ok_or(place)
        };
        let subtree = |nodes: &Vec<Node>| nodes.iter().map(hash).collect::<Result<Vec<_>, _>>();
        self.hashes.iter().map(|nodes| Ok(root_of(&subtree(nodes)?))).collect()
    }
}

/// Whether the proof shows that the leaf is at that index of the tree of that size and root (RFC 9162 §2.1.3.2).
pub fn inclusion_verify(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut on_path, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if on_path & 1 == 1 || on_path == last {
            hash = node_hash(beside, &hash);
            while on_path & 1 == 0 && on_path != 0 {
                on_path >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        on_path >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the proof shows that the tree of size `to` and root `to_root` continues the one of size `from` and root
/// `from_root` (RFC 9162 §2.1.4.2).
pub fn consistency_verify(from: u64, from_root: &Hash, to: u64, to_root: &Hash, proof: &[Hash]) -> bool {
    if from > to {
        return false;
    }
    if from == 0 {
        return proof.is_empty() && *from_root == root_of(&[]) && (to > 0 || from_root == to_root);
    }
    if from == to {
        return proof.is_empty() && from_root == to_root;
    }
    // A tree that is complete is its own first step.
    let (first, rest) = match proof.split_first() {
        _ if from.is_power_of_two() => (*from_root, proof),
        Some((first, rest)) => (*first, rest),
        None => return false,
    };
    let (mut on_path, mut last) = (from - 1, to - 1);
    while on_path & 1 == 1 {
        on_path >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (first, first);
    for beside in rest {
        if last == 0 {
            return false;
        }
        if on_path & 1 == 1 || on_path == last {
            old = node_hash(beside, &old);
            new = node_hash(beside, &new);
            while on_path & 1 == 0 && on_path != 0 {
                on_path >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, beside);
        }
        on_path >>= 1;
        last >>= 1;
    }
    last == 0 && old == *from_root && new == *to_root
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::tree::Frontier;
    use super::super::tree::tests::{defined_root, leaves};
    use super::*;

    /// A log of so many leaves: the hashes of each level of tiles.
    fn levels(leaves: &[Hash]) -> HashMap<u8, Vec<Hash>> {
        let mut levels = HashMap::from([(0, leaves.to_vec())]);
        let mut frontier = Frontier::empty();
        for leaf in leaves {
            frontier.append(*leaf, |node, hash| {
                if node.height % 8 == 0 {
                    levels.entry(node.height / 8).or_default().push(hash);
                }
            });
        }
        levels
    }

    fn computed(plan: &Plan, levels: &HashMap<u8, Vec<Hash>>) -> Vec<Hash> {
        plan.compute(|tile| {
            assert!(plan.tiles().contains(&tile));
            assert!(tile.is_in(plan.size));
            let hashes = &levels[&tile.level];
            hashes.get(tile.place().start() as usize..tile.place().end()? as usize)
        })
        .unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_leaf_is_shown_to_be_in_its_tree_and_nowhere_else(
            size in 1_u64..1500,
            place: prop::sample::Index,
            spoilt: prop::sample::Index,
        ) {
            let leaves = leaves(size);
            let (levels, root) = (levels(&leaves), defined_root(&leaves));
            let index = place.index(leaves.len());
            let mut proof = computed(&Plan::inclusion(index as u64, size).unwrap(), &levels);
            let leaf = leaves[index];
            prop_assert!(inclusion_verify(index as u64, size, &leaf, &proof, &root));
            prop_assert!(!inclusion_verify(index as u64, size, &root_of(&[leaf, leaf]), &proof, &root));
            prop_assert!(!inclusion_verify(index as u64, size, &leaf, &proof, &leaf_of(&root)));
            for other in [index as u64 ^ 1, index as u64 + 1, size, size + 1] {
                prop_assert!(!inclusion_verify(other, size, &leaf, &proof, &root));
            }
            proof.push(leaf);
            prop_assert!(!inclusion_verify(index as u64, size, &leaf, &proof, &root));
            proof.pop();
            if !proof.is_empty() {
                let at = spoilt.index(proof.len());
                proof[at][0] ^= 1;
                prop_assert!(!inclusion_verify(index as u64, size, &leaf, &proof, &root));
                proof[at][0] ^= 1;
                proof.pop();
                prop_assert!(!inclusion_verify(index as u64, size, &leaf, &proof, &root));
            }
        }

        #[test]
        fn a_tree_is_shown_to_continue_its_past_and_nothing_else(
            to in 0_u64..1500,
            from: prop::sample::Index,
            spoilt: prop::sample::Index,
        ) {
            let leaves = leaves(to);
            let levels = levels(&leaves);
            let from = from.index(leaves.len() + 1) as u64;
            let (old, new) = (defined_root(&leaves[..from as usize]), defined_root(&leaves));
            let mut proof = computed(&Plan::consistency(from, to).unwrap(), &levels);
            prop_assert!(consistency_verify(from, &old, to, &new, &proof));
            prop_assert!(!consistency_verify(from, &leaf_of(&old), to, &new, &proof));
            if from > 0 {
                prop_assert!(!consistency_verify(from, &old, to, &leaf_of(&new), &proof));
            }
            proof.push(new);
            prop_assert!(!consistency_verify(from, &old, to, &new, &proof));
            proof.pop();
            if !proof.is_empty() {
                let at = spoilt.index(proof.len());
                proof[at][0] ^= 1;
                prop_assert!(!consistency_verify(from, &old, to, &new, &proof));
                proof[at][0] ^= 1;
                proof.pop();
                prop_assert!(!consistency_verify(from, &old, to, &new, &proof));
            }
        }

        #[test]
        fn the_frontier_and_the_root_come_from_the_tiles(size in 0_u64..1500) {
            let leaves = leaves(size);
            let levels = levels(&leaves);
            let frontier = Frontier::new(size, computed(&Plan::frontier(size), &levels)).unwrap();
            prop_assert_eq!(frontier.root(), defined_root(&leaves));
            prop_assert_eq!(computed(&Plan::root(size), &levels), vec![defined_root(&leaves)]);
        }

        #[test]
        fn few_tiles_are_needed_however_large_the_tree(size in 1_u64..(1 << 40), place: prop::sample::Index) {
            let index = place.index(size as usize) as u64;
            prop_assert!(Plan::inclusion(index, size).unwrap().tiles().len() <= 12);
            prop_assert!(Plan::consistency(index, size).unwrap().tiles().len() <= 12);
            prop_assert!(Plan::frontier(size).tiles().len() <= 6);
        }
    }

    fn leaf_of(hash: &Hash) -> Hash {
        crate::crypto::merkle::leaf_hash(hash)
    }

    #[test]
    fn what_is_not_in_the_tree_has_no_plan() {
        assert_eq!(Plan::inclusion(0, 0), None);
        assert_eq!(Plan::inclusion(7, 7), None);
        assert_eq!(Plan::consistency(8, 7), None);
    }

    #[test]
    fn a_tile_that_is_missing_is_named() {
        let plan = Plan::inclusion(0, 300).unwrap();
        assert_eq!(plan.compute(|_| None), Err(Tile { level: 0, index: 0, width: 256 }));
        assert!(!consistency_verify(3, &[0; 32], 7, &[0; 32], &[]));
    }
}
