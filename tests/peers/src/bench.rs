//! Ours and theirs in turn, in one thread, in CPU time: prints lines of tab-separated figures for tests/bench/frost.py.
//!
//! A line is: suite, min_signers, n, operation, then nanoseconds as fastest and median of ours, of theirs, and of the unit
//! verification, and the medians of ours/theirs and ours/unit of each round. Every round runs ours, theirs and the unit one
//! after the other, so that a busy machine hurts them alike.

use std::hint::black_box;

use frost_core::Ciphersuite;

use crate::ours::{cpu_ns, verify_unit, Keygen, Session, Suite};
use crate::theirs;

const SIZES: [(u16, u16); 4] = [(2, 3), (3, 5), (7, 10), (67, 100)];
const MESSAGE: &[u8] = b"thirty-two bytes of a message...";
const ROUNDS: usize = 41;
/// A round runs an operation so often that it takes about this long.
const ROUND_NS: u64 = 400_000;

/// The unit of a suite: an index of ours::UNITS.
fn unit_of(suite: Suite) -> usize {
    [0, 0, 3, 2, 1, 1][suite.0 as usize - 1]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs the operation until ROUND_NS are over; nanoseconds each.
fn time(operation: &mut dyn FnMut()) -> f64 {
    let began = cpu_ns();
    let mut runs = 0u32;
    loop {
        operation();
        runs += 1;
        let taken = cpu_ns() - began;
        if taken >= ROUND_NS {
            return taken as f64 / f64::from(runs);
        }
    }
}

/// Measures in rounds and prints one line.
fn compare(label: &str, suite: Suite, ours: &mut dyn FnMut(), theirs: Option<&mut dyn FnMut()>) {
    let mut columns = [Vec::new(), Vec::new(), Vec::new()];
    let mut unit = || verify_unit(unit_of(suite));
    let mut nothing = || ();
    let has_theirs = theirs.is_some();
    let theirs: &mut dyn FnMut() = theirs.unwrap_or(&mut nothing);
    ours();
    theirs();
    let slow = time(theirs) > 5e6;
    for _ in 0..if slow { ROUNDS / 3 } else { ROUNDS } {
        columns[0].push(time(ours));
        columns[1].push(if has_theirs { time(theirs) } else { f64::NAN });
        columns[2].push(time(&mut unit));
    }
    let ratio = |i: usize| median(columns[0].iter().zip(&columns[i]).map(|(a, b)| a / b).collect());
    print!("{label}");
    for column in &columns {
        let fastest = column.iter().copied().fold(f64::INFINITY, f64::min);
        print!("\t{fastest:.0}\t{:.0}", median(column.clone()));
    }
    println!("\t{:.4}\t{:.4}", ratio(1), ratio(2));
}

struct Case<C: Ciphersuite> {
    suite: Suite,
    key: theirs::Key<C>,
    session: Session,
    nonces: frost_core::round1::SigningNonces<C>,
    package: frost_core::SigningPackage<C>,
    numbers: Vec<u16>,
    share: Vec<u8>,
    partials: Vec<Vec<u8>>,
}

/// One session of min_signers signers, the last ones, with everything decoded on both sides.
fn prepare<C: Ciphersuite>(suite: Suite, min_signers: u16, n: u16) -> Case<C> {
    let keys = suite.deal(min_signers, n);
    let key = theirs::Key::<C>::from_bytes(&keys, min_signers);
    let numbers: Vec<u16> = (n - min_signers + 1..=n).collect();
    let (their_nonces, commitments): (Vec<_>, Vec<_>) = numbers.iter().map(|i| key.commit(*i)).unzip();
    let bytes: Vec<_> = commitments.iter().map(theirs::commitments_to_bytes).collect();
    let package = theirs::package(&numbers, &commitments, MESSAGE);
    let verification: Vec<_> = numbers.iter().map(|i| keys.verification[usize::from(*i) - 1].clone()).collect();
    let partials: Vec<_> =
        numbers.iter().zip(&their_nonces).map(|(i, nonces)| key.partial(&package, nonces, *i).serialize()).collect();
    let mut session = Session::new(suite, &keys.key, &numbers, &bytes, &verification, MESSAGE);
    let share = keys.shares[usize::from(numbers[0]) - 1].clone();
    let secret = |which: &frost_core::round1::Nonce<C>| which.serialize();
    session.secret(0, &share, &[secret(their_nonces[0].hiding()), secret(their_nonces[0].binding())].concat());
    session.partials(&partials);
    assert_eq!(session.partial(), partials[0], "the same work, the same result");
    Case { suite, key, session, nonces: their_nonces[0].clone(), package, numbers, share, partials }
}

fn signing<C: Ciphersuite>(name: &str, suite: Suite, min_signers: u16, n: u16) {
    let mut case = prepare::<C>(suite, min_signers, n);
    let label = |operation: &str| format!("{name}\t{min_signers}\t{n}\t{operation}");
    let first = case.numbers[0];
    compare(
        &label("commit"),
        case.suite,
        &mut || drop(black_box(case.suite.commit(&case.share))),
        Some(&mut || drop(black_box(case.key.commit(first)))),
    );
    compare(
        &label("partial"),
        suite,
        &mut || drop(black_box(case.session.partial())),
        Some(&mut || _ = black_box(case.key.partial(&case.package, &case.nonces, first))),
    );
    let shares = theirs::shares::<C>(&case.numbers, &case.partials);
    compare(
        &label("aggregate"),
        suite,
        &mut || drop(case.session.aggregate().expect("verifies")),
        Some(&mut || drop(case.key.aggregate(&case.package, &shares).expect("verifies"))),
    );
    compare(&label("aggregate, begun"), suite, &mut || assert!(case.session.aggregate_begun()), None);
    let cheater = case.partials.len() / 2;
    let middle = case.partials[cheater].len() / 2;
    case.partials[cheater][middle] ^= 1;
    let expected = vec![case.numbers[cheater]];
    let shares = theirs::shares::<C>(&case.numbers, &case.partials);
    case.session.partials(&case.partials);
    compare(
        &label("aggregate, one cheater found"),
        suite,
        &mut || assert_eq!(case.session.blame(), expected),
        Some(&mut || assert_eq!(case.key.aggregate(&case.package, &shares).expect_err("fails"), expected)),
    );
    compare(&label("culprits"), suite, &mut || assert_eq!(case.session.culprits(), expected), None);
    compare(&label("check of one partial"), suite, &mut || assert!(case.session.check_one(0)), None);
}

pub fn run<C: Ciphersuite>(name: &str, suite: Suite) {
    for (min_signers, n) in SIZES {
        signing::<C>(name, suite, min_signers, n);
    }
    let (min_signers, n) = (7, 10);
    let mut ours = Keygen::new(suite, min_signers, n);
    let inputs = theirs::DkgInputs::<C>::new(min_signers, n);
    let others = inputs.others(theirs::identifier(1));
    compare(
        &format!("{name}\t{min_signers}\t{n}\tkey generation"),
        suite,
        &mut || ours.run(),
        Some(&mut || inputs.participate(&others)),
    );
}
