//! What the tests of several modules share.

use proptest::test_runner::{Config, RngSeed};

/// A run of `cases` that is the same each time: a gate must not depend on chance.
pub(crate) fn fixed(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() }
}
