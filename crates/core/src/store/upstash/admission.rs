//! Admissions: one script for all rules, in one request.
//!
//! The script first reads the keys of all limits and judges them, as `store/admission.rs` does, and then writes, if all
//! admit the request. A reply that was lost does not say whether it has, so it is not sent again.

use std::sync::LazyLock;

use tokio::time::Instant;

use super::UpstashStore;
use crate::Result;
use crate::keys::Key;
use crate::store::{Admission, Limit, Rule, Seen};
use crate::upstash::{Command, Reply, Script};

/// The first argument is the number of keys with strings, which come first. Nine follow for each limit: its rule, the index
/// of its key, rate, tokens, the indexes of the dynamic limit and of the block (0: none), and three that depend on the rule.
/// Returns whether the request is admitted, and for each limit what [`Seen`] has.
static ADMIT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local strings = tonumber(ARGV[1])
local held = strings > 0 and redis.call('MGET', unpack(KEYS, 1, strings)) or {}
local function at(index) return index > 0 and held[index] or false end
local limits, reply, admitted = {}, {}, 1
for i = 2, #ARGV, 9 do
  local place, a, b, c = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 6]), tonumber(ARGV[i + 7]), tonumber(ARGV[i + 8])
  local l = { rule = ARGV[i], key = KEYS[place], rate = tonumber(ARGV[i + 2]), a = a, b = b, c = c }
  l.tokens = tonumber(at(tonumber(ARGV[i + 4])) or '') or tonumber(ARGV[i + 3])
  local block = at(tonumber(ARGV[i + 5]))
  local fits
  if l.rule == 'window' then
    l.held = at(place)
    l.used, l.other = tonumber(l.held or 0), tonumber(at(a) or 0)
    fits = l.rate <= l.tokens - l.used - math.floor(b * l.other)
  elseif l.rule == 'bucket' then
    local bucket = redis.call('HMGET', l.key, 'refilledAt', 'tokens')
    l.used, l.other = tonumber(bucket[2] or l.tokens), tonumber(bucket[1] or c)
    local refills = math.max(math.floor((c - l.other) / b), 0)
    if refills > 0 then
      l.used, l.other = math.min(l.tokens, l.used + refills * a), l.other + refills * b
    end
    fits = l.rate <= l.used
  else
    l.used, l.other = math.max(redis.call('PTTL', l.key), 0), 0
    local step = a / l.tokens
    l.ahead = l.used + l.rate * step
    local burst = b > 0 and b or l.tokens
    local slack = step % 1 == 0 and 0 or math.min(step / 2, 1 + 2 * math.sqrt(burst))
    fits = l.tokens > 0 and l.ahead <= burst * step + slack
  end
  if block then block = math.max(redis.call('PTTL', KEYS[tonumber(ARGV[i + 5])]), 0) end
  fits = l.rate <= 0 or (fits and not block)
  if not fits then admitted = 0 end
  limits[#limits + 1] = l
  reply[#reply + 1] = { fits and 1 or 0, l.used, l.other, l.tokens, block }
end
if admitted == 0 then return { 0, reply } end
for _, l in ipairs(limits) do
  if l.rate == 0 then
  elseif l.rule == 'window' then
    if l.held then
      redis.call('INCRBY', l.key, math.max(l.used + l.rate, 0) - l.used)
    elseif l.rate > 0 and not redis.call('SET', l.key, l.rate, 'PX', l.c, 'NX') then
      return redis.error_reply('WRONGTYPE Operation against a key holding the wrong kind of value')
    end
  elseif l.rule == 'bucket' then
    local left = math.min(l.used - l.rate, l.tokens)
    local ttl = math.ceil((l.tokens - left) / l.a) * l.b
    if ttl > 0 then
      redis.call('HSET', l.key, 'refilledAt', l.other, 'tokens', left)
      redis.call('PEXPIRE', l.key, ttl)
    else
      redis.call('DEL', l.key)
    end
  else
    local ttl = math.floor(math.max(l.ahead, 0) + l.c)
    if ttl > 0 then redis.call('SET', l.key, 1, 'PX', ttl, 'GET') else redis.call('DEL', l.key) end
  end
end
return { 1, reply }",
    )
});

impl UpstashStore {
    pub(super) async fn admit(&self, limits: &[Limit], deadline: Instant) -> Result<Admission> {
        let strings: Vec<&Key> = limits.iter().flat_map(strings_of).collect();
        let others = limits.iter().filter(|limit| !counts_in_string(limit)).map(|limit| &limit.key);
        let keys: Vec<&Key> = strings.iter().copied().chain(others).collect();
        let with_arguments = |command: Command| {
            let command = command.number(strings.len() as u64);
            let (mut string, mut other) = (0, strings.len());
            limits.iter().fold(command, |command, limit| add(command, limit, &mut string, &mut other))
        };
        let reply = self.client.eval_keys(&ADMIT, &keys, with_arguments, deadline).await?;
        let Reply::Array(parts) = reply else { return Err(reply.unexpected("an admission")) };
        let [is_admitted, Reply::Array(seen)] = <[Reply; 2]>::try_from(parts).map_err(wrong)? else {
            return Err(Reply::Nil.unexpected("an admission"));
        };
        Ok(Admission {
            is_admitted: is_admitted.into_integer()? == 1,
            limits: seen.into_iter().map(seen_of).collect::<Result<_>>()?,
            has_fallen_back: false,
        })
    }
}

fn wrong(parts: Vec<Reply>) -> crate::Error {
    Reply::Array(parts).unexpected("an admission")
}

fn counts_in_string(limit: &Limit) -> bool {
    matches!(limit.rule, Rule::Window { .. })
}

/// The keys of a limit that hold strings, in the order in which [`add`] counts them.
fn strings_of(limit: &Limit) -> impl Iterator<Item = &Key> {
    limit.keys().skip(usize::from(!counts_in_string(limit)))
}

/// Adds the arguments of a limit. `string` and `other` are the indexes of the keys that were added last.
fn add(command: Command, limit: &Limit, string: &mut usize, other: &mut usize) -> Command {
    let next = |index: &mut usize| {
        *index += 1;
        *index as u64
    };
    let place = next(if counts_in_string(limit) { &mut *string } else { other });
    let previous = match &limit.rule {
        Rule::Window { previous: Some(_), .. } => next(string),
        _ => 0,
    };
    let dynamic = limit.dynamic.as_ref().map_or(0, |_| next(string));
    let block = limit.block.as_ref().map_or(0, |_| next(string));
    let (rule, tokens) = match limit.rule {
        Rule::Window { tokens, .. } => ("window", tokens),
        Rule::Bucket { tokens, .. } => ("bucket", tokens),
        Rule::Gcra { tokens, .. } => ("gcra", tokens),
    };
    let command = command.arg(rule).number(place).number(limit.rate).number(tokens);
    let command = command.number(dynamic).number(block);
    match limit.rule {
        Rule::Window { weight, ttl, .. } => {
            command.number(previous).arg(&weight.to_string()).number(ttl.as_millis())
        }
        Rule::Bucket { refill, interval, now, .. } => command.number(refill).number(interval).number(now),
        Rule::Gcra { window, burst, random, .. } => {
            command.number(window).number(burst).arg(&random.to_string())
        }
    }
}

fn seen_of(reply: Reply) -> Result<Seen> {
    let Reply::Array(parts) = reply else { return Err(reply.unexpected("a limit")) };
    let [fits, used, other, tokens, block] = <[Reply; 5]>::try_from(parts).map_err(wrong)?;
    Ok(Seen {
        fits: fits.into_integer()? == 1,
        used: used.into_integer()?,
        other: other.into_integer()?,
        tokens: tokens.into_integer()?,
        blocked_for: match block {
            Reply::Nil => None,
            block => Some(block.into_integer()?.unsigned_abs()),
        },
    })
}
