-- Uses a record once, for a session that grant.lua, which is put after it, then lets into the room. One that was let in
-- before uses nothing up.
--
-- KEYS  as grant.lua's; 3 the records
-- ARGV  as grant.lua's; 4 the record's id   5 its hash
-- Reply as grant.lua's; {} also when there is no such record (any more).
local records, id = KEYS[3], ARGV[4]
local record = redis.call('HGET', records, id)
if not record or redis.call('EXISTS', KEYS[2]) == 0 then
  return {}
end
local hash, expires, uses, used, data = string.match(record, '^(%S+) (%d+) (%d+) (%d+) (.*)$')
if not hash then
  return redis.error_reply('CORRUPT ' .. records)
end
local clock = redis.call('TIME')
if hash ~= ARGV[5] or tonumber(expires) <= tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000) then
  return {}
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  return {ARGV[1]}
end
if uses ~= '0' and tonumber(used) >= tonumber(uses) then
  return {}
end
redis.call('HSET', records, id, hash .. ' ' .. expires .. ' ' .. uses .. ' ' .. (tonumber(used) + 1) .. ' ' .. data)

