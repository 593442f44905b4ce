//! The ZcashFoundation crates in plain bytes, written once for all their ciphersuites.

use std::collections::BTreeMap;

use frost_core::keys::{self, dkg, IdentifierList, KeyPackage, PublicKeyPackage, SigningShare, VerifyingShare};
use frost_core::round1::{self, NonceCommitment, SigningCommitments, SigningNonces};
use frost_core::round2::{self, SignatureShare};
use frost_core::{CheaterDetection, Ciphersuite, Error, Identifier, Signature, SigningPackage, VerifyingKey};
use rand_core::OsRng;

use crate::ours::Keys;

pub fn identifier<C: Ciphersuite>(number: u16) -> Identifier<C> {
    Identifier::try_from(number).expect("not zero")
}

fn number<C: Ciphersuite>(identifier: &Identifier<C>) -> u16 {
    (1..=u16::MAX).find(|n| self::identifier::<C>(*n) == *identifier).expect("an identifier of ours")
}

/// Their packages for a key, and the same in bytes.
#[derive(Clone)]
pub struct Key<C: Ciphersuite> {
    pub packages: BTreeMap<Identifier<C>, KeyPackage<C>>,
    pub public: PublicKeyPackage<C>,
}

impl<C: Ciphersuite> Key<C> {
    /// From their dealer.
    pub fn deal(min_signers: u16, n: u16) -> Self {
        let (shares, public) =
            keys::generate_with_dealer::<C, _>(n, min_signers, IdentifierList::Default, &mut OsRng).expect("dealer");
        let packages = shares
            .into_iter()
            .map(|(id, share)| (id, KeyPackage::try_from(share).expect("their dealer's share")))
            .collect();
        Self { packages, public }
    }

    /// From their distributed key generation, all participants theirs.
    pub fn generate(min_signers: u16, n: u16) -> Self {
        let mut rounds = DkgInputs::<C>::new(min_signers, n);
        let mut packages = BTreeMap::new();
        let mut public = None;
        for id in rounds.identifiers() {
            let (package, all) = rounds.finish(id);
            packages.insert(id, package);
            public = Some(all);
        }
        Self { packages, public: public.expect("participants") }
    }

    /// From bytes of ours.
    pub fn from_bytes(keys: &Keys, min_signers: u16) -> Self {
        let key = VerifyingKey::deserialize(&keys.key).expect("key");
        let mut packages = BTreeMap::new();
        let mut all = BTreeMap::new();
        for (i, (share, verification)) in keys.shares.iter().zip(&keys.verification).enumerate() {
            let id = identifier(u16::try_from(i + 1).expect("small"));
            let share = SigningShare::deserialize(share).expect("share");
            let verification = VerifyingShare::deserialize(verification).expect("verification share");
            assert!(verification == VerifyingShare::from(share), "share and verification share belong together");
            packages.insert(id, KeyPackage::new(id, share, verification, key, min_signers));
            all.insert(id, verification);
        }
        Self { packages, public: PublicKeyPackage::new(all, key, Some(min_signers)) }
    }

    pub fn to_bytes(&self) -> Keys {
        let element = |e: Result<Vec<u8>, Error<C>>| e.expect("an element");
        let packages: Vec<_> = (1..=self.packages.len()).map(|i| &self.packages[&identifier(i as u16)]).collect();
        Keys {
            shares: packages.iter().map(|p| p.signing_share().serialize()).collect(),
            verification: packages.iter().map(|p| element(p.verifying_share().serialize())).collect(),
            key: element(self.public.verifying_key().serialize()),
        }
    }

    pub fn commit(&self, number: u16) -> (SigningNonces<C>, SigningCommitments<C>) {
        round1::commit(self.packages[&identifier(number)].signing_share(), &mut OsRng)
    }

    pub fn partial(&self, package: &SigningPackage<C>, nonces: &SigningNonces<C>, number: u16) -> SignatureShare<C> {
        round2::sign(package, nonces, &self.packages[&identifier(number)]).expect("their partial")
    }

    /// The signature, or the numbers of all whose share is wrong.
    pub fn aggregate(
        &self,
        package: &SigningPackage<C>,
        shares: &BTreeMap<Identifier<C>, SignatureShare<C>>,
    ) -> Result<Vec<u8>, Vec<u16>> {
        match frost_core::aggregate_custom(package, shares, &self.public, CheaterDetection::AllCheaters) {
            Ok(signature) => Ok(signature.serialize().expect("signature")),
            Err(Error::InvalidSignatureShare { culprits }) => Err(culprits.iter().map(number).collect()),
            Err(error) => panic!("their aggregate: {error}"),
        }
    }

    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = Signature::<C>::deserialize(signature).expect("signature");
        self.public.verifying_key().verify(message, &signature).is_ok()
    }
}

pub fn commitments_to_bytes<C: Ciphersuite>(commitments: &SigningCommitments<C>) -> Vec<u8> {
    [commitments.hiding(), commitments.binding()].map(|c| c.serialize().expect("commitment")).concat()
}

pub fn commitments_from_bytes<C: Ciphersuite>(bytes: &[u8]) -> SigningCommitments<C> {
    let (hiding, binding) = bytes.split_at(bytes.len() / 2);
    SigningCommitments::new(
        NonceCommitment::deserialize(hiding).expect("hiding commitment"),
        NonceCommitment::deserialize(binding).expect("binding commitment"),
    )
}

pub fn package<C: Ciphersuite>(
    numbers: &[u16],
    commitments: &[SigningCommitments<C>],
    message: &[u8],
) -> SigningPackage<C> {
    SigningPackage::new(numbers.iter().map(|n| identifier(*n)).zip(commitments.iter().copied()).collect(), message)
}

pub fn shares<C: Ciphersuite>(numbers: &[u16], partials: &[Vec<u8>]) -> BTreeMap<Identifier<C>, SignatureShare<C>> {
    let partial = |bytes: &Vec<u8>| SignatureShare::deserialize(bytes).expect("partial");
    numbers.iter().map(|n| identifier(*n)).zip(partials.iter().map(partial)).collect()
}

/// What everybody sends to everybody in their key generation.
pub struct DkgInputs<C: Ciphersuite> {
    min_signers: u16,
    n: u16,
    secrets: BTreeMap<Identifier<C>, dkg::round1::SecretPackage<C>>,
    round1: BTreeMap<Identifier<C>, dkg::round1::Package<C>>,
    round2: BTreeMap<Identifier<C>, BTreeMap<Identifier<C>, dkg::round2::Package<C>>>, // by receiver, by sender
}

impl<C: Ciphersuite> DkgInputs<C> {
    pub fn new(min_signers: u16, n: u16) -> Self {
        let mut inputs =
            Self { min_signers, n, secrets: BTreeMap::new(), round1: BTreeMap::new(), round2: BTreeMap::new() };
        for id in (1..=n).map(identifier) {
            let (secret, public) = dkg::part1(id, n, min_signers, OsRng).expect("part 1");
            inputs.secrets.insert(id, secret);
            inputs.round1.insert(id, public);
        }
        for id in inputs.identifiers() {
            let (_, sent) = dkg::part2(inputs.secrets[&id].clone(), &inputs.others(id)).expect("part 2");
            for (receiver, package) in sent {
                inputs.round2.entry(receiver).or_default().insert(id, package);
            }
        }
        inputs
    }

    pub fn identifiers(&self) -> Vec<Identifier<C>> {
        self.secrets.keys().copied().collect()
    }

    pub fn others(&self, id: Identifier<C>) -> BTreeMap<Identifier<C>, dkg::round1::Package<C>> {
        self.round1.iter().filter(|(other, _)| **other != id).map(|(o, p)| (*o, p.clone())).collect()
    }

    fn finish(&mut self, id: Identifier<C>) -> (KeyPackage<C>, PublicKeyPackage<C>) {
        let others = self.others(id);
        let (secret, _) = dkg::part2(self.secrets[&id].clone(), &others).expect("part 2");
        dkg::part3(&secret, &others, &self.round2[&id]).expect("part 3")
    }

    /// All three parts of participant 1. Its sub-shares from the others stay those of the first time: it deals with a new
    /// polynomial, which nobody else has to see.
    pub fn participate(&self, others: &BTreeMap<Identifier<C>, dkg::round1::Package<C>>) {
        let id = identifier(1);
        let (secret, _) = dkg::part1::<C, _>(id, self.n, self.min_signers, OsRng).expect("part 1");
        let (secret, _) = dkg::part2(secret, others).expect("part 2");
        dkg::part3(&secret, others, &self.round2[&id]).expect("part 3");
    }
}
