-- Appends one entry to a room's log, or finds the one that was posted under the same key.
--
-- KEYS  1 the log
--       2 the idempotency key; absent when the post has none
-- ARGV  1 PUBLISH or SPUBLISH     2 the room's channel
--       3 the new entry's tag     4 its body
--       5 entries to keep         6 the log's time to live, ms
--       7 the idempotency key's time to live, ms
--       8 '1' when replicas are waited for afterwards, else '0'
-- Reply {element, 1 when it is a repeat, else 0}
local log, key = KEYS[1], KEYS[2]

if key then
  -- The whole entry is kept there, since the log may have been trimmed past it by now.
  local first = redis.call('GET', key)
  if first then
    if ARGV[8] == '1' then
      -- WAIT waits for what its own connection has written: write, so that it waits for the first entry too.
      redis.call('SET', key, first, 'KEEPTTL')
    end
    return {first, 1}
  end
end

local seq, prev = 1, '00000000'
local last = redis.call('LINDEX', log, -1)
if last then
  local s, t = string.match(last, '^(%d+)%-(%x%x%x%x%x%x%x%x) ')
  if not s then
    return redis.error_reply('CORRUPT ' .. log)
  end
  seq, prev = tonumber(s) + 1, t
end

local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)

-- '%.0f', as Lua would write large numbers with an exponent.
local element = string.format('%.0f', seq) .. '-' .. ARGV[3] .. ' ' .. prev .. ' '
  .. string.format('%.0f', now) .. ' ' .. ARGV[4]

redis.call('RPUSH', log, element)
redis.call('LTRIM', log, '-' .. ARGV[5], '-1')
redis.call('PEXPIRE', log, ARGV[6])
if key then
  redis.call('SET', key, element, 'PX', ARGV[7])
end
redis.call(ARGV[1], ARGV[2], 'A' .. element)
return {element, 0}
