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

/** What a stream's key holds is `epoch|node#boot`; whatever else stands there counts as epoch 0 of nobody. */
const readKey = `
local function read(key)
  local held = redis.call('GET', key)
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
  local lease = redis.call('GET', ARGV[4] .. owner)
  if lease then return {0, held, lease} end
end
local floor = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
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
    lease = redis.call('GET', ARGV[3] .. owner)
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
 * Gives streams up; those that others have taken stay as they are.
 *
 * KEYS: the floor of epochs, then the streams'. ARGV: `node#boot`. Answers how many were given up.
 */
export const releaseScript = new EngineScript(`${readKey}
local count = 0
local floor = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
local highest = floor
for i = 2, #KEYS do
  local held, epoch, owner = read(KEYS[i])
  if held and owner == ARGV[1] then
    redis.call('DEL', KEYS[i])
    highest = math.max(highest, epoch + 1)
    count = count + 1
  end
end
if highest > floor then redis.call('SET', KEYS[1], text(highest)) end
return count
`);

/**
 * Puts a node on the list of nodes, and takes those off it that have not been there for long.
 *
 * KEYS: the list. ARGV: `node#boot`, ms after which nodes are taken off. Answers how many are on it.
 */
export const enrolScript = new EngineScript(`${readKey}
local now = nowMs()
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
return redis.call('ZCARD', KEYS[1])
`);
