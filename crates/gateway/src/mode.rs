//! What the gateway imitates where Upstash and Redis differ.

use clap::ValueEnum;

/// What the gateway imitates where Upstash and Redis differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Mode {
    /// Upstash: scripts may have the flag `allow-key-locking`, and `SET … IFEQ`, `SET … IFNE` and `DELEX` work.
    #[default]
    Upstash,
    /// A proxy in front of a plain Redis: every command goes to Redis unchanged, and Redis rejects what it lacks.
    Redis,
}
