//! Mixed signing sessions: some participants ours, some theirs; keys from our dealer, their dealer and their distributed
//! key generation; both aggregate the same shares, both verify, both blame the same cheater.

use frost_core::Ciphersuite;
use rand_core::{OsRng, RngCore};

use crate::ours::{Keys, Session, Suite};
use crate::theirs;

/// One session: `is_ours` says of each signer whose code it runs.
struct Mixed<'a, C: Ciphersuite> {
    suite: Suite,
    bytes: &'a Keys,
    key: &'a theirs::Key<C>,
    numbers: Vec<u16>,
    is_ours: Vec<bool>,
    message: Vec<u8>,
}

impl<C: Ciphersuite> Mixed<'_, C> {
    fn run(&self) {
        let mut commitments = Vec::new(); // in bytes, one piece a signer
        let mut our_nonces = Vec::new();
        let mut their_nonces = Vec::new();
        for (number, is_ours) in self.numbers.iter().zip(&self.is_ours) {
            let share = &self.bytes.shares[usize::from(*number) - 1];
            let (nonces, bytes) = if *is_ours { self.suite.commit(share) } else { (Vec::new(), Vec::new()) };
            let theirs = (!is_ours).then(|| self.key.commit(*number));
            commitments.push(theirs.as_ref().map_or(bytes, |(_, c)| theirs::commitments_to_bytes(c)));
            our_nonces.push(nonces);
            their_nonces.push(theirs.map(|(n, _)| n));
        }
        let decoded: Vec<_> = commitments.iter().map(|c| theirs::commitments_from_bytes::<C>(c)).collect();
        let package = theirs::package(&self.numbers, &decoded, &self.message);
        let verification: Vec<_> =
            self.numbers.iter().map(|n| self.bytes.verification[usize::from(*n) - 1].clone()).collect();
        let mut session =
            Session::new(self.suite, &self.bytes.key, &self.numbers, &commitments, &verification, &self.message);
        let mut partials = Vec::new();
        for (i, number) in self.numbers.iter().enumerate() {
            partials.push(match &their_nonces[i] {
                Some(nonces) => self.key.partial(&package, nonces, *number).serialize(),
                None => {
                    session.secret(i, &self.bytes.shares[usize::from(*number) - 1], &our_nonces[i]);
                    session.partial()
                }
            });
        }
        session.partials(&partials);
        self.check_good(&mut session, &package, &partials);
        self.check_bad(&mut session, &package, partials);
    }

    fn check_good(&self, session: &mut Session, package: &frost_core::SigningPackage<C>, partials: &[Vec<u8>]) {
        let ours = session.aggregate().expect("our aggregate verifies");
        let theirs =
            self.key.aggregate(package, &theirs::shares(&self.numbers, partials)).expect("their aggregate verifies");
        assert_eq!(ours, theirs, "one signature");
        assert!(self.suite.verify(&self.bytes.key, &self.message, &theirs), "we verify theirs");
        assert!(self.key.verify(&self.message, &ours), "they verify ours");
        let other = [&self.message[..], b"!"].concat();
        assert!(!self.suite.verify(&self.bytes.key, &other, &theirs) && !self.key.verify(&other, &ours));
        assert!(session.culprits().is_empty());
        assert!((0..self.numbers.len()).all(|i| session.check_one(i)), "each partial by itself");
    }

    /// A share with a byte changed (a low one: it stays below the order).
    fn check_bad(&self, session: &mut Session, package: &frost_core::SigningPackage<C>, mut partials: Vec<Vec<u8>>) {
        let cheater = OsRng.next_u32() as usize % partials.len();
        let middle = partials[cheater].len() / 2;
        partials[cheater][middle] ^= 1;
        session.partials(&partials);
        let expected = vec![self.numbers[cheater]];
        assert_eq!(session.blame(), expected, "our blame");
        assert!(!session.check_one(cheater));
        let theirs = self.key.aggregate(package, &theirs::shares(&self.numbers, &partials));
        assert_eq!(theirs.expect_err("their aggregate fails"), expected, "their blame");
    }
}

/// `count` of the numbers 1 to n, rising.
fn choose(count: u16, n: u16) -> Vec<u16> {
    let mut numbers: Vec<u16> = (1..=n).collect();
    while numbers.len() > usize::from(count) {
        numbers.remove(OsRng.next_u32() as usize % numbers.len());
    }
    numbers
}

fn random_bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// Sessions over one key: every way to mix for few signers, random ways for many. Returns how many.
fn sessions<C: Ciphersuite>(suite: Suite, bytes: &Keys, key: &theirs::Key<C>, min_signers: u16) -> usize {
    let n = u16::try_from(bytes.shares.len()).expect("few");
    let masks: Vec<u32> =
        if min_signers <= 3 { (0..1 << min_signers).collect() } else { (0..6).map(|_| OsRng.next_u32()).collect() };
    for (i, mask) in masks.iter().enumerate() {
        let mixed = Mixed {
            suite,
            bytes,
            key,
            numbers: choose(min_signers, n),
            is_ours: (0..min_signers).map(|bit| mask >> (bit % 32) & 1 == 1).collect(),
            message: random_bytes([32, 0, 1, 1000][i % 4]),
        };
        mixed.run();
    }
    masks.len()
}

pub const SIZES: [(u16, u16); 3] = [(2, 3), (3, 5), (7, 10)];

/// All sessions of a suite; `tweak` makes of a key of theirs the same key tweaked, and the tweak.
pub fn run<C: Ciphersuite>(
    name: &str,
    suite: Suite,
    tweak: Option<&dyn Fn(&theirs::Key<C>) -> (theirs::Key<C>, [u8; 32])>,
) {
    let mut count = 0;
    for (min_signers, n) in SIZES {
        let ours = suite.deal(min_signers, n);
        count += sessions(suite, &ours, &theirs::Key::<C>::from_bytes(&ours, min_signers), min_signers);
        let dealt = theirs::Key::<C>::deal(min_signers, n);
        count += sessions(suite, &dealt.to_bytes(), &dealt, min_signers);
        let generated = theirs::Key::<C>::generate(min_signers, n);
        count += sessions(suite, &generated.to_bytes(), &generated, min_signers);
        if let Some(tweak) = tweak {
            for key in [theirs::Key::<C>::from_bytes(&ours, min_signers), dealt] {
                let (tweaked, t) = tweak(&key);
                let bytes = suite.tweak(&key.to_bytes(), &t);
                assert_eq!(bytes.key, tweaked.to_bytes().key, "one tweaked key");
                count += sessions(suite, &bytes, &tweaked, min_signers);
            }
        }
    }
    println!("{name}: {count} mixed sessions verify, both directions");
}
