//! native/bench/peers.h: thresign's FROST in plain bytes.

use std::os::raw::{c_int, c_uint};

mod c {
    use super::{c_int, c_uint};

    #[repr(C)]
    pub struct Session {
        _private: [u8; 0],
    }
    #[repr(C)]
    pub struct Keygen {
        _private: [u8; 0],
    }

    extern "C" {
        pub fn tp_init() -> bool;
        pub fn tp_cpu_ns() -> u64;
        pub fn tp_scalar_bytes(suite: c_uint) -> usize;
        pub fn tp_element_bytes(suite: c_uint) -> usize;
        pub fn tp_signature_bytes(suite: c_uint) -> usize;
        pub fn tp_deal(s: c_uint, min_signers: usize, n: usize, shares: *mut u8, verification: *mut u8, key: *mut u8);
        pub fn tp_commit(suite: c_uint, share: *const u8, nonces: *mut u8, commitments: *mut u8) -> bool;
        pub fn tp_tweak(
            s: c_uint,
            t: *const u8,
            n: usize,
            shares: *mut u8,
            verification: *mut u8,
            key: *mut u8,
        ) -> bool;
        pub fn tp_session_new(
            suite: c_uint,
            key: *const u8,
            identifiers: *const u16,
            commitments: *const u8,
            verification: *const u8,
            count: usize,
            message: *const u8,
            message_bytes: usize,
        ) -> *mut Session;
        pub fn tp_session_free(session: *mut Session);
        pub fn tp_session_secret(session: *mut Session, index: usize, share: *const u8, nonces: *const u8) -> bool;
        pub fn tp_session_partials(session: *mut Session, partials: *const u8) -> bool;
        pub fn tp_partial(session: *mut Session, partial: *mut u8) -> bool;
        pub fn tp_aggregate(session: *mut Session, signature: *mut u8) -> bool;
        pub fn tp_aggregate_begun(session: *mut Session, signature: *mut u8) -> bool;
        pub fn tp_blame(session: *mut Session, culprits: *mut u16) -> usize;
        pub fn tp_culprits(session: *mut Session, culprits: *mut u16) -> usize;
        pub fn tp_check_one(session: *mut Session, index: usize) -> bool;
        pub fn tp_verify(s: c_uint, key: *const u8, message: *const u8, bytes: usize, signature: *const u8) -> bool;
        pub fn tp_keygen_new(suite: c_uint, min_signers: usize, n: usize) -> *mut Keygen;
        pub fn tp_keygen_run(keygen: *mut Keygen) -> bool;
        pub fn tp_keygen_free(keygen: *mut Keygen);
        pub fn tp_unit_verify(unit: c_int) -> bool;
    }
}

/// The most signers that thresign takes (TS_SIGNERS_MAX).
const SIGNERS_MAX: usize = 128;

pub fn init() {
    assert!(unsafe { c::tp_init() }, "libsodium does not initialise");
}

/// CPU time of this thread in nanoseconds.
pub fn cpu_ns() -> u64 {
    unsafe { c::tp_cpu_ns() }
}

pub const UNITS: [&str; 4] = ["U", "Us", "Up", "U4"];

/// One verification by the library that the unit is named for.
pub fn verify_unit(unit: usize) {
    assert!(unsafe { c::tp_unit_verify(unit as c_int) }, "unit {}", UNITS[unit]);
}

/// A suite of ours by its number (enum ts_suite_id).
#[derive(Clone, Copy)]
pub struct Suite(pub c_uint);

/// Shares, verification shares and the group key, each in its RFC 9591 encoding; participant i has identifier i + 1.
#[derive(Clone)]
pub struct Keys {
    pub shares: Vec<Vec<u8>>,
    pub verification: Vec<Vec<u8>>,
    pub key: Vec<u8>,
}

fn pieces(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

impl Suite {
    pub fn scalar_bytes(self) -> usize {
        unsafe { c::tp_scalar_bytes(self.0) }
    }

    pub fn element_bytes(self) -> usize {
        unsafe { c::tp_element_bytes(self.0) }
    }

    pub fn signature_bytes(self) -> usize {
        unsafe { c::tp_signature_bytes(self.0) }
    }

    pub fn deal(self, min_signers: u16, n: u16) -> Keys {
        let n = usize::from(n);
        let mut shares = vec![0; n * self.scalar_bytes()];
        let mut verification = vec![0; n * self.element_bytes()];
        let mut key = vec![0; self.element_bytes()];
        unsafe {
            c::tp_deal(
                self.0,
                usize::from(min_signers),
                n,
                shares.as_mut_ptr(),
                verification.as_mut_ptr(),
                key.as_mut_ptr(),
            );
        }
        Keys {
            shares: pieces(&shares, self.scalar_bytes()),
            verification: pieces(&verification, self.element_bytes()),
            key,
        }
    }

    /// BIP-341's tweak on a whole key.
    pub fn tweak(self, keys: &Keys, t: &[u8; 32]) -> Keys {
        let mut shares = keys.shares.concat();
        let mut verification = keys.verification.concat();
        let mut key = keys.key.clone();
        let n = keys.shares.len();
        let good = unsafe {
            c::tp_tweak(self.0, t.as_ptr(), n, shares.as_mut_ptr(), verification.as_mut_ptr(), key.as_mut_ptr())
        };
        assert!(good, "tweak");
        Keys {
            shares: pieces(&shares, self.scalar_bytes()),
            verification: pieces(&verification, self.element_bytes()),
            key,
        }
    }

    /// (nonces, commitments): hiding and binding, end to end.
    pub fn commit(self, share: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut nonces = vec![0; 2 * self.scalar_bytes()];
        let mut commitments = vec![0; 2 * self.element_bytes()];
        assert!(unsafe { c::tp_commit(self.0, share.as_ptr(), nonces.as_mut_ptr(), commitments.as_mut_ptr()) });
        (nonces, commitments)
    }

    pub fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        assert_eq!((key.len(), signature.len()), (self.element_bytes(), self.signature_bytes()));
        unsafe { c::tp_verify(self.0, key.as_ptr(), message.as_ptr(), message.len(), signature.as_ptr()) }
    }
}

/// A signing session of ours.
pub struct Session {
    at: *mut c::Session,
    suite: Suite,
    count: usize,
}

impl Session {
    /// Everything in rising order of identifiers; `commitments` and `verification` one piece a signer.
    pub fn new(
        suite: Suite,
        key: &[u8],
        identifiers: &[u16],
        commitments: &[Vec<u8>],
        verification: &[Vec<u8>],
        message: &[u8],
    ) -> Self {
        let (commitments, verification) = (commitments.concat(), verification.concat());
        let count = identifiers.len();
        assert_eq!(commitments.len(), 2 * count * suite.element_bytes());
        assert_eq!(verification.len(), count * suite.element_bytes());
        let at = unsafe {
            c::tp_session_new(
                suite.0,
                key.as_ptr(),
                identifiers.as_ptr(),
                commitments.as_ptr(),
                verification.as_ptr(),
                count,
                message.as_ptr(),
                message.len(),
            )
        };
        assert!(!at.is_null(), "a commitment, verification share or key of theirs does not decode");
        Self { at, suite, count }
    }

    pub fn secret(&mut self, index: usize, share: &[u8], nonces: &[u8]) {
        assert!(unsafe { c::tp_session_secret(self.at, index, share.as_ptr(), nonces.as_ptr()) });
    }

    pub fn partials(&mut self, partials: &[Vec<u8>]) {
        let bytes = partials.concat();
        assert_eq!(bytes.len(), self.count * self.suite.scalar_bytes());
        assert!(unsafe { c::tp_session_partials(self.at, bytes.as_ptr()) });
    }

    /// Binding factors, group commitment, challenge, partial.
    pub fn partial(&mut self) -> Vec<u8> {
        let mut out = vec![0; self.suite.scalar_bytes()];
        assert!(unsafe { c::tp_partial(self.at, out.as_mut_ptr()) });
        out
    }

    /// Binding factors, group commitment, challenge, sum, and the check of the signature.
    pub fn aggregate(&mut self) -> Option<Vec<u8>> {
        let mut out = vec![0; self.suite.signature_bytes()];
        unsafe { c::tp_aggregate(self.at, out.as_mut_ptr()) }.then_some(out)
    }

    /// Sum and check where the session has begun.
    pub fn aggregate_begun(&mut self) -> bool {
        let mut out = vec![0; self.suite.signature_bytes()];
        unsafe { c::tp_aggregate_begun(self.at, out.as_mut_ptr()) }
    }

    fn collect(&mut self, find: unsafe extern "C" fn(*mut c::Session, *mut u16) -> usize) -> Vec<u16> {
        let mut culprits = [0; SIGNERS_MAX];
        let found = unsafe { find(self.at, culprits.as_mut_ptr()) };
        culprits[..found].to_vec()
    }

    /// Aggregates, and finds all wrong partials when that fails.
    pub fn blame(&mut self) -> Vec<u16> {
        self.collect(c::tp_blame)
    }

    /// All wrong partials of a session begun.
    pub fn culprits(&mut self) -> Vec<u16> {
        self.collect(c::tp_culprits)
    }

    pub fn check_one(&mut self, index: usize) -> bool {
        unsafe { c::tp_check_one(self.at, index) }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        unsafe { c::tp_session_free(self.at) }
    }
}

/// One participant's key generation of ours.
pub struct Keygen(*mut c::Keygen);

impl Keygen {
    pub fn new(suite: Suite, min_signers: u16, n: u16) -> Self {
        Self(unsafe { c::tp_keygen_new(suite.0, usize::from(min_signers), usize::from(n)) })
    }

    pub fn run(&mut self) {
        assert!(unsafe { c::tp_keygen_run(self.0) });
    }
}

impl Drop for Keygen {
    fn drop(&mut self) {
        unsafe { c::tp_keygen_free(self.0) }
    }
}
