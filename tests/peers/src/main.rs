//! thresign's native/ beside the ZcashFoundation FROST crates: `thresign-peers interop`, or `thresign-peers bench`.

mod bench;
mod interop;
mod ours;
mod theirs;

use frost_secp256k1_tr::keys::Tweak;
use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};

type Taproot = frost_secp256k1_tr::Secp256K1Sha256TR;

/// TapTweak of BIP-341 over the key's x-coordinate and a Merkle root, or none.
fn tap_tweak(key: &[u8], root: Option<&[u8]>) -> [u8; 32] {
    let tag = Sha256::digest(b"TapTweak");
    let mut hash = Sha256::new().chain_update(tag).chain_update(tag).chain_update(&key[1..]);
    if let Some(root) = root {
        hash.update(root);
    }
    hash.finalize().into()
}

/// Their tweaked key, and the tweak for ours: with a Merkle root or without, by chance.
fn tweaked(key: &theirs::Key<Taproot>) -> (theirs::Key<Taproot>, [u8; 32]) {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    let root = (bytes[0] & 1 == 1).then_some(&bytes[..]);
    let packages = key.packages.iter().map(|(id, package)| (*id, package.clone().tweak(root))).collect();
    let t = tap_tweak(&key.to_bytes().key, root);
    (theirs::Key { packages, public: key.public.clone().tweak(root) }, t)
}

fn main() {
    ours::init();
    match std::env::args().nth(1).as_deref() {
        Some("interop") => {
            interop::run::<frost_ed25519::Ed25519Sha512>("ed25519", ours::Suite(1), None);
            interop::run::<frost_ristretto255::Ristretto255Sha512>("ristretto255", ours::Suite(2), None);
            interop::run::<frost_ed448::Ed448Shake256>("ed448", ours::Suite(3), None);
            interop::run::<frost_p256::P256Sha256>("p256", ours::Suite(4), None);
            interop::run::<frost_secp256k1::Secp256K1Sha256>("secp256k1", ours::Suite(5), None);
            interop::run::<Taproot>("secp256k1-tr", ours::Suite(6), Some(&tweaked));
        }
        Some("bench") => {
            let only = std::env::args().nth(2);
            let wanted = |name: &str| only.as_deref().is_none_or(|o| o == name);
            let run = [
                ("ed25519", bench::run::<frost_ed25519::Ed25519Sha512> as fn(&str, ours::Suite)),
                ("ristretto255", bench::run::<frost_ristretto255::Ristretto255Sha512>),
                ("ed448", bench::run::<frost_ed448::Ed448Shake256>),
                ("p256", bench::run::<frost_p256::P256Sha256>),
                ("secp256k1", bench::run::<frost_secp256k1::Secp256K1Sha256>),
                ("secp256k1-tr", bench::run::<Taproot>),
            ];
            for (i, (name, run)) in run.iter().enumerate().filter(|(_, (name, _))| wanted(name)) {
                run(name, ours::Suite(i as u32 + 1));
            }
        }
        _ => {
            eprintln!("usage: thresign-peers interop | bench [SUITE]");
            std::process::exit(2);
        }
    }
}
