//! The scripts. They compare and swap whole texts: a round trip through cjson would turn `[]` into `{}` and print numbers anew.

use std::sync::LazyLock;

use crate::upstash::Script;

/// Returns 1 when it replaced the value, else the value, which is null for an absent key.
pub(super) static COMPARE_AND_SET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local value = redis.call('GET', KEYS[1])\n\
         if value ~= ARGV[1] then return value end\n\
         redis.call('SET', KEYS[1], unpack(ARGV, 2))\n\
         return 1",
    )
});

/// Returns how many keys it removed.
pub(super) static COMPARE_AND_DELETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end\nreturn 0",
    )
});

/// Stores the second argument with the options after it, unless the key holds the first. Returns 1 if so.
pub(super) static SET_UNLESS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end\n\
         redis.call('SET', KEYS[1], unpack(ARGV, 2))\n\
         return 1",
    )
});

/// As `SET_UNLESS`, but does not store where there is nothing either.
pub(super) static SET_UNLESS_OR_ABSENT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local value = redis.call('GET', KEYS[1])\n\
         if not value or value == ARGV[1] then return 0 end\n\
         redis.call('SET', KEYS[1], unpack(ARGV, 2))\n\
         return 1",
    )
});

/// Expires the key after as many milliseconds as the second argument says, unless it holds the first. Returns 1 if so.
pub(super) static EXPIRE_UNLESS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end\n\
         return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// Stores the first argument if the key holds one of the others, and keeps its TTL. Returns 1 if so.
pub(super) static PUT_IF_KNOWN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local value = redis.call('GET', KEYS[1])\n\
         for i = 2, #ARGV do\n\
         if value == ARGV[i] then redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL') return 1 end\n\
         end\n\
         return 0",
    )
});

/// Does what [`Guess::at`](crate::store::Guess::at) says and returns the code's text as it was, which is null if there is
/// none. It cuts strings, and the data stays as it is.
pub(super) static VERIFY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local value = redis.call('GET', KEYS[1])\n\
         local attempts, hash, data = string.match(value or '', '^(%d%d?%d?)|([^|]+)|(.*)$')\n\
         if not attempts then return false end\n\
         if hash == ARGV[1] or tonumber(attempts) < 2 then redis.call('DEL', KEYS[1])\n\
         else redis.call('SET', KEYS[1], attempts - 1 .. '|' .. hash .. '|' .. data, 'KEEPTTL') end\n\
         return value",
    )
});

/// A script that makes a change, if the key is absent or holds one of the arguments from number `first` on. Returns 1 if so.
fn unless_changed(first: u32, change: &str) -> Script {
    Script::new(&format!(
        "local value = redis.call('GET', KEYS[1])\n\
         local is_ours = not value\n\
         for i = {first}, #ARGV do if value == ARGV[i] then is_ours = true end end\n\
         if not is_ours then return 0 end\n\
         {change}\n\
         return 1"
    ))
}

/// Stores the first argument, for as many milliseconds as the second says; 0 is for good.
pub(super) static PUT_UNLESS_CHANGED: LazyLock<Script> = LazyLock::new(|| {
    unless_changed(
        3,
        "if ARGV[2] == '0' then redis.call('SET', KEYS[1], ARGV[1])\n\
         else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end",
    )
});

pub(super) static REMOVE_UNLESS_CHANGED: LazyLock<Script> =
    LazyLock::new(|| unless_changed(1, "redis.call('DEL', KEYS[1])"));

/// Expires the key after as many milliseconds as the first argument says.
pub(super) static EXPIRE_UNLESS_CHANGED: LazyLock<Script> =
    LazyLock::new(|| unless_changed(2, "redis.call('PEXPIRE', KEYS[1], ARGV[1])"));

/// Ends the key if it has no TTL.
pub(super) static END_UNLESS_CHANGED: LazyLock<Script> =
    LazyLock::new(|| unless_changed(1, "redis.call('PEXPIRE', KEYS[1], '0', 'NX')"));

/// Adds the argument to a counter, if that is there.
pub(super) static ADD_IF_THERE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('INCRBY', KEYS[1], ARGV[1]) end\n\
         return 1",
    )
});

/// Adds the first argument to a counter. A new counter expires after as many milliseconds as the second says, and one
/// that was there, too, if the third is 1. In a script, so that the counter never stays without its expiry.
pub(super) static ADD_WITH_EXPIRY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local existed = redis.call('EXISTS', KEYS[1])\n\
         redis.call('INCRBY', KEYS[1], ARGV[1])\n\
         if existed == 0 or ARGV[3] == '1' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end\n\
         return 1",
    )
});
