//! An Upstash-compatible REST server in front of a real Redis.
