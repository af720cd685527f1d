//! The hashes of a Merkle tree (RFC 6962 §2.1): leaves and nodes are told apart by the byte before them.

use aws_lc_rs::digest;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The root of the tree without leaves: the hash of nothing.
pub fn empty_root() -> Hash {
    finish(digest::Context::new(&digest::SHA256))
}

/// The hash of an entry as a leaf.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[LEAF]);
    context.update(entry);
    finish(context)
}

/// The hash of the node over two others.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [NODE; 65];
    input[1..33].copy_from_slice(left);
    input[33..].copy_from_slice(right);
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&input);
    finish(context)
}

fn finish(context: digest::Context) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
