-- Takes tokens out of a bucket.
--
-- KEYS  1 the bucket: "LEVEL AT AHEAD UNTIL", times in ms of Redis's clock
-- ARGV  1 how many it holds   2 how many come back in a millisecond
--       3 how many are needed 4 how many are taken at most
--       5 for how long those beyond what is needed are used, ms
--       6 how many were granted ahead before   7 how many of them come back unused
-- Reply {granted, ms to wait}
local key, burst, rate = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local need, most, keep, settled, unused = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

-- Ahead is what nodes hold and may yet use: while they do, it does not come back into the bucket a second time.
local level, ahead, till = burst, 0, 0
local stored = redis.call('GET', key)
if stored then
  local l, a, h, u = string.match(stored, '^(%S+) (%S+) (%S+) (%S+)$')
  if not l then
    return redis.error_reply('CORRUPT ' .. key)
  end
  level, ahead, till = tonumber(l), tonumber(h), tonumber(u)
  if now > till then
    ahead = 0
  end
  level = math.min(burst - ahead, level + math.max(0, now - tonumber(a)) * rate)
  ahead = math.max(0, ahead - settled)
  level = math.min(burst - ahead, level + unused)
end

local granted, wait = 0, 0
if level >= need then
  granted = math.min(most, math.floor(level))
  level = level - granted
  if granted > need then
    ahead = ahead + granted - need
    till = math.max(till, now + keep)
  end
else
  wait = math.ceil((need - level) / rate)
end

-- Once full it need not be kept. The embedded server's keys live up to a second too short.
local life = math.max((burst - level) / rate, till - now)
redis.call('SET', key, string.format('%.6f %.3f %d %.3f', level, now, ahead, till), 'PX', string.format('%.0f', math.ceil(life) + 2000))
return {granted, wait}
