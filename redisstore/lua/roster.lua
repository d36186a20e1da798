-- What hold.lua, release.lua, members.lua and attributes.lua begin with; it is put before each of them, with outbox.lua and
-- roster_changes.lua after it.
--
-- KEYS  1 members   2 leases   3 holds   4 version   5 the log   6 its amendments
-- ARGV  1 PUBLISH or SPUBLISH   2 the room's channel
--       3 how long the log is kept after the room closed, ms: 0 not at all, -1 as if it had not closed
--       4 the log's time to live, ms   5 what outbox.lua calls hooked
-- KEYS  7 the room's rules
-- Reply {version, ms until the next lease runs out, records}: 0 and 0 when nobody is there. The records are of those
-- with attributes whom this script took out. A fifth part is '1' when hooks are to be told.
local members, leases, holds, version, log, amendments = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local publish, channel, keep, history = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local function int(n) -- Lua would write large numbers with an exponent
  return string.format('%.0f', n)
end

local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now = math.floor(micros / 1000)

local stored = redis.call('GET', version)
local v = stored and tonumber(stored) or micros
local opening = not stored
local changed = false
local removed = {}
local hooked, rules_key, at = ARGV[5], KEYS[7], int(now)
