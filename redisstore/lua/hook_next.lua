-- What one of a room's hooks is to be sent next.
--
-- KEYS  1 what is kept of the room's hooks   2 its outbox   3 the partition's hooks that have something to send
-- ARGV  1 "ROOM HOOK"   2 the claim   3 the hook   4 how many at most
-- Reply {status, config, failure, lost, {id, type, ref, time, content, id, …}}. The status is 0 when the claim is not good
-- any more, 1 when there is something to send, 2 when there is nothing, and then the hook is not claimed any more, 3 when
-- a part of the outbox has been looked through and there was nothing in it.
local state, outbox, due = KEYS[1], KEYS[2], KEYS[3]
local unit, claim, hook, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local score = redis.call('ZSCORE', due, unit)
if not score or tonumber(score) ~= tonumber(claim) then
  return {0, '', '', '0', {}}
end
local config = redis.call('HGET', state, 'h:' .. hook) or ''
local failure = redis.call('HGET', state, 'f:' .. hook) or ''
local lost = redis.call('HGET', state, 'lost:' .. hook) or '0'
local cursor = redis.call('HGET', state, 'c:' .. hook)

local found, looked, status = {}, 0, 2
local batch = redis.call('XRANGE', outbox, cursor and '(' .. cursor or '-', '+', 'COUNT', 500)
for _, entry in ipairs(batch) do
  local of = {}
  for i = 1, #entry[2], 2 do
    of[entry[2][i]] = entry[2][i + 1]
  end
  if string.find(' ' .. of.hooks .. ' ', ' ' .. hook .. ' ', 1, true) then
    local n = #found
    found[n + 1], found[n + 2], found[n + 3], found[n + 4] = entry[1], of.type, of.ref, of.at
    found[n + 5] = redis.call('HGET', state, 'e:' .. of.ref) or ''
    if #found >= most * 5 then
      break
    end
  elseif #found == 0 then -- others'
    looked = looked + 1
    redis.call('HSET', state, 'c:' .. hook, entry[1])
  end
end
if #found > 0 then
  status = 1
elseif #batch == 500 then
  status = 3
else
  redis.call('ZREM', due, unit)
  if config == '' and string.sub(hook, 1, 3) == 'wh-' then -- the room's hook is gone for good
    redis.call('HDEL', state, 'c:' .. hook)
  end
end
return {status, config, failure, lost, found}
