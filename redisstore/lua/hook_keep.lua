-- Keeps a room's hook, or lets it go.
--
-- KEYS  1 what is kept of the room's hooks   2 its rules   3 the partition's hooks that have something to send
-- ARGV  1 the hook   2 its config, '' to let it go   3 the letters of its events   4 how many a room may have
--       5 "ROOM HOOK"   6 '1' when it has to be there already, else '0'   7 the config that it has to have now, '' for any
-- Reply {status}: 0 kept, 1 nobody owns the room, 2 there are too many, 3 there is no such hook, 4 it has another config
local state, rules, due, id, config, most = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2], tonumber(ARGV[4])
if redis.call('HEXISTS', rules, 'version') == 0 or redis.call('HEXISTS', rules, 'closed') == 1 then
  return {1}
end
local others, count, had = '', 0, false
for known, events in string.gmatch(redis.call('HGET', rules, 'hooks') or '', '([^%s:]+):(%a*)') do
  if known == id then
    had = true
  else
    others = others .. known .. ':' .. events .. ' '
    count = count + 1
  end
end
if not had and (config == '' or ARGV[6] == '1') then
  return {3}
end
if ARGV[7] ~= '' and redis.call('HGET', state, 'h:' .. id) ~= ARGV[7] then
  return {4}
end
if config == '' then
  redis.call('HDEL', state, 'h:' .. id, 'f:' .. id, 'w:' .. id, 'lost:' .. id)
  if others == '' then
    redis.call('HDEL', rules, 'hooks')
  else
    redis.call('HSET', rules, 'hooks', others)
  end
  local time = redis.call('TIME')
  redis.call('ZADD', due, string.format('%.0f', tonumber(time[1]) * 1000), ARGV[5]) -- what waits for it is let go
  return {0}
end
if count >= most then
  return {2}
end
redis.call('HSET', rules, 'hooks', others .. id .. ':' .. ARGV[3])
redis.call('HSET', state, 'h:' .. id, config)
-- What failed was what it was before: it is tried again at once, unless somebody has claimed it just now. Nobody has where
-- it still waits for what hook_later.lua has said, or (that of older versions has not noted it) for long.
local waits = redis.call('HGET', state, 'w:' .. id)
redis.call('HDEL', state, 'f:' .. id, 'w:' .. id)
local time = redis.call('TIME')
local now, at = tonumber(time[1]) * 1000, redis.call('ZSCORE', due, ARGV[5])
if at and (tonumber(at) > now + 60000 or waits and tonumber(waits) == tonumber(at)) then
  redis.call('ZADD', due, string.format('%.0f', now), ARGV[5])
end
redis.call('PEXPIRE', state, 34560000000)
return {0}
