-- Puts or drops a file's record, if it is the one that was read.
--
-- KEYS  1 the room's records: id → "REVISION TIME COST JSON", and in the field "#bytes" the sum of the costs
--       2 the partition's rooms with files: room → when it is to be looked at, ms
-- ARGV  1 the id        2 the revision that was read, 0 for a new one   3 the JSON; '' to drop it
--       4 its cost      5 what the room's costs may come to             6 the room
--       7 in what time the room is to be looked at, ms, or before
-- Reply {status, the new revision, the time, ms, the room's costs}. The statuses are those of files.go.
local DONE, CHANGED, FULL = 0, 1, 2
local files, rooms, id, room = KEYS[1], KEYS[2], ARGV[1], ARGV[6]
local cost, total = tonumber(ARGV[4]), tonumber(ARGV[5])

local function int(n) -- Lua would write large numbers with an exponent
  return string.format('%.0f', n)
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local revision, was = 0, 0
local stored = redis.call('HGET', files, id)
if stored then
  local r, c = string.match(stored, '^(%d+) %d+ (%d+) ')
  if not r then
    return redis.error_reply('CORRUPT ' .. files)
  end
  revision, was = tonumber(r), tonumber(c)
end
if revision ~= tonumber(ARGV[2]) then
  return {CHANGED, int(revision), int(now), '0'}
end

local used = tonumber(redis.call('HGET', files, '#bytes') or '0')
if ARGV[3] == '' then
  redis.call('HDEL', files, id)
  cost = 0
else
  if cost > was and used + cost - was > total then
    return {FULL, int(revision), int(now), int(used)}
  end
  revision = revision + 1
  redis.call('HSET', files, id, int(revision) .. ' ' .. int(now) .. ' ' .. int(cost) .. ' ' .. ARGV[3])
end
used = math.max(0, used + cost - was)
redis.call('HSET', files, '#bytes', int(used))

if redis.call('HLEN', files) == 1 then -- nothing but the sum
  redis.call('DEL', files)
  redis.call('ZREM', rooms, room)
else
  local look = now + tonumber(ARGV[7])
  local at = redis.call('ZSCORE', rooms, room)
  if not at or tonumber(at) > look then
    redis.call('ZADD', rooms, int(look), room)
  end
end
return {DONE, int(revision), int(now), int(used)}
