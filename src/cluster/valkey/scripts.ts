import { createHash } from "node:crypto";

/** A program that an engine runs as one step; nobody else's command comes between. */
export class EngineScript {
  readonly lua: string;
  /** By which engines name it. */
  readonly sha1: string;

  constructor(lua: string) {
    this.lua = lua;
    this.sha1 = createHash("sha1").update(lua).digest("hex");
  }
}

/**
 * What a stream's key holds is `epoch|node#boot`; whatever else stands there counts as epoch 0 of nobody.
 *
 * GETEX, which counts as a write, reads what the engine is not to track: behind each GET inside of a script, Redis notes
 * all keys of the script for its caller, so that a script with many streams takes time by their square.
 */
const readKey = `
local function get(key) return redis.call('GETEX', key) end
local function read(key)
  local held = get(key)
  if not held then return nil, 0, '' end
  local bar = string.find(held, '|', 1, true)
  if not bar then return held, 0, '' end
  return held, tonumber(string.sub(held, 1, bar - 1)) or 0, string.sub(held, bar + 1)
end
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function text(epoch) return string.format('%.0f', epoch) end
local function tell(mailbox, key) redis.call('SET', mailbox, key, 'PX', 60000) end
`;

/**
 * Claims a stream. The epoch is higher than the one that the key has, and not below the engine's time nor the highest one
 * that was released, so that it grows over a flush and over a failover to a machine with a slower clock.
 *
 * KEYS: the stream's, the floor of epochs. ARGV: `node#boot`, `first` or `takeover`, ms that the key lives, prefix of the
 * nodes' keys, prefix of their mailboxes, epoch that the claimant knows. Answers `{1, epoch}`, or
 * `{0, key's value, owner's lease}`. Whoever loses the stream finds word of it in its mailbox.
 */
export const claimScript = new EngineScript(`${readKey}
local held, epoch, owner = read(KEYS[1])
if held and owner ~= ARGV[1] and ARGV[2] == 'first' then
  local lease = get(ARGV[4] .. owner)
  if lease then return {0, held, lease} end
end
local floor = tonumber(get(KEYS[2]) or '0') or 0
epoch = math.max(epoch + 1, nowMs(), floor, tonumber(ARGV[6]) + 1)
redis.call('SET', KEYS[1], text(epoch) .. '|' .. ARGV[1], 'PX', ARGV[3])
if owner ~= '' and owner ~= ARGV[1] then tell(ARGV[5] .. owner, KEYS[1]) end
return {1, text(epoch)}
`);

/**
 * Keeps streams, or takes them again after the engine has lost them: the highest epoch of a node that lives wins. One that
 * is further ahead of the engine's clock than clocks differ is not believed.
 *
 * KEYS: the streams'. ARGV: `node#boot`, ms that keys live, prefix of the nodes' keys, prefix of their mailboxes, ms that
 * clocks may be ahead, then an epoch for each stream. Answers for each as {@link claimScript} does.
 */
export const holdScript = new EngineScript(`${readKey}
local answers = {}
local most = nowMs() + tonumber(ARGV[5])
for i, key in ipairs(KEYS) do
  local held, epoch, owner = read(key)
  local own = math.min(tonumber(ARGV[5 + i]), most)
  local lease = false
  if owner ~= ARGV[1] and (epoch > own or (epoch == own and owner > ARGV[1])) then
    lease = get(ARGV[3] .. owner)
  end
  if lease then
    answers[i] = {0, held, lease}
  elseif owner == ARGV[1] and epoch == own then
    redis.call('PEXPIRE', key, ARGV[2])
    answers[i] = {1, text(epoch)}
  else
    if epoch >= own then
      if owner == ARGV[1] then own = epoch else own = epoch + 1 end
    end
    redis.call('SET', key, text(own) .. '|' .. ARGV[1], 'PX', ARGV[2])
    if owner ~= '' and owner ~= ARGV[1] then tell(ARGV[4] .. owner, key) end
    answers[i] = {1, text(own)}
  end
end
return answers
`);

/**
 * Gives streams up; those that others have taken stay as they are. Word stays for a while that they are nobody's: after an
 * outage or a flush, those who still know the owner do not take it for gone where they find nothing.
 *
 * KEYS: the floor of epochs, then the streams'. ARGV: `node#boot`. Answers how many were given up.
 */
export const releaseScript = new EngineScript(`${readKey}
local count = 0
local floor = tonumber(get(KEYS[1]) or '0') or 0
local highest = floor
for i = 2, #KEYS do
  local held, epoch, owner = read(KEYS[i])
  if held and owner == ARGV[1] then
    highest = math.max(highest, epoch + 1)
    count = count + 1
  end
  if not held or owner == ARGV[1] then redis.call('SET', KEYS[i], '0|', 'PX', 60000) end
end
if highest > floor then redis.call('SET', KEYS[1], text(highest)) end
return count
`);

/**
 * Renews the lease of a node as SET does, puts it on the list of nodes, and takes those off it that have not been there for
 * long. Of two starts at one address the earlier one is over: its lease ends when the later one enrols for the first time.
 *
 * KEYS: the lease, the list, the start that was at the node's address last. ARGV: `node#boot`, what the lease tells, ms that
 * it lives, ms after which nodes are taken off the list, whether this is the first time (1), prefixes of the nodes' keys and
 * of their bells. Answers whether the lease was there, 1 or 0, and how many nodes are on the list.
 */
export const enrolScript = new EngineScript(`${readKey}
-- What is read is written afterwards, by which it is no longer tracked.
local count = redis.call('ZCARD', KEYS[2])
local before = get(KEYS[1])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
local now = nowMs()
count = count + redis.call('ZADD', KEYS[2], now, ARGV[1])
count = count - redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[4]))
local last = get(KEYS[3])
if last and last ~= ARGV[1] and ARGV[5] == '1' then
  redis.call('DEL', ARGV[6] .. last)
  redis.call('SET', ARGV[7] .. last, '1', 'PX', 60000)
  last = false
end
if not last or last == ARGV[1] then redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[4]) end
return {before and 1 or 0, count}
`);
